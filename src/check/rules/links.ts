/**
 * Short links, both ways: the file `link` of a layer and the entries of `l`.
 *
 * @module
 */

import {
  idOfTarget,
  LINK,
  LINKS,
  linkTarget,
  quote,
} from "../../store/layout.ts";
import type { FileStatus } from "../../linux/stat.ts";
import type { DirFacts, LinkEntry } from "../facts.ts";
import type { Fault, Repair } from "../fault.ts";
import { ownerOf } from "../ownership.ts";
import { shortNameOf, type View } from "../view.ts";
import { lostNames } from "./lost_names.ts";

const NO_CHILD = "no layer can be made on it";

/** Faults of short names and short links. */
export function* linkFaults(view: View): Generator<Fault> {
  // Without that directory there is one fault, and not one for each layer.
  if (view.facts.links?.type !== "dir") return;
  const lost = lostNames(view);
  for (const dir of view.layers.values()) {
    if (dir.names === undefined) continue;
    const short = shortNameOf(dir);
    if (short === undefined) yield unnamed(view, dir, lost);
    else if (view.ownerOf(short) !== dir.name) yield shared(view, dir, short);
    else yield* brokenEntry(view, dir, short);
  }
  for (const [short, entry] of view.facts.linkEntries) {
    yield* strayEntry(view, short, entry);
  }
}

function unnamed(
  view: View,
  dir: DirFacts,
  lost: ReadonlyMap<string, string>,
): Fault {
  const { name: id, link } = dir;
  const [name, state] = link === undefined
    ? ["link-missing", `has no file "${LINK}"`]
    : link.status.type !== "file"
    ? ["link-type", `has a ${link.status.type} instead of the file "${LINK}"`]
    : link.text === undefined
    ? ["link-unreadable", `has a file "${LINK}" that cannot be read`]
    : link.text === ""
    ? ["link-empty", `has an empty file "${LINK}"`]
    : ["link-malformed", `has a file "${LINK}" that holds no short name`];
  return {
    name,
    severity: "error",
    id,
    path: `${id}/${LINK}`,
    message: `Layer ${quote(id)} ${state}, so ${NO_CHILD}`,
    repair: link?.text === undefined && link?.status.type === "file"
      ? undefined
      : renaming(view, dir, lost.get(id)),
  };
}

/** Writes the short name that leads to a layer into it, or makes a new one. */
function renaming(
  view: View,
  dir: DirFacts,
  lost?: string,
): Repair | undefined {
  const { name: id, link } = dir;
  const instead = link?.status;
  if (instead?.type === "dir") return undefined;
  const text = link?.text?.trim();
  const known = view.linksTo.get(id) ?? [];
  const best = view.bestLink(id) ?? lost;
  const listed = best !== undefined && view.listers.has(best);
  const short = !listed && text && known.includes(text) ? text : best;
  return short === undefined
    ? {
      says: "give it a new short name",
      action: { do: "name", id, instead },
    }
    : {
      says: short === lost
        ? `write the short name into it that only layers made on it can have ` +
          `listed, ${quote(short)}`
        : `write the short name that leads to it, ${quote(short)}, into it`,
      action: {
        do: "write",
        id,
        file: LINK,
        text: short,
        mode: 0o644,
        instead,
      },
    };
}

/** A layer whose short name is another's. */
function shared(view: View, dir: DirFacts, short: string): Fault {
  const { name: id } = dir;
  const { id: owner, sure } = ownerOf(view, short);
  const claimants = view.claimants.get(short) ?? [];
  const other = owner ?? claimants.find((each) => each !== id) ?? "";
  const how = claimants.includes(other) ? "like" : "which is the name of";
  const clear = sure || !view.listers.has(short);
  return {
    name: "link-shared",
    severity: "error",
    id,
    path: `${id}/${LINK}`,
    message: `Layer ${quote(id)} calls itself ${quote(short)}, ${how} layer ${
      quote(other)
    }: what is made on one of them stands on the other${
      clear ? "" : "; nothing tells whose name it is"
    }`,
    repair: clear ? renaming(view, dir) : undefined,
  };
}

/** A layer's short link that is missing, or anything but what it should be. */
function* brokenEntry(
  view: View,
  dir: DirFacts,
  short: string,
): Generator<Fault> {
  const entry = view.facts.linkEntries.get(short);
  if (view.facts.unreadable.has(`${LINKS}/${short}`)) return;
  if (entry === undefined) yield missingEntry(view, dir, short);
  else if (entry.target !== linkTarget(dir.name)) {
    yield wrongEntry(view, dir.name, short, entry);
  }
}

function affected(view: View, short: string): string {
  const count = view.listers.get(short)?.length ?? 0;
  return count === 0
    ? NO_CHILD
    : `the layers that list it (${count}) cannot be mounted`;
}

function missingEntry(view: View, dir: DirFacts, short: string): Fault {
  const { name: id, link } = dir;
  const other = view.bestLink(id);
  if (other !== undefined && !view.listers.has(short)) {
    return {
      name: "link-wrong",
      severity: "error",
      id,
      path: `${id}/${LINK}`,
      message: `Layer ${quote(id)} calls itself ${quote(short)}, which is ` +
        `no short link, while ${quote(other)} leads to it, so ${NO_CHILD}`,
      repair: renaming(view, { ...dir, link: { ...link!, text: "" } }),
    };
  }
  return {
    name: "short-link-missing",
    severity: "error",
    id,
    path: `${LINKS}/${short}`,
    message: `The short link of layer ${quote(id)} is missing: ${
      affected(view, short)
    }`,
    repair: linking(short, id, undefined, "make it again"),
  };
}

function wrongEntry(
  view: View,
  id: string,
  short: string,
  { target, status }: LinkEntry,
): Fault {
  const { type, size } = status;
  const holds = type === "dir" || (type === "file" && size > 0);
  const state = target === undefined
    ? `is a ${type}`
    : `leads to ${quote(target)} instead of ${quote(linkTarget(id))}`;
  return {
    name: target === undefined ? "short-link-type" : "short-link-target",
    severity: "error",
    id,
    path: `${LINKS}/${short}`,
    message: `The short link of layer ${quote(id)} ${state}: ${
      affected(view, short)
    }${holds ? "; move it away, and a repair makes the link again" : ""}`,
    repair: holds
      ? undefined
      : linking(short, id, status, "put the link in its place"),
  };
}

function linking(
  short: string,
  id: string,
  instead: FileStatus | undefined,
  says: string,
): Repair {
  return { says, action: { do: "link", short, id, instead } };
}

/** An entry of `l` that no layer calls its own. */
function* strayEntry(
  view: View,
  short: string,
  { target, status }: LinkEntry,
): Generator<Fault> {
  if (view.claimants.has(short)) return;
  // What a layer lists is told there, if it leads to none.
  if (view.listers.has(short)) return;
  const path = `${LINKS}/${short}`;
  const id = target === undefined ? undefined : idOfTarget(target);
  if (target === undefined || id === undefined) {
    yield {
      name: "links-foreign",
      severity: "note",
      path,
      message: `${quote(path)} is a ${status.type}${
        target === undefined ? "" : ` to ${quote(target)}`
      } and no short link; it is left alone`,
    };
    return;
  }
  const layer = view.layers.get(id);
  const repair: Repair = {
    says: "remove it",
    action: { do: "unlink", short, target },
  };
  if (layer === undefined) {
    if (view.facts.others.has(id)) return;
    yield {
      name: "short-link-dangling",
      severity: "note",
      path,
      message: `The short link ${quote(short)} leads to layer ${
        quote(id)
      }, which does not exist, and no layer lists it`,
      repair,
    };
  } else if (view.ownerOf(shortNameOf(layer) ?? "") === id) {
    yield {
      name: "short-link-extra",
      severity: "note",
      id,
      path,
      message: `The short link ${quote(short)} leads to layer ${
        quote(id)
      }, which has another one, and no layer lists it`,
      repair,
    };
  }
}
