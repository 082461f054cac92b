/**
 * Mounts below the home, and mountpoints that nothing is mounted on.
 *
 * @module
 */

import { type MountRecord, unescapeField } from "../../linux/mountinfo.ts";
import { DIFF, LINKS, MERGED, quote } from "../../store/layout.ts";
import type { DirFacts } from "../facts.ts";
import type { Fault } from "../fault.ts";
import type { View } from "../view.ts";

/**
 * Faults of mounts.
 *
 * @param view The home.
 * @param elsewhere Tells whether a layer is mounted in another mount namespace.
 */
export function* mountFaults(
  view: View,
  elsewhere: (id: string) => boolean,
): Generator<Fault> {
  const mounted = new Map<string, MountRecord>();
  for (const mount of view.facts.mounts) {
    const fault = placeFault(view, mount.mountpoint);
    if (fault) yield fault;
    const id = layerMountedAt(mount.mountpoint);
    // The table has the newest of several last; deeper ones come first here.
    if (id !== undefined && !fault) mounted.set(id, mount);
  }
  for (const layer of view.layers.values()) {
    const mount = mounted.get(layer.name);
    if (mount) yield* contentFaults(view, layer, mount);
    else yield* leftoverFaults(layer, elsewhere);
  }
}

function layerMountedAt(mountpoint: string): string | undefined {
  const [id, name, ...rest] = mountpoint.split("/");
  return name === MERGED && rest.length === 0 ? id : undefined;
}

/** A mount where no layer is mounted. What lies within a mounted layer is its user's. */
function placeFault(view: View, mountpoint: string): Fault | undefined {
  const [top, second] = mountpoint.split("/");
  if (top === undefined || view.kinds.get(top) === "foreign") return undefined;
  const isLayer = view.layers.has(top);
  if (isLayer && second === MERGED) return undefined;
  if (isLayer || top === LINKS) {
    return {
      name: "mount-foreign",
      severity: "warning",
      ...isLayer && { id: top },
      path: mountpoint,
      message: `Something is mounted at ${quote(mountpoint)}, where layers ` +
        "keep files of their own: it hides them; unmount it if it is yours",
    };
  }
  return {
    name: "mount-stale",
    severity: "warning",
    path: mountpoint,
    message:
      `Something is mounted at ${quote(mountpoint)}, which is no layer ` +
      "any more: it keeps files of others in use",
    repair: { says: "unmount it", action: { do: "detach", path: mountpoint } },
    unlessBusy: top,
  };
}

function* leftoverFaults(
  { name: id, merged, mergedIsEmpty }: DirFacts,
  elsewhere: (id: string) => boolean,
): Generator<Fault> {
  if (merged === undefined || merged.mountRoot === true || elsewhere(id)) {
    return;
  }
  const path = `${id}/${MERGED}`;
  const base = { id, path, unlessBusy: id };
  if (mergedIsEmpty) {
    yield {
      ...base,
      name: "merged-leftover",
      severity: "note",
      message: `Layer ${quote(id)} is not mounted but has its mountpoint, as ` +
        "an interrupted unmount leaves it",
      repair: { says: "remove it", action: { do: "drop", id, name: MERGED } },
    };
  } else if (merged.type === "dir") {
    yield {
      ...base,
      name: "merged-not-empty",
      severity: "warning",
      message: `The mountpoint of layer ${quote(id)} holds files although ` +
        "nothing is mounted there: somebody wrote them past the layer, and a " +
        "mount hides them; look at them and move them away",
    };
  } else {
    const holds = merged.type === "file" && merged.size > 0;
    yield {
      ...base,
      name: "merged-type",
      severity: "error",
      message: `The mountpoint of layer ${quote(id)} is a ${merged.type}, so ` +
        `it cannot be mounted${holds ? "; move it away" : ""}`,
      repair: holds ? undefined : {
        says: `remove the ${merged.type}`,
        action: { do: "drop", id, name: MERGED },
      },
    };
  }
}

/** Whether what is mounted is the layer on what it lists. */
function* contentFaults(
  view: View,
  { name: id }: DirFacts,
  mount: MountRecord,
): Generator<Fault> {
  const wrong = mount.type === "overlay"
    ? wrongDirs(view, id, mount.options)
    : `is a ${mount.type} instead of an overlay`;
  if (wrong === undefined) return;
  yield {
    name: "mount-differs",
    severity: "warning",
    id,
    path: `${id}/${MERGED}`,
    message: `What is mounted at layer ${quote(id)} is not the layer: it ` +
      `${wrong}; unmount it and mount the layer again`,
  };
}

function wrongDirs(
  view: View,
  id: string,
  options: string,
): string | undefined {
  const { upper, lowers } = parseDirs(options);
  const own = view.lists.get(id);
  if (own === undefined) return undefined;
  const shown = lowers.map((dir) => layerOf(view, dir));
  if (upper !== undefined && differs(layerOf(view, upper), id)) {
    return `has the upper directory ${quote(upper)}`;
  }
  const below = own.map((short) => view.ownerOf(short));
  const wanted = upper === undefined ? [id, ...below] : below;
  const same = shown.length === wanted.length &&
    shown.every((each, i) => !differs(each, wanted[i]));
  return same ? undefined : `has other lowers (${shown.length}) than it lists`;
}

/** What cannot be told is taken for right. */
function differs(
  seen: string | undefined,
  wanted: string | undefined,
): boolean {
  return seen !== undefined && wanted !== undefined && seen !== wanted;
}

interface MountDirs {
  readonly upper: string | undefined;
  readonly lowers: readonly string[];
}

/** Reads the directories out of the options of an overlay. */
function parseDirs(options: string): MountDirs {
  let upper: string | undefined;
  const lowers: string[] = [];
  for (const option of options.split(",")) {
    const cut = option.indexOf("=");
    const value = unescapeField(option.slice(cut + 1));
    switch (option.slice(0, cut)) {
      case "upperdir":
        upper = value;
        break;
      case "lowerdir+":
        lowers.push(value);
        break;
      case "lowerdir":
        lowers.push(...value.split(/(?<!\\):/).filter((part) => part !== ""));
    }
  }
  return { upper, lowers };
}

/** Layer that a mounted directory belongs to, by the last two parts of its path. */
function layerOf(view: View, dir: string): string | undefined {
  const [outer, inner] = dir.split("/").slice(-2);
  if (outer === undefined || inner === undefined) return undefined;
  if (inner === DIFF) return outer;
  return outer === LINKS ? view.ownerOf(inner) : undefined;
}
