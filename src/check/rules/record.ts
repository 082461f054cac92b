/**
 * The rest of a layer's directory: its content, work directory, marker, and what
 * does not belong there.
 *
 * @module
 */

import {
  COMMITTED,
  DIFF,
  EXACT,
  LINK,
  LOWER,
  MANIFEST,
  MERGED,
  quote,
  TEMPORARY,
  WORK,
} from "../../store/layout.ts";
import type { DirFacts, Expected } from "../facts.ts";
import type { Fault, Repair } from "../fault.ts";
import { shortNameOf, type View } from "../view.ts";

/** Names in a layer that somebody knows. */
const KNOWN: ReadonlySet<string> = new Set([
  COMMITTED,
  DIFF,
  LINK,
  LOWER,
  MERGED,
  WORK,
  MANIFEST,
  EXACT,
]);
const ADVICE = "remove it and what stands on it, and pull or build them again";

/** What the rules of this file need to know besides the home. */
export interface Surroundings {
  /** What a home is measured by. */
  readonly expected: Expected;
  /** Tells whether a layer is mounted in another mount namespace. */
  readonly elsewhere: (id: string) => boolean;
  /** Layers whose lists name what they do not stand on. */
  readonly wrong: ReadonlySet<string>;
}

/** Faults of what lies in the layers' directories. */
export function* recordFaults(
  view: View,
  { expected, elsewhere, wrong }: Surroundings,
): Generator<Fault> {
  for (const layer of view.layers.values()) {
    if (layer.names === undefined) yield unreadable(layer);
    else {
      yield* diffFaults(layer);
      yield* workFaults(layer, expected);
      if (layer.incompat.length > 0 && !isMounted(view, layer, elsewhere)) {
        yield* incompatFaults(layer);
      }
      yield* committedFaults(view, layer, wrong);
      yield* strayFaults(layer);
    }
  }
}

function unreadable({ name: id }: DirFacts): Fault {
  return {
    name: "layer-unreadable",
    severity: "error",
    id,
    path: id,
    message: `The directory of layer ${quote(id)} cannot be read: its file ` +
      "system may be damaged",
  };
}

function* diffFaults({ name: id, diff }: DirFacts): Generator<Fault> {
  if (diff?.type === "dir") return;
  const state = diff === undefined
    ? "is missing"
    : `is a ${diff.type} instead of a directory`;
  yield {
    name: diff === undefined ? "diff-missing" : "diff-type",
    severity: "error",
    id,
    path: `${id}/${DIFF}`,
    message: `The content of layer ${
      quote(id)
    }, "${DIFF}", ${state}; ${ADVICE}`,
  };
}

function* workFaults(
  layer: DirFacts,
  { root }: Expected,
): Generator<Fault> {
  const { name: id, work, lower, diff, committed } = layer;
  const path = `${id}/${WORK}`;
  const severity = committed === undefined ? "error" : "warning";
  const affected = committed === undefined
    ? "so it cannot be mounted"
    : "which it would need to be mounted for writing";
  const owner = root ?? diff ?? { uid: 0, gid: 0 };
  const making: Repair = {
    says: `make "${WORK}" again`,
    action: { do: "work", id, owner: { uid: owner.uid, gid: owner.gid } },
  };
  if (work === undefined && lower !== undefined) {
    yield {
      name: "work-missing",
      severity,
      id,
      path,
      message: `Layer ${quote(id)} has no directory "${WORK}", ${affected}`,
      repair: making,
    };
  } else if (work !== undefined && work.type !== "dir") {
    yield {
      name: "work-type",
      severity,
      id,
      path,
      message: `Layer ${quote(id)} has a ${work.type} instead of the ` +
        `directory "${WORK}", ${affected}`,
      repair: clearing(id, WORK, work),
    };
  }
}

/** Takes away what holds nothing, so that the right thing can be made there. */
function clearing(
  id: string,
  name: string,
  status: NonNullable<DirFacts["work"]>,
): Repair | undefined {
  const holds = status.type === "dir" ||
    (status.type === "file" && status.size > 0);
  if (holds) return undefined;
  return {
    says: `remove the ${status.type}`,
    action: { do: "drop", id, name },
  };
}

function isMounted(
  view: View,
  { name, merged }: DirFacts,
  elsewhere: (id: string) => boolean,
): boolean {
  return merged?.mountRoot === true || elsewhere(name) ||
    view.facts.mounts.some(({ mountpoint }) =>
      mountpoint === `${name}/${MERGED}`
    );
}

/** Where the kernel says that a mount was not put in order. */
const VOLATILE = "volatile";

function* incompatFaults(layer: DirFacts): Generator<Fault> {
  const { name: id, incompat } = layer;
  for (const feature of incompat) {
    const isVolatile = feature === VOLATILE;
    yield {
      name: isVolatile ? "work-volatile" : "work-incompat",
      severity: "error",
      id,
      path: `${id}/${WORK}/work/incompat/${feature}`,
      message: isVolatile
        ? `Layer ${quote(id)} was mounted volatile and not unmounted before ` +
          "the machine stopped: what was written last may be incomplete, and " +
          "the kernel refuses to mount it again"
        : `Layer ${quote(id)} was mounted with ${quote(feature)}, which ` +
          "other kernels must not ignore: it may not be mountable here",
      repair: isVolatile
        ? {
          says: "write out its files and remove the mark; look through what " +
            "was written last",
          action: { do: "settle", id },
        }
        : undefined,
      unlessBusy: id,
    };
  }
}

function* committedFaults(
  view: View,
  layer: DirFacts,
  wrong: ReadonlySet<string>,
): Generator<Fault> {
  const { name: id, committed } = layer;
  const path = `${id}/${COMMITTED}`;
  const writing: Repair = {
    says: `write "${COMMITTED}"`,
    action: {
      do: "write",
      id,
      file: COMMITTED,
      text: "",
      mode: 0o600,
      instead: committed,
    },
  };
  if (committed === undefined) {
    const child = childOf(view, layer, wrong);
    if (child === undefined) return;
    yield {
      name: "committed-missing",
      severity: "warning",
      id,
      path,
      message: `Layer ${quote(id)} has no file "${COMMITTED}", although ` +
        `layer ${quote(child)} stands on it: it would be mounted for ` +
        "writing, and what changes in it changes the others",
      repair: writing,
    };
  } else if (committed.type !== "file" || committed.size > 0) {
    const wrongType = committed.type !== "file";
    yield {
      name: wrongType ? "committed-type" : "committed-content",
      severity: wrongType ? "warning" : "note",
      id,
      path,
      message: wrongType
        ? `Layer ${quote(id)} has a ${committed.type} instead of the empty ` +
          `file "${COMMITTED}"`
        : `The file "${COMMITTED}" of layer ${quote(id)} is not empty; ` +
          "nobody reads it",
      repair: committed.type === "dir" ? undefined : writing,
    };
  }
}

/** A layer that lists this one, by any of its names. */
function childOf(
  view: View,
  layer: DirFacts,
  wrong: ReadonlySet<string>,
): string | undefined {
  const own = shortNameOf(layer);
  const shorts = view.linksTo.get(layer.name) ?? [];
  for (const short of own === undefined ? shorts : [own, ...shorts]) {
    if (view.ownerOf(short) !== layer.name) continue;
    const child = view.listers.get(short)?.find((id) =>
      id !== layer.name && !wrong.has(id)
    );
    if (child !== undefined) return child;
  }
  return undefined;
}

function* strayFaults({ name: id, names }: DirFacts): Generator<Fault> {
  for (const name of names!) {
    if (KNOWN.has(name)) continue;
    const path = `${id}/${name}`;
    yield name.startsWith(TEMPORARY)
      ? {
        name: "layer-stray",
        severity: "warning",
        id,
        path,
        message: `${quote(path)} is what an interrupted write left behind; ` +
          "it takes up room for nothing",
        repair: {
          says: "delete it",
          action: { do: "delete-stray", id, name },
        },
        unlessBusy: id,
      }
      : {
        name: "layer-foreign",
        severity: "note",
        id,
        path,
        message: `${quote(path)} is nothing that a layer has; it is left alone`,
      };
  }
}
