/**
 * Mount options as text.
 *
 * @module
 */

import {
  absoluteData,
  type OverlayMount,
  relativeData,
} from "../../src/overlay/data.ts";
import { decodeName } from "../../src/text.ts";
import { assertEquals } from "../assert.ts";

function mountOf(changed: Partial<OverlayMount> = {}): OverlayMount {
  return {
    home: "/home",
    lowers: ["l/A", "l/B"],
    upper: "id/diff",
    work: "id/work",
    target: "id/merged",
    indexOff: false,
    userxattr: false,
    ...changed,
  };
}

/** Text of options, whose NUL is checked. */
function text(bytes: Uint8Array): string {
  assertEquals(bytes.at(-1), 0);
  return decodeName(bytes, 0, bytes.length - 1);
}

Deno.test("absoluteData() names lowers nearest first, then upper and work", () => {
  assertEquals(
    text(absoluteData(mountOf())),
    "lowerdir=/home/l/A:/home/l/B,upperdir=/home/id/diff,workdir=/home/id/work",
  );
});

Deno.test("relativeData() names the same without the home", () => {
  assertEquals(
    text(relativeData(mountOf())),
    "lowerdir=l/A:l/B,upperdir=id/diff,workdir=id/work",
  );
});

Deno.test("absoluteData() of a read-only mount has neither upper nor work", () => {
  const mount = mountOf({
    lowers: ["id/diff", "l/A"],
    upper: undefined,
    work: undefined,
  });

  assertEquals(text(absoluteData(mount)), "lowerdir=/home/id/diff:/home/l/A");
});

Deno.test("absoluteData() puts index=off before userxattr before the directories", () => {
  const index = mountOf({ indexOff: true });
  const both = mountOf({ indexOff: true, userxattr: true });
  const xattr = mountOf({ userxattr: true });

  assertEquals(
    text(relativeData(index)).startsWith("index=off,lowerdir="),
    true,
  );
  assertEquals(
    text(relativeData(both)).startsWith("index=off,userxattr,lowerdir="),
    true,
  );
  assertEquals(
    text(relativeData(xattr)).startsWith("userxattr,lowerdir="),
    true,
  );
});

Deno.test("absoluteData() quotes a label, whose commas then stay together", () => {
  const label = "system_u:object_r:svirt_t:s0:c1,c2";

  assertEquals(
    text(relativeData(mountOf({ label }))).endsWith(`,context="${label}"`),
    true,
  );
  assertEquals(
    text(relativeData(mountOf({ label: 'a"b\\c' }))).endsWith(
      ',context="a\\"b\\\\c"',
    ),
    true,
  );
  assertEquals(
    text(relativeData(mountOf({ label: "" }))).includes("context"),
    false,
  );
});

Deno.test("absoluteData() protects what the kernel's parser would take for its own", () => {
  const mount = mountOf({
    home: "/a:b,c\\d",
    lowers: ["l/x:y"],
    upper: "i,d/diff",
    work: "i,d/work",
  });

  assertEquals(
    text(absoluteData(mount)),
    "lowerdir=/a\\:b\\,c\\\\d/l/x\\:y," +
      "upperdir=/a:b\\,c\\\\d/i\\,d/diff,workdir=/a:b\\,c\\\\d/i\\,d/work",
  );
});

Deno.test("absoluteData() keeps bytes that are not UTF-8", () => {
  const bytes = absoluteData(mountOf({ home: "/\udcff", lowers: ["é"] }));

  assertEquals([...bytes.subarray(9, 15)], [
    0x2f,
    0xff,
    0x2f,
    0xc3,
    0xa9,
    0x2c,
  ]);
});
