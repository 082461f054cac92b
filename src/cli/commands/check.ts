/**
 * `overlay2 check`.
 *
 * @module
 */

import type { Finding, Severity } from "../../types.ts";
import { printableName } from "../../text.ts";
import { defineCommand, LAYER, UsageError } from "../command.ts";
import { Progress } from "../progress.ts";

/** From the most severe on. */
const SEVERITIES: readonly Severity[] = ["error", "warning", "note"];

/** Looks for what is not as it should be, and mends it. */
export const command = defineCommand({
  name: "check",
  summary: "Look for damage in the home, and mend it with --repair",
  description:
    "One line per finding, SEVERITY NAME PATH: MESSAGE, and one on " +
    "what a repair does. Nothing is written without --repair. The exit status " +
    "is 1 if anything is left. dockerd may be running meanwhile, but not during " +
    "a repair.",
  operands: [{
    ...LAYER,
    help: "Layer to look at; the whole home if left out",
    optional: true,
    repeated: true,
  }],
  options: {
    repair: {
      type: "boolean",
      help: "Mend what can be mended without losing data",
    },
    deep: {
      type: "boolean",
      help: "Compare files with what overlay2.manifest=true recorded",
    },
    severity: {
      type: "string",
      value: "LEVEL",
      help: "Leave out what is less severe than error, warning or note",
    },
  },
  examples: [
    { line: "overlay2 check", help: "The whole home" },
    { line: "overlay2 check --repair", help: "And mend it" },
    {
      line: "overlay2 check --severity error",
      help: "Only what breaks layers",
    },
    { line: "overlay2 --home /mnt/lib/docker/overlay2 check", help: "A disk" },
  ],
  async run(context, ids, { repair = false, deep = false, severity }) {
    const least = levelOf(severity);
    const driver = await context.openDriver();
    let done = { layers: 0, of: 0 };
    const count = () => `${done.layers} of ${done.of} layers`;
    const progress = new Progress(context, "check", count);
    const findings = await driver.check(ids.length > 0 ? ids : undefined, {
      repair,
      deep,
      signal: context.signal,
      onProgress: (now) => void (done = now),
    }).finally(() => progress[Symbol.dispose]());
    const shown = findings.filter((finding) =>
      SEVERITIES.indexOf(finding.severity) <= least
    );
    if (context.json) await context.printJson(shown);
    else if (shown.length > 0) await context.printAll(shown.flatMap(linesOf));
    else context.note(`${done.of} layers, nothing found`);
    return shown.every(({ repaired }) => repaired) ? 0 : 1;
  },
});

function levelOf(severity = "note"): number {
  const level = SEVERITIES.findIndex((each) => each === severity);
  if (level >= 0) return level;
  throw new UsageError(
    `Option --severity takes ${SEVERITIES.join(", ")}, not "${
      printableName(severity)
    }"`,
  );
}

function linesOf(finding: Finding): string[] {
  const { severity, name, path, message, repair, repaired } = finding;
  const first = `${severity} ${name} ${printableName(path) || "."}: ${message}`;
  if (repaired) return [first, `  repaired: ${repair ?? WITH_OTHERS}`];
  return repair === undefined ? [first] : [first, `  repair: ${repair}`];
}

const WITH_OTHERS = "it went with what caused it";
