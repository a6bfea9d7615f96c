/** The real exchange as a child process. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const LISTENING = "listening on http://";
const DEADLINE = 30_000;

export class Exchange {
  #binary;
  #dataDir;
  #isOurs;
  #child;
  /** Where it listens, once it does: `127.0.0.1:12345`. */
  address = "127.0.0.1:0";

  /** With a data directory of its own, unless one is given. */
  static async start(binary, dataDir) {
    const directory = dataDir ?? (await mkdtemp(join(tmpdir(), "exchange-e2e-")));
    const exchange = new Exchange(binary, directory, dataDir === undefined);
    await exchange.run();
    return exchange;
  }

  constructor(binary, dataDir, isOurs) {
    this.#binary = binary;
    this.#dataDir = dataDir;
    this.#isOurs = isOurs;
  }

  /** Starts it, the second time at the same address as the first. */
  async run() {
    const args = ["--demo", "--faucet", "--data-dir", this.#dataDir, "--listen", this.address];
    const child = spawn(this.#binary, args, { stdio: ["ignore", "ignore", "pipe"] });
    this.#child = child;
    const said = [];
    const listening = new Promise((resolve, reject) => {
      createInterface({ input: child.stderr }).on("line", (line) => {
        said.push(line);
        const [, address] = line.split(LISTENING);
        if (address) {
          resolve(address.trim());
        }
      });
      child.once("error", reject);
      child.once("exit", () => reject(new Error(`it does not start:\n${said.join("\n")}`)));
      setTimeout(() => reject(new Error("it takes too long to start")), DEADLINE).unref();
    });
    this.address = await listening;
  }

  /** SIGKILL: no handler runs, nothing is flushed. */
  async kill() {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill("SIGKILL");
      await once(this.#child, "exit");
    }
  }

  /** Ends it for good. */
  async dispose() {
    await this.kill();
    if (this.#isOurs) {
      await rm(this.#dataDir, { recursive: true, force: true });
    }
  }
}
