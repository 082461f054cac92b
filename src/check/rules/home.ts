/**
 * The home itself, and what lies in it without being a layer.
 *
 * @module
 */

import type { FileStatus } from "../../linux/stat.ts";
import { LINKS, quote, RECORDS } from "../../store/layout.ts";
import type { Fault } from "../fault.ts";
import { REMOVING, shortNameOf, type View } from "../view.ts";

/** What a home may have that is neither ours nor a layer. */
const KNOWN: Readonly<Record<string, FileStatus["type"]>> = {
  "lost+found": "dir",
  [RECORDS]: "dir",
  "backingFsBlockDev": "block",
};
/** Matches the file that dockerd makes to look at it. */
const DUMMY_REGEXP = /^fsutils-dummy\d*$/;

/** Faults of the home and of what is no layer in it. */
export function* homeFaults(view: View): Generator<Fault> {
  yield* linksFaults(view);
  if (!view.isHome) return;
  for (const path of view.facts.unreadable) yield unreadable(path);
  yield* otherFaults(view);
  for (const [name, kind] of view.kinds) {
    if (kind === "foreign" && KNOWN[name] !== "dir") yield foreign(name);
    else if (kind === "probe") yield probe(view, name);
    else if (kind === "leftover") yield leftover(view, name);
    else if (kind === "half-made") yield halfMade(view, name);
  }
}

function* linksFaults(view: View): Generator<Fault> {
  const { links } = view.facts;
  if (links?.type === "dir") return;
  const missing = links === undefined;
  const state = missing
    ? `has no directory "${LINKS}"`
    : `has a ${links.type} instead of the directory "${LINKS}"`;
  const advice = missing ? "" : "; move it away, and a repair makes it again";
  yield {
    name: missing ? "links-missing" : "links-type",
    severity: "error",
    path: LINKS,
    message: view.isHome
      ? `The home ${state}: no layer that stands on another can be mounted${advice}`
      : `The directory ${state}, and no layers: it is no home of overlay2`,
    repair: missing && view.isHome
      ? {
        says: `make "${LINKS}" and the short links of all layers again`,
        action: { do: "make-links" },
      }
      : undefined,
  };
}

function* otherFaults(view: View): Generator<Fault> {
  for (const [name, { type }] of view.facts.others) {
    if (KNOWN[name] === type) continue;
    if (view.linksTo.has(name)) yield noDirectory(name, type);
    else if (DUMMY_REGEXP.test(name) && type === "file") yield dummy(name);
    else yield foreign(name);
  }
}

function unreadable(path: string): Fault {
  return {
    name: "home-unreadable",
    severity: "error",
    path,
    message: `${quote(path)} cannot be read: the file system may be damaged, ` +
      "and what is said of other things may follow from that",
  };
}

function noDirectory(name: string, type: string): Fault {
  return {
    name: "layer-type",
    severity: "error",
    id: name,
    path: name,
    message:
      `Layer ${quote(name)} is a ${type} instead of a directory, so it ` +
      `cannot be read; put its directory back, or remove it and what stands on it`,
  };
}

function foreign(name: string): Fault {
  return {
    name: "home-foreign",
    severity: "note",
    path: name,
    message: `${quote(name)} is no layer and nothing that a home has; ` +
      "it is left alone",
  };
}

function dummy(name: string): Fault {
  return {
    name: "probe-leftover",
    severity: "note",
    path: name,
    message: `${quote(name)} was made by dockerd to try the file system out, ` +
      "and left behind; it takes a little room",
    repair: { says: "delete it", action: { do: "delete-file", name } },
  };
}

function probe(view: View, name: string): Fault {
  return {
    name: "probe-leftover",
    severity: "note",
    path: name,
    message: `${quote(name)} was made by dockerd to try overlayfs out, and ` +
      "left behind; it takes a little room",
    repair: deletion(view, name, false),
    unlessBusy: name,
  };
}

function leftover(view: View, name: string): Fault {
  const isTrial = name.startsWith(".tmp-probe");
  const needed = neederOf(view, name);
  return {
    name: isTrial ? "probe-leftover" : "layer-leftover",
    severity: isTrial ? "note" : "warning",
    path: name,
    message: needed === undefined
      ? `${quote(name)} is what an interrupted ${
        isTrial ? "trial" : "create or remove"
      } left behind; its files take up room for nothing`
      : `${quote(name)} is half deleted, but layer ${
        quote(needed)
      } stands on it, or may do so; its files are kept`,
    repair: needed === undefined ? deletion(view, name, false) : undefined,
    unlessBusy: name,
  };
}

/** A layer that needs the files of a half-removed one, or may need them. */
function neederOf(view: View, name: string): string | undefined {
  const dir = view.facts.dirs.get(name)!;
  const wasLayer = name.endsWith(REMOVING);
  const unclear = wasLayer && dir.committed && unclearLayer(view);
  if (unclear) return unclear;
  const own = shortNameOf(dir);
  const shorts = own === undefined ? [] : [own];
  if (wasLayer) {
    shorts.push(...view.linksTo.get(name.slice(0, -REMOVING.length)) ?? []);
  }
  // A name that leads to a layer is that one's now.
  return shorts.filter((short) => view.ownerOf(short) === undefined)
    .flatMap((short) => view.listers.get(short) ?? [])[0];
}

/** A layer that does not say what it stands on. */
function unclearLayer(view: View): string | undefined {
  for (const [id, { lower, work }] of view.layers) {
    if (
      lower === undefined ? work !== undefined : !view.lists.get(id)?.length
    ) {
      return id;
    }
  }
  return undefined;
}

function halfMade(view: View, name: string): Fault {
  const kept = (view.facts.dirs.get(name)!.names ?? []).find((each) =>
    !/^(?:committed|diff|link|lower|merged|work|\.tmp-.*)$/.test(each)
  );
  return {
    name: "layer-half-made",
    severity: "warning",
    id: name,
    path: name,
    message: `Layer ${quote(name)} was begun and never finished, or is half ` +
      "removed: it has no files, and nothing leads to it",
    repair: kept === undefined ? deletion(view, name, true) : undefined,
    unlessBusy: name,
  };
}

function deletion(
  view: View,
  name: string,
  emptyOnly: boolean,
): NonNullable<Fault["repair"]> {
  const { self } = view.facts.dirs.get(name)!;
  return {
    says: "delete it",
    action: { do: "delete-dir", name, self, emptyOnly },
  };
}
