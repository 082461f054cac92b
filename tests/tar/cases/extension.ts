/**
 * Archives about PAX headers and the long names of GNU.
 *
 * @module
 */

import {
  base256,
  file,
  GNU,
  header,
  join,
  padded,
  pax,
  record,
} from "../fixture.ts";
import { withTrailer } from "./trailer.ts";

const LONG = "0123456789/".repeat(20) + "name";
const BINARY = new Uint8Array([0, 10, 61, 255, 0, 128]);
const NOT_UTF8 = new Uint8Array([0x61, 0xff, 0x2f, 0xc3]);
function gnuLong(type: "L" | "K", body: string): Uint8Array<ArrayBuffer> {
  return file({ name: "././@LongLink", type, magic: GNU }, body);
}

const after = (...records: Parameters<typeof pax>) =>
  join(pax(...records), file({ name: "name", linkname: "link" }, "body"));

/** Archives by name. */
export const EXTENSIONS: Record<string, Uint8Array> = withTrailer({
  "PAX overrides": after(
    ["path", LONG],
    ["linkpath", LONG],
    ["uid", "3000000"],
    ["gid", "4000000"],
    ["mtime", "1700000000.123456789"],
    ["atime", "1.5"],
    ["ctime", "2.5"],
    ["uname", "ü"],
  ),
  "PAX size": join(
    pax(["size", "4"]),
    header({ name: "a", size: 1000 }),
    padded("body"),
  ),
  "PAX size, negative": after(["size", "-1"]),
  "PAX size, negative, of a directory": join(
    pax(["size", "-1"]),
    header({ name: "d/", type: "5" }),
  ),
  "PAX size, too large": after(["size", "9223372036854775808"]),
  "PAX size of 63 bits": after(["size", "9223372036854775807"]),
  "PAX size is text": after(["size", "1x"]),
  "PAX numbers with sign and zeros": after(["uid", "+007"], ["gid", "-007"]),
  "PAX uid of 63 bits": after(["uid", "-9223372036854775808"]),
  "PAX uid is empty but for a sign": after(["uid", "-"]),
  "PAX uid with underscore": after(["uid", "1_0"]),
  "PAX empty values": after(
    ["path", ""],
    ["uid", ""],
    ["mtime", ""],
    ["SCHILY.xattr.user.empty", ""],
  ),
  "PAX empty value after another": after(["path", "first"], ["path", ""]),
  "PAX last value counts": after(["uid", "x"], ["uid", "5"]),
  "PAX attributes are bytes": after(
    ["SCHILY.xattr.security.capability", BINARY],
    ["SCHILY.xattr.user.\udcff", NOT_UTF8],
    ["LIBARCHIVE.xattr.user.other", "AAAA"],
    ["SCHILY.xattr.", "no name"],
  ),
  "PAX path that is not UTF-8": after(["path", NOT_UTF8]),
  "PAX path makes a directory": join(
    pax(["path", "dir/"]),
    header({ name: "file", type: "\0" }),
  ),
  "PAX unknown keys": after(["comment", "c\0d"], ["VENDOR.key", BINARY]),
  ...Object.fromEntries(
    [
      ...["1", "-1", "1.5", "-1.5", "-0.5", "+1.25", "1.", "-0.0"],
      ...["1.0000000001", "1.123456789123", ".5", "1.5x", "1,5", "1e5", "x"],
      ...["", " 1", "1.-5", "--1", "9223372036854775808", "-62135596800"],
      "0000000000000000000000012",
    ].map((time) => [`PAX time "${time}"`, after(["mtime", time])]),
  ),
  "PAX atime is text": after(["atime", "x"]),
  "PAX ctime is text": after(["ctime", "x"]),
  "PAX NUL in path": after(["path", "a\0b"]),
  "PAX NUL in linkpath": after(["linkpath", "a\0b"]),
  "PAX NUL in uname": after(["uname", "a\0b"]),
  "PAX NUL in gname": after(["gname", "\0"]),
  "PAX NUL in a key": after(["SCHILY.xattr.a\0b", "x"]),
  "PAX record without key": after(record("", "value")),
  "PAX record without equals sign": after("9 abcdef\n"),
  "PAX record without length": after("path=name\n"),
  "PAX record without space": after("12"),
  "PAX record too long": after("12 path=ab\n"),
  "PAX record too short": after("10 path=ab\n"),
  "PAX record beyond the body": after("99 path=ab\n"),
  "PAX record of length 0": after("0 path=ab\n"),
  "PAX record of negative length": after("-11 path=ab\n"),
  "PAX record of huge length": after("99999999999999999999 path=ab\n"),
  "PAX record shorter than its length": after("5 a=b\n"),
  "PAX record, least length": after("5 =\n\n"),
  "PAX record that is only its length": after("00005 a=\n"),
  "PAX record with a sign and zeros": after("+013 path=ab\n"),
  "PAX record without newline": after("11 path=abx"),
  "PAX body that ends with NUL": after(record("path", "a"), "\0"),
  "PAX two headers": join(pax(["path", "a"]), pax(["uid", "5"]), file({})),
  "PAX empty header": join(pax(), file({ name: "a" })),
  "PAX empty header after another": join(pax(["path", "a"]), pax(), file({})),
  "PAX body too large": after(["comment", "x".repeat(1 << 20)]),
  "PAX body as large as may be": after(["comment", "x".repeat((1 << 20) - 17)]),
  "PAX size negative": join(
    header({ type: "x", size: base256(-1n, 12) }),
    file({}),
  ),
  "PAX header that is a directory": join(
    header({ type: "x", name: "x/", size: 0 }),
    file({}),
  ),
  "global header": join(
    file({ name: "pax_global_header", type: "g" }, record("comment", "abc")),
    file({ name: "after" }, "body"),
  ),
  "global header does not apply": join(
    file({ type: "g" }, record("uid", "5")),
    file({ name: "after" }, "body"),
  ),
  "global header with a path": join(
    file({ name: "g", type: "g" }, record("path", "other")),
  ),
  "global header with a bad number": file({ type: "g" }, record("uid", "x")),
  "global header with a bad record": file({ type: "g" }, "12 path=ab\n"),
  "global header ends what came before": join(
    pax(["path", "lost"]),
    gnuLong("L", "lost"),
    file({ name: "g", type: "g" }, record("comment", "abc")),
    file({ name: "kept" }, "body"),
  ),
  "GNU long names": join(
    gnuLong("K", LONG + "\0"),
    gnuLong("L", LONG + "\0"),
    header({ name: "cut", linkname: "cut", type: "2", magic: GNU }),
  ),
  "GNU long name with rubbish after NUL": join(
    gnuLong("L", "name\0rubbish"),
    file({ name: "x", magic: GNU }),
  ),
  "GNU long name, empty": join(gnuLong("L", ""), file({ name: "kept" })),
  "GNU long name, only NUL": join(gnuLong("L", "\0"), file({ name: "kept" })),
  "GNU long name, twice": join(
    gnuLong("L", "first\0"),
    gnuLong("L", "second\0"),
    file({ name: "x" }),
  ),
  "GNU long name not UTF-8": join(
    gnuLong("L", "a\udcff\udc80/\0"),
    file({ type: "\0" }),
  ),
  "GNU long name counts before PAX": join(
    gnuLong("L", "gnu\0"),
    pax(["path", "pax"], ["linkpath", "target"]),
    file({ name: "x" }),
  ),
  "GNU long name too large": join(
    gnuLong("L", "x".repeat(1 << 20) + "\0"),
    file({}),
  ),
  "GNU long name as large as may be": join(
    gnuLong("L", "x".repeat(1 << 20)),
    file({}),
  ),
});
