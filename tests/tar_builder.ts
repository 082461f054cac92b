/**
 * Archives for the tests of layers, from short descriptions of their entries.
 *
 * @module
 */

import type { TarEntry } from "../src/tar/entry.ts";
import { HeaderEncoder, TAR_END } from "../src/tar/writer.ts";
import { encodeName } from "../src/text.ts";
import { entriesOf, entryOf, expanded, join, padded } from "./tar/fixture.ts";

/** An entry; what is left out has the value that a simple file would have. */
export interface Member extends Partial<TarEntry> {
  /** Path in the archive. */
  readonly name: string;
  /** Content of a regular file. */
  readonly content?: string | Uint8Array;
}

/** A regular file. */
export function file(
  name: string,
  content: string | Uint8Array = "",
  fields: Partial<TarEntry> = {},
): Member {
  return { name, content, ...fields };
}

/** A directory. */
export function dir(name: string, fields: Partial<TarEntry> = {}): Member {
  return { name: `${name}/`, type: "5", mode: 0o755, ...fields };
}

/** A symbolic link. */
export function symlink(name: string, linkname: string): Member {
  return { name, type: "2", linkname, mode: 0o777 };
}

/** A hard link. */
export function link(
  name: string,
  linkname: string,
  fields: Partial<TarEntry> = {},
): Member {
  return { name, type: "1", linkname, ...fields };
}

/** A character device, block device or fifo. */
export function node(
  name: string,
  type: "3" | "4" | "6",
  devmajor = 0,
  devminor = 0,
): Member {
  return { name, type, devmajor, devminor };
}

/** Blocks of one entry, without the end of the archive. */
export function member(
  { content = "", ...fields }: Member,
): Uint8Array<ArrayBuffer> {
  const bytes = typeof content === "string" ? encodeName(content) : content;
  const entry = entryOf({ size: bytes.length, ...fields });
  return join(new HeaderEncoder().encode(entry), padded(bytes));
}

/** A whole archive; parts that are bytes already are taken as they are. */
export function archive(
  ...members: (Member | Uint8Array)[]
): Uint8Array<ArrayBuffer> {
  const parts = members.map((part) =>
    part instanceof Uint8Array ? part : member(part)
  );
  return join(...parts, TAR_END);
}

/** One entry of an archive as text: `type mode owner name`, then what is special. */
export function describeEntry(entry: TarEntry, content: Uint8Array): string {
  const { type, mode, uid, gid, name, linkname, mtime } = entry;
  const extra = [
    ...(linkname ? [`-> ${linkname}`] : []),
    ...(content.length > 0 ? [`${content.length}`] : []),
    ...(entry.devmajor || entry.devminor
      ? [`${entry.devmajor}:${entry.devminor}`]
      : []),
    ...[...entry.xattrs?.keys() ?? []],
  ];
  return [
    type,
    mode.toString(8).padStart(4, "0"),
    `${uid}:${gid}`,
    `@${mtime.seconds}`,
    name,
    ...extra,
  ].join(" ");
}

/** Entries of an archive as text. */
export function archiveLines(bytes: Uint8Array): string[] {
  return entriesOf(bytes).map((read) =>
    describeEntry(read.entry, expanded(read))
  );
}

/** Names in an archive, in its order. */
export function archiveNames(bytes: Uint8Array): string[] {
  return entriesOf(bytes).map(({ entry }) => entry.name);
}
