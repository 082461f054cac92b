/**
 * Ends a run that hangs, which the run itself cannot.
 *
 * @module
 */

/** Longest time between two cases, in milliseconds. */
const PATIENCE = 120_000;
const INTERVAL = 1000;

/** What a worker runs: it ends the process when the counter stands still. */
const SOURCE = `
onmessage = ({ data: { memory, patience, interval, command } }) => {
  const cells = new Int32Array(memory);
  let last = -1;
  let since = performance.now();
  setInterval(() => {
    if (cells[0] !== last) {
      last = cells[0];
      since = performance.now();
    } else if (performance.now() - since > patience) {
      console.error("It hangs: " + command + " --case " + last);
      Deno.kill(Deno.pid, "SIGKILL");
    }
  }, interval);
};
`;

/** Watches over a run from another thread. */
export class Watchdog implements Disposable {
  readonly #cells = new Int32Array(new SharedArrayBuffer(4));
  readonly #worker: Worker;

  /**
   * Begins to watch.
   *
   * @param command How to repeat the run, for the message.
   */
  constructor(command: string) {
    const url = `data:text/javascript,${encodeURIComponent(SOURCE)}`;
    this.#worker = new Worker(url, { type: "module" });
    this.#worker.postMessage({
      memory: this.#cells.buffer,
      patience: PATIENCE,
      interval: INTERVAL,
      command,
    });
  }

  /** Says that a case begins. */
  begin(number: number): void {
    this.#cells[0] = number;
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}
