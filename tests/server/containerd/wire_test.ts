/**
 * Messages beside another library's.
 *
 * @module
 */

import {
  decodeCommit,
  decodeKey,
  decodeList,
  decodeUpdate,
  encodeInfo,
  encodeInfos,
  encodeMounts,
  encodeUsage,
  type Info,
} from "../../../src/server/containerd/messages.ts";
import { fieldsOf, WireError } from "../../../src/server/containerd/wire.ts";
import { assertEquals, assertThrows } from "../../assert.ts";
import { method } from "./client.ts";

/** Texts that encoders get wrong. */
const TEXTS = ["", "a", "ü\u{1f600}", "\ufeffmark", "a\0b", "x".repeat(70_000)];

const encoded = (name: string, request: object) =>
  new Uint8Array(method(name).requestSerialize(request));
// deno-lint-ignore no-explicit-any -- compared as a whole
const decoded = (name: string, bytes: Uint8Array): any =>
  // deno-lint-ignore no-node-globals -- what the library takes
  method(name).responseDeserialize(Buffer.from(bytes));

Deno.test("decodeKey() reads what another library wrote", () => {
  for (const text of TEXTS) {
    const labels = { [text]: text, b: "c", empty: "" };
    const request = { snapshotter: "x", key: text, parent: text, labels };
    assertEquals(decodeKey(encoded("Prepare", request)), {
      key: text,
      parent: text,
      labels,
    });
  }
});

Deno.test("decodeCommit(), decodeList() and decodeUpdate() read what another library wrote", () => {
  for (const text of TEXTS) {
    const labels = { [text]: text };
    assertEquals(
      decodeCommit(encoded("Commit", { name: text, key: "k", labels })),
      { name: text, key: "k", labels },
    );
    assertEquals(
      decodeList(encoded("List", { filters: [text, "b"] })),
      { filters: [text, "b"] },
    );
    const never = { seconds: -62135596800, nanos: 999999999 };
    const info = {
      ...{ name: text, parent: "p", kind: "COMMITTED", labels },
      createdAt: never,
      updatedAt: never,
    };
    const update = { info, updateMask: { paths: [text, "labels"] } };
    assertEquals(decodeUpdate(encoded("Update", update)), {
      name: text,
      labels,
      paths: [text, "labels"],
    });
  }
});

Deno.test("encodeInfo() and encodeInfos() write what another library reads", () => {
  for (const text of TEXTS) {
    for (const kind of ["view", "active", "committed"] as const) {
      const info: Info = {
        name: text,
        parent: text,
        kind,
        created: { seconds: 2 ** 33 + 1, nanos: 999999999 },
        updated: { seconds: 0, nanos: 0 },
        labels: { [text]: text, b: "" },
      };
      const expected = {
        name: text,
        parent: text,
        kind: kind.toUpperCase(),
        createdAt: info.created,
        updatedAt: info.updated,
        labels: info.labels,
      };
      assertEquals(decoded("Stat", encodeInfo(info)).info, expected);
      assertEquals(
        decoded("List", encodeInfos([info, info])).info,
        [expected, expected],
      );
    }
  }
});

Deno.test("encodeInfo() writes short texts wherever the message has to grow", () => {
  const many = Array.from({ length: 400 }, (_, i) => [`l${i}`, `v${i}`]);
  const time = { seconds: 1, nanos: 2 };
  const info = { parent: "", created: time, updated: time };
  for (let length = 1; length < 40; length++) {
    const name = "n".repeat(length);
    const labels = Object.fromEntries(many);
    const bytes = encodeInfo({ ...info, kind: "active", name, labels });
    const read = decoded("Stat", bytes).info;
    assertEquals([read.name, read.labels], [name, labels], `${length}`);
  }
});

Deno.test("encodeMounts() and encodeUsage() write what another library reads", () => {
  const mounts = TEXTS.map((text) => ({
    type: text,
    source: text,
    options: [text, "", "rw"],
  }));
  assertEquals(
    decoded("Mounts", encodeMounts(mounts)).mounts,
    mounts.map((mount) => ({ ...mount, target: "" })),
  );
  for (const bytes of [0, 1, 127, 128, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
    assertEquals(decoded("Usage", encodeUsage({ bytes, inodes: 300 })), {
      size: bytes,
      inodes: 300,
    });
  }
});

Deno.test("fieldsOf() passes over numbers of every width", () => {
  const bytes = [
    ...[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    ...[0x11, 1, 2, 3, 4, 5, 6, 7, 8],
    ...[0x1d, 1, 2, 3, 4],
    ...[0x22, 1, 0x61],
  ];
  assertEquals([...fieldsOf(new Uint8Array(bytes))], [
    { number: 4, bytes: new Uint8Array([0x61]) },
  ]);
});

Deno.test("decodeKey() refuses what is cut short, malformed or not UTF-8", () => {
  const whole = encoded("Prepare", { key: "key", labels: { a: "b" } });
  const cuts = [...whole.keys()].filter((at) => {
    try {
      decodeKey(whole.subarray(0, at));
      return true;
    } catch (error) {
      if (error instanceof WireError) return false;
      throw error;
    }
  });
  assertEquals(cuts, [0, 5]);
  for (
    const bytes of [
      [0x02, 0], // The field 0.
      [0x13], // A group.
      [0x12, 0x01], // A length beyond the end.
      [0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
      [0x08, ...Array(11).fill(0x80)],
      [0x12, 1, 0xff],
      [0x22, 3, 0x0a, 1, 0xff],
    ]
  ) assertThrows(() => decodeKey(new Uint8Array(bytes)), WireError);
});
