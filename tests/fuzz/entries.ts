/**
 * Random entries in every dialect of tar, well-formed or nearly so.
 *
 * @module
 */

import { encodeName } from "../../src/text.ts";
import {
  file as rawFile,
  GNU,
  header,
  join,
  padded,
  pax,
  type RawHeader,
  USTAR,
} from "../tar/fixture.ts";
import type { Choices } from "./choices.ts";
import { oddField, oddNumber } from "./names.ts";
import { sparse } from "./sparse.ts";

/** A PAX record. */
export type PaxRecord = [key: string, value: string | Uint8Array];

/** What an entry says, before a dialect is chosen. */
export interface Draft {
  /** Path. */
  name: string;
  /** Type byte. */
  type: string;
  /** Target of a link. */
  linkname: string;
  /** Content of a file. */
  content: Uint8Array;
  /** PAX records beside those that the dialect needs. */
  readonly records: PaxRecord[];
}

const MODES = [0o644, 0o755, 0o600, 0o000, 0o4755, 0o2711, 0o1777, 0o7777];
const IDS = [0, 0, 0, 1, 1000, 65534, 2_000_000];
const TIMES = [0, 1, 1_600_000_000, 0x7fffffff, 8_589_934_591];
const DEVICES = [1, 3, 7, 259];
const ODD_DEVICES = [0, 0, 0, 4095, 4096, 0xfffff];

function digits(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, "0")}\0`;
}

function fieldsOf(random: Choices, draft: Draft): RawHeader {
  const { type } = draft;
  const fields: RawHeader = {
    type,
    size: draft.content.length,
    mode: digits(random.pick(MODES), 8),
    uid: digits(random.pick(IDS), 8),
    gid: digits(random.pick(IDS), 8),
    mtime: digits(random.pick(TIMES), 12),
  };
  if (type === "3" || type === "4") {
    const devices = random.odd(3) ? ODD_DEVICES : DEVICES;
    fields.devmajor = digits(random.pick(devices), 8);
    fields.devminor = digits(random.pick(devices), 8);
  }
  if (random.odd(30)) distort(random, fields);
  return fields;
}

/** Puts an odd number into one of the fields. */
function distort(random: Choices, fields: RawHeader): void {
  const field = random.pick(
    ["mode", "uid", "gid", "size", "mtime", "devmajor", "devminor"] as const,
  );
  const width = field === "size" || field === "mtime" ? 12 : 8;
  fields[field] = oddField(random, width);
}

/** Records that say something odd. */
function oddRecord(random: Choices): PaxRecord {
  const number = `${oddNumber(random)}`;
  return random.pick<PaxRecord>([
    ["size", number],
    ["uid", number],
    ["gid", number],
    ["mtime", `${number}.${random.below(1_000_000)}`],
    ["atime", number],
    ["path", ""],
    ["path", "a"],
    ["path", "../victim/hello"],
    ["path", "a\0b"],
    ["linkpath", "../victim/hello"],
    ["GNU.sparse.size", number],
    ["GNU.sparse.realsize", number],
    ["GNU.sparse.map", "0,1"],
    ["GNU.sparse.numblocks", number],
    ["GNU.sparse.name", "../victim/hello"],
    ["GNU.sparse.major", "1"],
    ["SCHILY.devmajor", number],
    ["hdrcharset", "BINARY"],
    ["comment", "c".repeat(random.below(3000))],
  ]);
}

const CAPABILITY = new Uint8Array([
  1,
  0,
  0,
  2,
  0,
  4,
  0,
  0,
  ...Array(12).fill(0),
]);
const ACL = new Uint8Array([
  ...[2, 0, 0, 0, 1, 0, 7, 0, 255, 255, 255, 255, 4, 0, 5, 0, 255, 255, 255],
  ...[255, 32, 0, 5, 0, 255, 255, 255, 255],
]);

/** Extended attributes: fine, refused by the kernel, or overlayfs's own. */
function attribute(random: Choices): PaxRecord {
  const prefix = random.oneIn(6) ? "LIBARCHIVE.xattr." : "SCHILY.xattr.";
  const [name, value] = random.odd(5)
    ? random.pick<PaxRecord>([
      ["trusted.overlay.opaque", "y"],
      ["trusted.overlay.redirect", "/base"],
      ["trusted.overlay.metacopy", ""],
      ["trusted.overlay.origin", "x"],
      ["trusted.overlay.overlay.opaque", "y"],
      ["user.overlay.opaque", "y"],
      ["user.overlay.whiteout", "y"],
    ])
    : !random.odd(3)
    ? random.pick<PaxRecord>([
      ["user.note", "x"],
      ["user.empty", ""],
      ["trusted.note", "x"],
      ["trusted.overlay", "x"],
      ["trusted.overlayed", "x"],
      ["security.capability", CAPABILITY],
      ["system.posix_acl_access", ACL],
      ["system.posix_acl_default", ACL],
    ])
    : random.pick<PaxRecord>([
      ["user.long", "v".repeat(70_000)],
      [`user.${"n".repeat(300)}`, "x"],
      ["user.", "x"],
      ["", "x"],
      ["nothing.x", "x"],
      ["security.capability", "x"],
      ["system.posix_acl_access", "x"],
    ]);
  return [prefix + name, value];
}

/** Adds records; gives whether there are any. */
function addRecords(random: Choices, draft: Draft): void {
  while (random.oneIn(12)) draft.records.push(attribute(random));
  while (random.odd(30)) draft.records.push(oddRecord(random));
}

/** A header of GNU for a name that does not fit. */
function long(type: "L" | "K", name: string): Uint8Array {
  return rawFile({ name: "././@LongLink", type, magic: GNU }, `${name}\0`);
}

function gnu(draft: Draft, fields: RawHeader): Uint8Array {
  const { name, linkname, content, records } = draft;
  const extra = [
    ...fits(linkname, 100) ? [] : [long("K", linkname)],
    ...fits(name, 100) ? [] : [long("L", name)],
    ...records.length > 0 ? [pax(...records)] : [],
  ];
  return join(
    ...extra,
    header({ ...fields, name: cut(name), linkname: cut(linkname), magic: GNU }),
    padded(content),
  );
}

function paxed(random: Choices, draft: Draft, fields: RawHeader): Uint8Array {
  const { name, linkname, content, records } = draft;
  const all: PaxRecord[] = [...records];
  const needed = (text: string) => !fits(text, 100) || random.oneIn(4);
  if (needed(name)) all.unshift(["path", name]);
  if (linkname !== "" && needed(linkname)) all.push(["linkpath", linkname]);
  return join(
    ...all.length > 0 || random.oneIn(20) ? [pax(...all)] : [],
    header({ ...fields, name: cut(name), linkname: cut(linkname) }),
    padded(content),
  );
}

/** The dialects that have no room for more: names are cut. */
function plain(random: Choices, draft: Draft, fields: RawHeader): Uint8Array {
  const { name, linkname, content } = draft;
  const slash = name.lastIndexOf("/", 155);
  const split = slash > 0 && random.oneIn(2);
  return join(
    header({
      ...fields,
      name: cut(split ? name.slice(slash + 1) : name),
      linkname: cut(linkname),
      magic: random.pick([USTAR, USTAR, "", "ustar\0  "]),
      ...split ? { prefix: cut(name.slice(0, slash), 155) } : {},
    }),
    padded(content),
  );
}

function fits(text: string, width: number): boolean {
  return encodeName(text).length <= width;
}

/** Text without what does not fit; a character may be cut in the middle. */
function cut(text: string, width = 100): string {
  let short = text.slice(0, width);
  while (!fits(short, width)) short = short.slice(0, -1);
  return short;
}

/**
 * Writes an entry in some dialect.
 *
 * @param random Where the choices come from.
 * @param draft What it says; records are added.
 */
export function encode(random: Choices, draft: Draft): Uint8Array {
  addRecords(random, draft);
  const fields = fieldsOf(random, draft);
  if (draft.type === "0" && random.oneIn(12)) {
    return sparse(random, draft, fields);
  }
  switch (random.below(4)) {
    case 0:
      return gnu(draft, fields);
    case 1:
      return plain(random, draft, fields);
    default:
      return paxed(random, draft, fields);
  }
}
