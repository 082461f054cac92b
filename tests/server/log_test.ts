/**
 * What a server says of itself.
 *
 * @module
 */

import { Log, type LogFormat } from "../../src/server/log.ts";
import { Metrics } from "../../src/server/metrics.ts";
import { errorAnswer, watched } from "../../src/server/watch.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { turn } from "../fixtures.ts";

function logTo(
  lines: string[],
  format: LogFormat,
  quiet = false,
): Log {
  return new Log({ format, quiet, write: (line) => void lines.push(line) });
}

/** The line without its time, which must be one. */
function untimed(line: string): string {
  const [time = ""] = line.split(" ");
  assertEquals(new Date(time).toISOString(), time);
  return line.slice(time.length + 1);
}

Deno.test("Log writes an event on one line, whatever its facts hold", () => {
  const lines: string[] = [];

  logTo(lines, "text").add("error", "GraphDriver.Get", {
    id: "a\nb\x1b[31m\udc80",
    empty: "",
    none: undefined,
    ms: 1.5,
    error: 'Cannot read "x"',
  });

  assertEquals(lines.map(untimed), [
    "error GraphDriver.Get id=a\\x0ab\\x1b[31m\\x80 " +
    'empty="" ms=1.5 error="Cannot read \\"x\\""\n',
  ]);
});

Deno.test("Log writes JSON that holds every character", () => {
  const lines: string[] = [];
  const id = "a\nb\x1b[31m\u0085";

  logTo(lines, "json").add("info", "GraphDriver.Get", { id, none: undefined });

  assertEquals(lines.length, 1);
  assertEquals(lines[0]!.split("\n").length, 2);
  const { time, ...rest } = JSON.parse(lines[0]!);
  assertEquals(new Date(time).toISOString(), time);
  assertEquals(rest, { level: "info", event: "GraphDriver.Get", id });
});

Deno.test("Log that is quiet writes warnings and errors alone", () => {
  const lines: string[] = [];
  const log = logTo(lines, "text", true);

  log.add("info", "a");
  log.add("warning", "b");
  log.add("error", "c");

  assertEquals(lines.map(untimed), ["warning b\n", "error c\n"]);
});

Deno.test("Metrics counts calls, errors, time, and what is running", () => {
  const metrics = new Metrics();
  for (let i = 0; i < 4; i++) metrics.begin();
  metrics.end("b", 0.5, false);
  metrics.end("a", 0.25, true);
  metrics.end("b", 0.25, false);

  const lines = metrics.text().split("\n");

  assertEquals(lines.filter((line) => !line.startsWith("#")), [
    'overlay2_calls_total{call="a"} 1',
    'overlay2_calls_total{call="b"} 2',
    'overlay2_call_errors_total{call="a"} 1',
    'overlay2_call_errors_total{call="b"} 0',
    'overlay2_call_seconds_total{call="a"} 0.25',
    'overlay2_call_seconds_total{call="b"} 0.75',
    "overlay2_calls_running 1",
    "",
  ]);
  for (const line of lines.filter((line) => line.startsWith("#"))) {
    assert(/^# (HELP|TYPE) overlay2_\w+ .+$/.test(line), line);
  }
});

Deno.test("Metrics answers at /metrics alone", async () => {
  const metrics = new Metrics();

  const found = metrics.answer(new Request("http://x/metrics?a=b"));
  const lost = metrics.answer(new Request("http://x/"));

  assertEquals(found.status, 200);
  assertStringIncludes(found.headers.get("content-type")!, "version=0.0.4");
  assertEquals(await found.text(), metrics.text());
  assertEquals(lost.status, 404);
  await lost.body?.cancel();
});

Deno.test("watched() answers and notes a fault of the program, too", async () => {
  const lines: string[] = [];
  const metrics = new Metrics();
  const answer = watched(
    logTo(lines, "text"),
    metrics,
    () => "X",
    () => Promise.reject(new Error("broken")),
  );

  const response = await answer(new Request("http://x/X"));

  assertEquals(response.status, 500);
  assertEquals(await response.json(), { Err: "internal error: broken" });
  assertStringIncludes(untimed(lines[0]!), 'error="internal error: broken"');
  assertStringIncludes(metrics.text(), 'call_errors_total{call="X"} 1');
});

Deno.test("watched() notes a streamed answer when it ends, with its error", async () => {
  const lines: string[] = [];
  const metrics = new Metrics();
  const { promise: ended, resolve } = Promise.withResolvers<string>();
  const answer = watched(
    logTo(lines, "text"),
    metrics,
    () => "X",
    () => Promise.resolve({ response: new Response("x"), id: "a", ended }),
  );

  await (await answer(new Request("http://x/X"))).text();
  assertEquals(lines, []);
  assertStringIncludes(metrics.text(), "overlay2_calls_running 1");
  resolve("cut short");
  await turn();

  assertStringIncludes(lines[0]!, "error X id=a");
  assertStringIncludes(lines[0]!, 'error="cut short"');
  assertStringIncludes(metrics.text(), "overlay2_calls_running 0");
});

Deno.test("errorAnswer() is what dockerd takes for an error", async () => {
  const { response, error } = errorAnswer("why", 500);

  assertEquals([response.status, error], [500, "why"]);
  assertEquals(await response.json(), { Err: "why" });
});
