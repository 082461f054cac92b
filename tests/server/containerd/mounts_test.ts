/**
 * What is mounted, and what labels ask for.
 *
 * @module
 */

import type { Stack } from "../../../src/driver/snapshots.ts";
import {
  storageOptOf,
  updatedLabels,
} from "../../../src/server/containerd/labels.ts";
import { mountsOf } from "../../../src/server/containerd/mounts.ts";
import { assertEquals } from "../../assert.ts";

const stack = (...lowers: string[]): Stack => ({
  upper: "/h/9/diff",
  work: "/h/9/work",
  lowers,
  indexOff: false,
  userxattr: false,
  volatile: false,
});
const bind = (source: string, access: string) => [
  { type: "bind", source, options: [access, "rbind"] },
];
const overlay = (...options: string[]) => [
  { type: "overlay", source: "overlay", options },
];

Deno.test("mountsOf() binds where a single directory is all", () => {
  assertEquals(mountsOf("active", stack()), bind("/h/9/diff", "rw"));
  assertEquals(mountsOf("view", stack()), bind("/h/9/diff", "ro"));
  assertEquals(mountsOf("view", stack("/h/1/diff")), bind("/h/1/diff", "ro"));
});

Deno.test("mountsOf() stacks lowers, the nearest first, below a directory of its own or none", () => {
  const two = stack("/h/2/diff", "/h/1/diff");
  assertEquals(
    mountsOf("view", two),
    overlay("lowerdir=/h/2/diff:/h/1/diff"),
  );
  assertEquals(
    mountsOf("active", two),
    overlay(
      "workdir=/h/9/work",
      "upperdir=/h/9/diff",
      "lowerdir=/h/2/diff:/h/1/diff",
    ),
  );
});

Deno.test("mountsOf() passes what the kernel and the options ask for", () => {
  const all = {
    ...stack("/h/2/diff", "/h/1/diff"),
    indexOff: true,
    userxattr: true,
    volatile: true,
  };
  assertEquals(
    mountsOf("view", all),
    overlay("index=off", "userxattr", "lowerdir=/h/2/diff:/h/1/diff"),
  );
  assertEquals(
    mountsOf("active", all),
    overlay(
      "index=off",
      "userxattr",
      "workdir=/h/9/work",
      "upperdir=/h/9/diff",
      "lowerdir=/h/2/diff:/h/1/diff",
      "volatile",
    ),
  );
});

Deno.test("storageOptOf() reads sizes off labels", () => {
  assertEquals(storageOptOf({ other: "1" }), {});
  assertEquals(
    storageOptOf({
      "containerd.io/snapshot/overlay2.size": "10G",
      "containerd.io/snapshot/overlay2.inodes": "500",
    }),
    { size: "10G", inodes: "500" },
  );
});

Deno.test("updatedLabels() applies the paths of a mask one after the other", () => {
  const labels = { a: "1", b: "2" };
  assertEquals(updatedLabels(labels, { c: "3" }, []), { c: "3" });
  assertEquals(
    updatedLabels(labels, { a: "new", c: "3" }, ["labels", "labels.b"]),
    { a: "new", b: "", c: "3" },
  );
  assertEquals(
    updatedLabels(labels, { toString: "x" }, ["labels.valueOf"]),
    { a: "1", b: "2", valueOf: "" },
  );
});
