/**
 * Overlayfs's marks: whether they stand where they count, and hide or lead to
 * anything.
 *
 * Source: fs/overlayfs of the kernel, and its documentation.
 *
 * @module
 */

import type { FileType } from "../../linux/stat.ts";
import type { Namespace } from "../../overlay/marks.ts";
import { DIFF, quote } from "../../store/layout.ts";
import { WHITEOUT_PREFIX } from "../../tree/pack.ts";
import { baseName, parentPath } from "../../tree/paths.ts";
import type { Below } from "../below.ts";
import type { Fault } from "../fault.ts";

/** A file with marks, and what surrounds it. */
export interface MarkedFile {
  /** Id of its layer. */
  readonly id: string;
  /** Path from the root of the layer; `""` is the root. */
  readonly path: string;
  readonly type: FileType;
  readonly size: number;
  /** Overlayfs's attributes, in either namespace, with their values. */
  readonly attributes: ReadonlyMap<string, string>;
  /** Whether it is a character device 0:0. */
  readonly isWhiteout: boolean;
  /** Whether a directory around it hides everything below. */
  readonly inOpaque: boolean;
  /** Whether a directory around it has its lower content elsewhere. */
  readonly inRedirected: boolean;
  /** Whether its directory says that whiteouts may be attributes. */
  readonly inMarked: boolean;
}

/** Marks that make a difference; the others are the kernel's notes. */
const EFFECTIVE: ReadonlySet<string> = new Set([
  "opaque",
  "redirect",
  "metacopy",
  "whiteout",
]);
const NOTES: ReadonlySet<string> = new Set([
  "origin",
  "impure",
  "nlink",
  "uuid",
  "upper",
  "protattr",
  "whiteouts",
]);
/** Prefix of marks for an overlay within an overlay. */
const NESTED = "overlay.";

/** Faults of one file's marks. */
export function* markFaults(
  file: MarkedFile,
  below: Below,
  namespace: Namespace,
): Generator<Fault> {
  if (file.isWhiteout) {
    yield* uselessFaults(file, below, "whiteout-useless", "a whiteout");
  } else if (isHiding(file.path)) yield hidingName(file);
  for (const [attribute, value] of file.attributes) {
    const mark = attribute.slice(attribute.indexOf("overlay.") + NESTED.length);
    if (!attribute.startsWith(namespace)) {
      if (EFFECTIVE.has(mark)) yield wrongNamespace(file, attribute, namespace);
      continue;
    }
    switch (mark) {
      case "opaque":
        yield* opaqueFaults(file, attribute, value, below);
        break;
      case "redirect":
        yield* redirectFaults(file, attribute, value, below, namespace);
        break;
      case "metacopy":
        yield* metacopyFaults(file, attribute, value, below, namespace);
        break;
      case "whiteout":
        yield* attributeWhiteoutFaults(file, attribute);
        break;
      default:
        if (!NOTES.has(mark) && !mark.startsWith(NESTED)) {
          yield unknown(file, attribute);
        }
    }
  }
}

function at(file: MarkedFile): { id: string; path: string } {
  const { id, path } = file;
  return { id, path: path === "" ? `${id}/${DIFF}` : `${id}/${DIFF}/${path}` };
}

/** A mark that hides nothing, unless that cannot be told. */
function* uselessFaults(
  file: MarkedFile,
  below: Below,
  name: "whiteout-useless" | "opaque-useless",
  what: string,
): Generator<Fault> {
  const hides = file.inOpaque ? false : below.has(file.path);
  if (file.inRedirected || hides !== false) return;
  yield {
    ...at(file),
    name,
    severity: "note",
    message: `${
      quote(at(file).path)
    } is ${what}, but no lower has anything that it could hide`,
  };
}

/** Whether an archive takes the name for a whiteout. */
export function isHiding(path: string): boolean {
  return baseName(path).startsWith(WHITEOUT_PREFIX);
}

function hidingName(file: MarkedFile): Fault {
  return {
    ...at(file),
    name: "whiteout-name",
    severity: "note",
    message:
      `${quote(at(file).path)} is a ${file.type} that a mount shows and ` +
      "that hides another one once it went through an archive, by its name",
  };
}

function misplaced(file: MarkedFile, attribute: string): Fault {
  const { id, path, type } = file;
  return {
    ...at(file),
    name: "xattr-misplaced",
    severity: "warning",
    message: `${quote(at(file).path)} is a ${type} with the attribute ` +
      `${quote(attribute)}, which counts for nothing there`,
    repair: {
      says: "remove the attribute",
      action: { do: "unmark", id, file: path, type, attribute },
    },
  };
}

function onRoot(file: MarkedFile, attribute: string): Fault {
  return {
    ...at(file),
    name: "xattr-on-root",
    severity: "warning",
    message: `The root of layer ${quote(file.id)} has the attribute ` +
      `${quote(attribute)}, which the kernel ignores: roots always merge, so ` +
      "what it was to hide shows",
  };
}

function badValue(
  file: MarkedFile,
  attribute: string,
  value: string,
  severity: "error" | "warning",
  effect: string,
): Fault {
  return {
    ...at(file),
    name: "xattr-value",
    severity,
    message: `The attribute ${quote(attribute)} of ${quote(at(file).path)} ` +
      `has the value ${quote(value)}, which overlayfs does not know: ${effect}`,
  };
}

function wrongNamespace(
  file: MarkedFile,
  attribute: string,
  namespace: Namespace,
): Fault {
  return {
    ...at(file),
    name: "xattr-namespace",
    severity: "warning",
    message: `${quote(at(file).path)} has the attribute ${quote(attribute)}, ` +
      `but mounts of this home look for "${namespace}…": it has no effect`,
  };
}

function unknown(file: MarkedFile, attribute: string): Fault {
  return {
    ...at(file),
    name: "xattr-unknown",
    severity: "note",
    message: `${quote(at(file).path)} has the attribute ${quote(attribute)}, ` +
      "which overlayfs may come to mean something by",
  };
}

function* opaqueFaults(
  file: MarkedFile,
  attribute: string,
  value: string,
  below: Below,
): Generator<Fault> {
  if (file.type !== "dir") yield misplaced(file, attribute);
  else if (value === "x") return;
  else if (value !== "y") {
    yield badValue(file, attribute, value, "warning", "it hides nothing");
  } else if (file.path === "") yield onRoot(file, attribute);
  else {yield* uselessFaults(
      file,
      below,
      "opaque-useless",
      "an opaque directory",
    );}
}

function* redirectFaults(
  file: MarkedFile,
  attribute: string,
  value: string,
  below: Below,
  namespace: Namespace,
): Generator<Fault> {
  const isCopy = file.type === "file" &&
    file.attributes.has(`${namespace}metacopy`);
  if (file.type !== "dir" && !isCopy) yield misplaced(file, attribute);
  else if (file.path === "") yield onRoot(file, attribute);
  else if (!isRedirect(value)) {
    yield badValue(file, attribute, value, "error", "it cannot be looked up");
  } else if (file.type === "dir") {
    if (file.attributes.get(`${namespace}opaque`) === "y") return;
    const origin = originOf(file, value);
    if (origin === undefined || below.holds(origin, "dir") !== false) return;
    yield {
      ...at(file),
      name: "redirect-gone",
      severity: "error",
      message: `${quote(at(file).path)} was renamed from ${
        quote(value)
      }, which no lower has: what it held there is missing`,
    };
  }
}

/** Whether a value is a plain name, or an absolute path without odd parts. */
function isRedirect(value: string): boolean {
  const parts = value.startsWith("/") ? value.slice(1).split("/") : [value];
  return parts.every((part) =>
    part !== "" && part !== "." && part !== ".." && !/[/\0]/.test(part)
  );
}

/** Path in the lowers that a redirect leads to; `undefined` if only the kernel can tell. */
function originOf(file: MarkedFile, redirect: string): string | undefined {
  if (redirect.startsWith("/")) return redirect.slice(1);
  if (file.inRedirected || file.inOpaque) return undefined;
  const outer = parentPath(file.path);
  return outer === "" ? redirect : `${outer}/${redirect}`;
}

/** Least length of the value, if it has one: version, length, flags, algorithm. */
const METACOPY_MIN = 4;

function* metacopyFaults(
  file: MarkedFile,
  attribute: string,
  value: string,
  below: Below,
  namespace: Namespace,
): Generator<Fault> {
  if (file.type !== "file") {
    yield misplaced(file, attribute);
    return;
  }
  if (value.length > 0 && value.length < METACOPY_MIN) {
    yield badValue(file, attribute, value, "error", "it cannot be looked up");
    return;
  }
  const redirect = file.attributes.get(`${namespace}redirect`) ??
    baseName(file.path);
  const origin = originOf(file, redirect);
  if (origin === undefined || below.holds(origin, "file") !== false) return;
  yield {
    ...at(file),
    name: "metacopy-gone",
    severity: "error",
    message: `${quote(at(file).path)} holds only the attributes of ${
      quote(origin)
    }, which no lower has: its content is missing`,
  };
}

function* attributeWhiteoutFaults(
  file: MarkedFile,
  attribute: string,
): Generator<Fault> {
  if (file.type !== "file" || file.size > 0) yield misplaced(file, attribute);
  else if (!file.inMarked) {
    yield {
      ...at(file),
      name: "whiteout-unmarked",
      severity: "warning",
      message: `${quote(at(file).path)} is a whiteout by attribute, but its ` +
        `directory does not say so by "opaque=x": it shows as an empty file`,
    };
  }
}
