import type { TarEntry } from "../../src/tar/entry.ts";
import { HeaderEncoder, padding, TAR_END } from "../../src/tar/writer.ts";
import { assertEquals, assertThrows } from "../assert.ts";
import { CASES } from "./cases.ts";
import {
  entriesOf,
  entryOf,
  header,
  join,
  octal,
  onlyEntry,
  padded,
  readArchive,
  record,
} from "./fixture.ts";

const CAPABILITY = new Uint8Array([1, 0, 0, 2, 0, 10, 61, 255]);

function encode(entry: Parameters<typeof entryOf>[0]): Uint8Array {
  return new HeaderEncoder().encode(entryOf(entry));
}

/** A header block with device fields, as the encoder writes it. */
function block(fields: Parameters<typeof header>[0]): Uint8Array {
  const zero = "0000000\0";
  return header({ devmajor: zero, devminor: zero, ...fields });
}

Deno.test("HeaderEncoder writes one ustar block where that suffices", () => {
  const encoded = encode({
    name: "dev/null",
    type: "3",
    mode: 0o4755,
    uid: 1000,
    gid: 2097151,
    mtime: { seconds: 1700000000, nanoseconds: 0 },
    devmajor: 1,
    devminor: 3,
  });

  assertEquals(
    encoded,
    block({
      name: "dev/null",
      type: "3",
      mode: "0004755\0",
      uid: "0001750\0",
      gid: "7777777\0",
      mtime: octal(1700000000),
      devmajor: "0000001\0",
      devminor: "0000003\0",
    }),
  );
});

Deno.test("HeaderEncoder splits a long name at the last slash that fits", () => {
  const dir = `${"d".repeat(60)}/${"e".repeat(60)}`;
  const name = "n".repeat(90);

  assertEquals(
    encode({ name: `${dir}/${name}` }),
    block({ name, prefix: dir }),
  );
});

Deno.test("HeaderEncoder writes a PAX header for a name that cannot be split", () => {
  const name = "n".repeat(101);

  const encoded = encode({ name, size: 5 });

  const records = record("path", name);
  assertEquals(
    encoded,
    join(
      header({
        name: `PaxHeaders.0/${"n".repeat(87)}`,
        type: "x",
        mode: "0000000\0",
        size: records.length,
      }),
      padded(records),
      block({ name: "n".repeat(100), size: 5 }),
    ),
  );
});

Deno.test("HeaderEncoder writes records in the order of their keys' bytes", () => {
  const encoded = encode({
    name: "a/ünï",
    type: "2",
    linkname: "é",
    uid: 3000000,
    gid: -1,
    size: 2 ** 33,
    mtime: { seconds: -1, nanoseconds: 0 },
    xattrs: new Map([["security.capability", CAPABILITY]]),
  });

  const records = join(
    record("SCHILY.xattr.security.capability", CAPABILITY),
    record("gid", "-1"),
    record("linkpath", "é"),
    record("mtime", "-1"),
    record("path", "a/ünï"),
    record("size", "8589934592"),
    record("uid", "3000000"),
  );
  assertEquals(
    encoded,
    join(
      header({
        name: "a/PaxHeaders.0/n",
        type: "x",
        mode: "0000000\0",
        size: records.length,
      }),
      padded(records),
      block({ name: "a/n", type: "2" }),
    ),
  );
});

Deno.test("HeaderEncoder cleans the name of the PAX header", () => {
  const nameOf = (name: string) => {
    const encoded = encode({ name, type: "5", uid: 3000000 });
    return new TextDecoder().decode(encoded.subarray(0, encoded.indexOf(0)));
  };

  assertEquals(nameOf("a/b/"), "a/b/PaxHeaders.0");
  assertEquals(nameOf("a/b"), "a/PaxHeaders.0/b");
  assertEquals(nameOf("/a/../b/"), "/b/PaxHeaders.0");
  assertEquals(nameOf("../../x"), "../../PaxHeaders.0/x");
  assertEquals(nameOf("é/x"), "/PaxHeaders.0/x");
});

Deno.test("HeaderEncoder reuses its buffer without leaving traces", () => {
  const encoder = new HeaderEncoder();
  const small = entryOf({ name: "small", linkname: "l", type: "2" });
  const expected = encoder.encode(small).slice();
  const xattrs = new Map([["user.a", new Uint8Array(5000).fill(0x41)]]);

  encoder.encode(entryOf({ name: "x".repeat(99), xattrs }));

  assertEquals(encoder.encode(small), expected);
});

/** Whether the encoder is meant for such an entry. */
function isEncodable({ name, type, size, ...entry }: TarEntry): boolean {
  const { uid, mtime, devmajor, devminor } = entry;
  return "0123456".includes(type) && (type === "5" || !name.endsWith("/")) &&
    [size, uid, mtime.seconds].every(Number.isSafeInteger) &&
    devmajor < 2 ** 21 && devminor < 2 ** 21 && name.length < 1 << 20;
}

Deno.test("HeaderEncoder makes what TarReader reads back", () => {
  const encoder = new HeaderEncoder();
  const entries = Object.values(CASES)
    .flatMap((archive) => readArchive(archive).reads)
    .map(({ entry }) => entry)
    .filter((entry) => isEncodable(entry) && entry.mtime.seconds > -62e9);

  const again = entries.map((entry) =>
    readArchive(encoder.encode(entry)).reads[0]?.entry
  );

  assertEquals(again, entries);
  assertEquals(entries.length > 100, true);
});

Deno.test("HeaderEncoder and TarReader agree about names that are not UTF-8", () => {
  const entry = entryOf({
    name: "a\udcff/\udc80",
    linkname: "é\udcc3",
    type: "2",
  });

  assertEquals(onlyEntry(encode(entry)).entry, entry);
});

Deno.test("HeaderEncoder refuses what no header can represent", () => {
  const entries: [Parameters<typeof entryOf>[0], string][] = [
    [{ name: "dir/" }, "slash"],
    [{ mode: 2 ** 21 }, "mode"],
    [{ mode: -1 }, "mode"],
    [{ devmajor: 2 ** 21 }, "device number"],
    [{ devminor: -1 }, "device number"],
    [{ size: -1 }, "negative"],
    [{ name: "a\0b" }, "NUL"],
    [{ type: "2", linkname: "a\0b" }, "NUL"],
    [{ type: "x" }, "extended header"],
    [{ type: "g" }, "extended header"],
    [{ type: "" }, "one byte"],
    [{ type: "☺" }, "one byte"],
    [{ xattrs: new Map([["a=b", CAPABILITY]]) }, "attribute"],
    [{ xattrs: new Map([["a", new Uint8Array(1 << 20)]]) }, "too long"],
  ];
  for (const [entry, part] of entries) {
    const error = assertThrows(() => encode(entry), RangeError, part);
    assertEquals(error.message.startsWith("Cannot write the header of "), true);
  }
});

Deno.test("TAR_END and padding() complete an archive", () => {
  const content = new Uint8Array(700).fill(0x41);
  const archive = join(
    encode({ name: "a", size: content.length }),
    content,
    new Uint8Array(padding(content.length)),
    TAR_END,
  );

  assertEquals(archive.length, 512 + 1024 + 1024);
  assertEquals(entriesOf(archive)[0]!.content, [content]);
  assertEquals(readArchive(archive).ended, true);
});
