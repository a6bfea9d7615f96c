import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { App } from "./App.tsx";
import { ErrorBoundary } from "./components/ErrorBoundary.tsx";
import { ExchangeContext } from "./state/exchange.ts";
import { Trader } from "./state/trader.ts";
import { Connection } from "./streams/connection.ts";
import "./styles.css";

function streamAddress(): string {
  const scheme = window.location.protocol === "https:" ? "wss:" : "ws:";
  return `${scheme}//${window.location.host}/stream`;
}

const connection = new Connection({ open: () => new WebSocket(streamAddress()) });
const trader = new Trader();

connection.start();
connection.status.subscribe(() => {
  if (connection.status.get() === "live") {
    trader.refresh();
  }
});
window.addEventListener("online", () => connection.hurry());
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) {
    connection.hurry();
    trader.refresh();
  }
});

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <ErrorBoundary>
        <ExchangeContext value={{ connection, trader }}>
          <App />
        </ExchangeContext>
      </ErrorBoundary>
    </StrictMode>,
  );
}
