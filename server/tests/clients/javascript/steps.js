/** The steps of a session: each is told with what came of it, and a session ends with the count. */

const DEADLINE = 10_000;

export class Steps {
  #client;
  #passed = 0;
  #failed = 0;

  constructor(client) {
    this.#client = client;
    console.log(`-- ${client}`);
  }

  /** A failure is told and ends the step, not the session: the others may tell more. */
  async step(what, run) {
    const begun = performance.now();
    try {
      await Promise.race([run(), late()]);
      this.#passed += 1;
      console.log(`ok     ${what} (${((performance.now() - begun) / 1000).toFixed(1)} s)`);
    } catch (error) {
      this.#failed += 1;
      const told = error instanceof Error ? error.stack.split("\n").slice(0, 6).join("\n") : JSON.stringify(error);
      console.log(`FAILED ${what}: ${told.slice(0, 1500)}`);
    }
  }

  /** Tells the count and ends the program. */
  finish() {
    console.log(`${this.#client}: ${this.#passed} passed, ${this.#failed} failed`);
    process.exit(this.#failed > 0 || this.#passed === 0 ? 1 : 0);
  }
}

/** Some of what a library promises it never keeps. */
async function late() {
  await new Promise((resolve) => setTimeout(resolve, 2 * DEADLINE).unref());
  throw new Error("it takes too long");
}

/** Waits until a condition holds. */
export async function eventually(what, condition) {
  const until = performance.now() + DEADLINE;
  while (!condition()) {
    if (performance.now() > until) {
      throw new Error(`never came: ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
