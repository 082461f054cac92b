/**
 * Names of a layer's files on disk, and what is an acceptable layer id; pure.
 *
 * @module
 */

import { DriverError } from "../errors.ts";
import { encodeName, printableName } from "../text.ts";

/** Directory of short links in a home. */
export const LINKS = "l";
/** Directory of a layer's own content. */
export const DIFF = "diff";
/** Directory that overlayfs works in. */
export const WORK = "work";
/** Mountpoint; exists only while mounted. */
export const MERGED = "merged";
/** File that holds the short name. */
export const LINK = "link";
/** File that lists the lowers. */
export const LOWER = "lower";
/** File that marks a layer that was ever a parent. */
export const COMMITTED = "committed";
/** File that records what an apply wrote; Docker does not know it. */
export const MANIFEST = "manifest";
/** File that records the archive that a layer was filled from; Docker does not know it. */
export const EXACT = "exact";
/** Directory in a home that holds what containerd's snapshots are called; no layer. */
export const RECORDS = "containerd";
/** Prefix of files and directories that are being made. */
export const TEMPORARY = ".tmp-";
/** Matches the name of a layer directory that is being made or deleted, or of a trial. */
const UNFINISHED_REGEXP =
  /^\.tmp-(layer|probe)-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Longest file name on Linux, in bytes. */
const NAME_MAX = 255;
/** Length of a short name; 128 of them fit a page of mount options. */
export const SHORT_LENGTH = 26;
/** What a short name is made of. */
export const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** Makes a name for a layer directory that is being made or deleted. */
export function unfinishedName(): string {
  return `${TEMPORARY}layer-${crypto.randomUUID()}`;
}

/** Makes a name for what is being made in a layer's directory, such as `"diff"`. */
export function temporaryName(purpose: string): string {
  return `${TEMPORARY}${purpose}${crypto.randomUUID().slice(0, 8)}`;
}

/** Whether a name is one of {@linkcode unfinishedName}. */
export function isUnfinished(name: string): boolean {
  return name.startsWith(TEMPORARY) && UNFINISHED_REGEXP.test(name);
}

/** Quotes an id or name for a message. */
export function quote(text: string): string {
  return `"${printableName(text)}"`;
}

function idFault(id: string): string | undefined {
  if (id === "") return "it is empty";
  if (id === "." || id === ".." || id === LINKS) return "the name is reserved";
  if (isUnfinished(id)) return "the name is reserved";
  if (id.includes("/")) return "it contains a slash";
  if (id.includes("\0")) return "it contains NUL";
  // No UTF-16 unit takes more than three bytes.
  if (id.isWellFormed() && id.length * 3 <= NAME_MAX) return undefined;
  const bytes = bytesOf(id);
  if (bytes === undefined) return "it is not a file name";
  if (bytes > NAME_MAX) return `it is longer than ${NAME_MAX} bytes`;
  return undefined;
}

function bytesOf(id: string): number | undefined {
  try {
    return encodeName(id).length;
  } catch {
    return undefined;
  }
}

/**
 * Refuses what cannot be the id of a layer.
 *
 * @param id Id as the caller gave it.
 * @throws {DriverError} `EINVAL`.
 */
export function checkId(id: string): void {
  const fault = idFault(id);
  if (fault === undefined) return;
  throw new DriverError(
    "EINVAL",
    `Cannot use ${quote(id)} as a layer id: ${fault}`,
  );
}

/** Whether a name in a home can be a layer's. */
export function isLayerName(name: string): boolean {
  return idFault(name) === undefined;
}

/** Makes a new short name: 26 random characters of base 32. */
export function newShortName(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(SHORT_LENGTH));
  let text = "";
  for (const byte of bytes) text += BASE32[byte % BASE32.length];
  return text;
}

/** Whether the content of a `link` file is usable. */
export function isShortName(text: string): boolean {
  return text !== "" && text !== "." && text !== ".." && !/[/\0\n:]/.test(text);
}

/** Text of the short link of a layer. */
export function linkTarget(id: string): string {
  return `../${id}/${DIFF}`;
}

/**
 * Reads a layer's id from the text of its short link.
 *
 * @param target Text of the symbolic link.
 * @returns The id; `undefined` if the link does not lead to a layer.
 */
export function idOfTarget(target: string): string | undefined {
  const [, id] = /^\.\.\/([^/]+)\/diff$/.exec(target) ?? [];
  return id !== undefined && isLayerName(id) ? id : undefined;
}

/**
 * Splits the content of a `lower` file.
 *
 * @param text Content, such as `"l/A:l/B"`.
 * @returns Its entries, nearest first; `undefined` if it is malformed.
 */
export function parseLower(text: string): string[] | undefined {
  const entries = text.split(":");
  const good = entries.every((entry) =>
    entry.startsWith(`${LINKS}/`) && isShortName(entry.slice(2))
  );
  return good ? entries : undefined;
}
