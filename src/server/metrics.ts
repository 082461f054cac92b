/**
 * How many calls a server answered, and how long they took, in Prometheus's text
 * format.
 *
 * @module
 */

const TEXT = "text/plain; version=0.0.4; charset=utf-8";

interface Total {
  calls: number;
  errors: number;
  seconds: number;
}

/** Counts calls. */
export class Metrics {
  readonly #totals = new Map<string, Total>();
  #running = 0;

  /** How many calls are being answered. */
  get running(): number {
    return this.#running;
  }

  /** Notes that a call begins. */
  begin(): void {
    this.#running++;
  }

  /**
   * Notes that a call has been answered.
   *
   * @param call Name of the call.
   * @param seconds How long it took.
   * @param failed Whether the answer is an error.
   */
  end(call: string, seconds: number, failed: boolean): void {
    this.#running--;
    const total = this.#totals.get(call) ?? { calls: 0, errors: 0, seconds: 0 };
    total.calls++;
    total.seconds += seconds;
    if (failed) total.errors++;
    this.#totals.set(call, total);
  }

  /** Answers a request for them, which is one for `/metrics`. */
  answer({ url }: Request): Response {
    const path = url.split("?", 1)[0]!;
    return path.endsWith("/metrics")
      ? new Response(this.text(), { headers: { "content-type": TEXT } })
      : new Response("Not here: see /metrics\n", { status: 404 });
  }

  /** All numbers as text. */
  text(): string {
    const rows = [...this.#totals].sort(([a], [b]) => a < b ? -1 : 1);
    const lines = (name: string, value: (total: Total) => number) =>
      rows.map(([call, total]) => `${name}{call="${call}"} ${value(total)}`);
    return [
      "# HELP overlay2_calls_total Calls that were answered.",
      "# TYPE overlay2_calls_total counter",
      ...lines("overlay2_calls_total", ({ calls }) => calls),
      "# HELP overlay2_call_errors_total Calls that were answered by an error.",
      "# TYPE overlay2_call_errors_total counter",
      ...lines("overlay2_call_errors_total", ({ errors }) => errors),
      "# HELP overlay2_call_seconds_total Time from request to answer.",
      "# TYPE overlay2_call_seconds_total counter",
      ...lines("overlay2_call_seconds_total", ({ seconds }) => seconds),
      "# HELP overlay2_calls_running Calls that are being answered.",
      "# TYPE overlay2_calls_running gauge",
      `overlay2_calls_running ${this.#running}`,
      "",
    ].join("\n");
  }
}
