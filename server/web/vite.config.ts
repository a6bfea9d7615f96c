import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/**
 * Where the exchange runs that `npm run dev` shows. The Host stays as the browser sent it: it has
 * to agree with the Origin.
 */
const exchange = { target: "http://127.0.0.1:8080", changeOrigin: false };

export default defineConfig({
  plugins: [react()],
  build: {
    target: "es2022",
    // Files only: the exchange's Content-Security-Policy knows no inline code.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    // What the libraries ask for who passes them on, which every exchange does.
    license: { fileName: "licences.txt" },
    reportCompressedSize: false,
    // Libraries change less often than the page: apart, they stay in caches and out of diffs.
    rolldownOptions: {
      output: { codeSplitting: { groups: [{ name: "libraries", test: /node_modules/ }] } },
    },
  },
  server: {
    proxy: {
      "/api": exchange,
      "/v1": exchange,
      "/stream": { ...exchange, ws: true },
    },
  },
});
