/**
 * Is a home what it should be?
 *
 * @module
 */

import { DriverError } from "../errors.ts";
import { refuseAborted } from "../giving_up.ts";
import type { Dir } from "../linux/dir.ts";
import { syncFileSystem } from "../linux/file.ts";
import { paced } from "../pace.ts";
import { openHome } from "../store/home.ts";
import { checkId, quote } from "../store/layout.ts";
import { compareNames } from "../text.ts";
import type { CheckOptions, Finding } from "../types.ts";
import type { Expected } from "./facts.ts";
import { type Fault, findingOf, keyOf } from "./fault.ts";
import { look } from "./look.ts";
import { ownerOfHome } from "./owners.ts";
import { Outcome, repairHome } from "./repair.ts";
import { doubtfulLayers } from "./rules/lowers.ts";
import { within } from "./scope.ts";
import { treeFaults } from "./tree.ts";
import type { View } from "./view.ts";

/**
 * Checks a home, and mends it if that is asked for.
 *
 * @param path Absolute path of the home.
 * @param ids Layers to look at; none for the whole home.
 * @param expected What the home is measured by.
 * @param options What else is wanted.
 * @throws {DriverError} `ENOENT` if there is no such home or layer, `ECANCELED`.
 */
export async function checkHome(
  path: string,
  ids: readonly string[] | undefined,
  expected: Expected,
  options: CheckOptions,
): Promise<Finding[]> {
  ids?.forEach(checkId);
  using home = openHome(path);
  ids?.forEach((id) => requireId(home, id));
  const outcome = options.repair
    ? await repairHome(home, expected, ids, options.signal)
    : new Outcome();
  const { view, faults } = await look(home, expected, options.signal);
  const unknown = faults.some(({ name }) => name.startsWith("lower-"))
    ? doubtfulLayers(view)
    : new Set<string>();
  // It brings along what hashes files.
  const deep = options.deep ? await import("./deep.ts") : undefined;
  const job: Job = { home, view, unknown, expected, options, outcome, deep };
  const left = [
    ...within(faults, view, ids),
    ...await layersFaults(job, ids ?? [...view.layers.keys()]),
  ];
  if (outcome.mended.length > 0) await syncFileSystem(home.fd, home.path);
  return [
    ...outcome.allMended(left).map((fault) => findingOf(fault, true)),
    ...left.map((fault) => findingOf(withObstacle(fault, outcome), false)),
  ].sort((a, b) => compareNames(a.path, b.path));
}

interface Job {
  readonly home: Dir;
  readonly view: View;
  /** Layers of which nobody knows what they stand on. */
  readonly unknown: ReadonlySet<string>;
  readonly expected: Expected;
  readonly options: CheckOptions;
  readonly outcome: Outcome;
  /** Compares content, if that is wanted. */
  readonly deep: typeof import("./deep.ts") | undefined;
}

/** Looks through the files of layers, and mends what can be mended there. */
async function layersFaults(
  job: Job,
  ids: readonly string[],
): Promise<Fault[]> {
  const { options, outcome, home } = job;
  const give = () => refuseAborted(options.signal);
  const found = await paced(scan(job, ids), give);
  const mendable = options.repair ? found.filter(({ repair }) => repair) : [];
  for (const fault of mendable) {
    give();
    await outcome.mend(home, fault, fault.repair!.action);
  }
  const again = new Set(mendable.map(({ id }) => id));
  if (again.size === 0) return found;
  const others = found.filter(({ id }) => !again.has(id));
  const changed = ids.filter((id) => again.has(id));
  return [...others, ...await paced(scan(job, changed), give)];
}

function* scan(
  { home, view, unknown, expected, options, deep }: Job,
  ids: readonly string[],
): Generator<void, Fault[]> {
  const namespace = ownerOfHome(view).uid === 0
    ? expected.namespace
    : "user.overlay.";
  const found: Fault[] = [];
  for (const [i, id] of ids.entries()) {
    options.onProgress?.({ layers: i, of: ids.length });
    const known = !unknown.has(id);
    const faults = yield* treeFaults(home, view, id, known, namespace);
    // There may be more of them than a call can have arguments.
    for (const fault of faults) found.push(fault);
    const layer = view.layers.get(id);
    if (deep && layer) {
      const faults = yield* deep.contentFaults(home, layer);
      for (const fault of faults) found.push(fault);
    }
    yield;
  }
  options.onProgress?.({ layers: ids.length, of: ids.length });
  return found;
}

function requireId(home: Dir, id: string): void {
  if (home.tryStat(id) !== undefined) return;
  throw new DriverError(
    "ENOENT",
    `Cannot check layer ${quote(id)}: it does not exist`,
  );
}

/** Tells why a fault is still there that could have been mended. */
function withObstacle(fault: Fault, { obstacles }: Outcome): Fault {
  const obstacle = obstacles.get(keyOf(fault));
  if (obstacle === undefined) return fault;
  const message = `${fault.message} (not repaired: ${obstacle})`;
  return { ...fault, message };
}
