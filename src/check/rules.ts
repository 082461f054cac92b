/**
 * All rules about a home but for the content of its layers.
 *
 * @module
 */

import { type MountRecord, mountsElsewhere } from "../linux/mountinfo.ts";
import { MERGED } from "../store/layout.ts";
import type { Expected, HomeFacts } from "./facts.ts";
import type { Fault } from "./fault.ts";
import { homeFaults } from "./rules/home.ts";
import { linkFaults } from "./rules/links.ts";
import { lowerFaults } from "./rules/lowers.ts";
import { modeFaults } from "./rules/modes.ts";
import { mountFaults } from "./rules/mounts.ts";
import { recordFaults } from "./rules/record.ts";
import { View } from "./view.ts";

/**
 * Judges a home.
 *
 * @param facts What was read.
 * @param home Absolute path of the home.
 * @param expected Who files should belong to.
 */
export function judge(
  facts: HomeFacts,
  home: string,
  expected: Expected,
): { view: View; faults: Fault[] } {
  const view = new View(facts);
  const elsewhere = mountedElsewhere(home);
  const lowers = [...lowerFaults(view)];
  const wrong = new Set(
    lowers.flatMap(({ name, id }) => FALSE_LISTS.has(name) && id || []),
  );
  const faults = [
    ...homeFaults(view),
    ...linkFaults(view),
    ...lowers,
    ...recordFaults(view, { expected, elsewhere, wrong }),
    ...modeFaults(view, expected),
    ...mountFaults(view, elsewhere),
  ];
  // Nothing is mended by what may only look wrong because other things are hidden.
  const mendable = facts.unreadable.size === 0;
  return {
    view,
    faults: mendable
      ? faults
      : faults.map((fault) => ({ ...fault, repair: undefined })),
  };
}

/** Faults of lists that name what the layer does not stand on. */
const FALSE_LISTS: ReadonlySet<string> = new Set([
  "lower-cycle",
  "lower-differs",
  "lower-duplicate",
  "lower-malformed",
]);

/** Looks at other mount namespaces once somebody asks. */
function mountedElsewhere(home: string): (id: string) => boolean {
  let mounts: MountRecord[] | undefined;
  const name = home.slice(home.lastIndexOf("/") + 1);
  return (id) => {
    mounts ??= mountsElsewhere();
    const end = `/${name}/${id}/${MERGED}`;
    return mounts.some(({ mountpoint }) => mountpoint.endsWith(end));
  };
}
