/**
 * What is timed: each work as our driver does it, and as jobs for Docker's.
 *
 * @module
 */

import { applyFrom } from "../src/driver/init.ts";
import { descriptorSource } from "../src/driver/source.ts";
import type { Driver } from "../mod.ts";
import { AT_FDCWD, O_RDONLY } from "../src/linux/constants.ts";
import { closeFd, openAt } from "../src/linux/file.ts";
import type { Jobs } from "./peer.ts";

/** One thing to time. */
export interface Work {
  /** What it is. */
  readonly name: string;
  /** How many operations a run makes. */
  readonly count: number;
  /** Does them. */
  ours(driver: Driver): Promise<void>;
  /** The same for Docker's driver. */
  readonly theirs: Jobs;
  /** Takes back what a run made, untimed. */
  readonly undo?: string;
}

function repeat(count: number, jobs: Jobs): Jobs {
  return Array.from({ length: count }, () => jobs).flat();
}

async function times(
  count: number,
  once: () => Promise<unknown>,
): Promise<void> {
  for (let i = 0; i < count; i++) await once();
}

async function applyFile(
  driver: Driver,
  id: string,
  path: string,
): Promise<void> {
  const fd = openAt({ fd: AT_FDCWD, path: "" }, path, O_RDONLY);
  try {
    await applyFrom(driver, id, "", descriptorSource(fd, path));
  } finally {
    closeFd(fd);
  }
}

async function drain(stream: ReadableStream<Uint8Array>): Promise<void> {
  for await (const _ of stream);
}

function getPut(name: string, id: string, count: number): Work {
  return {
    name,
    count,
    ours: (driver) =>
      times(count, async () => {
        await driver.get(id);
        await driver.put(id);
      }),
    theirs: repeat(count, [["get", id], ["put", id]]),
  };
}

function apply(name: string, archive: string): Work {
  return {
    name,
    count: 1,
    async ours(driver) {
      await driver.create("applied");
      await applyFile(driver, "applied", archive);
    },
    theirs: [["create", "applied"], ["apply-diff", "applied", "-i", archive]],
    undo: "applied",
  };
}

function diff(name: string, id: string): Work {
  return {
    name,
    count: 1,
    ours: (driver) => drain(driver.diff(id)),
    theirs: [["diff", id, "", "--hasty", "-o", "/dev/null"]],
  };
}

/** All works, on layers that {@linkcode prepare} made from two archives. */
export function works(small: string, big: string): Work[] {
  return [
    {
      name: "exists",
      count: 2000,
      ours: (driver) => times(2000, () => driver.exists("base")),
      theirs: repeat(2000, [["exists", "base"]]),
    },
    {
      name: "create + remove",
      count: 200,
      ours: (driver) =>
        times(200, async () => {
          await driver.create("new", "base");
          await driver.remove("new");
        }),
      theirs: repeat(200, [["create", "new", "base"], ["remove", "new"]]),
    },
    getPut("get + put, 2 layers", "c2", 200),
    getPut("get + put, 120 layers", "c120", 40),
    apply("apply, 20,000 small files", small),
    apply("apply, 8 × 64 MiB", big),
    diff("diff, 20,000 small files, to a stream", "small"),
    diff("diff, 8 × 64 MiB, to a stream", "big"),
    {
      name: "changes, 10 files over 20,000",
      count: 1,
      ours: async (driver) => void await driver.changes("changed"),
      theirs: [["changes", "changed", "small"]],
    },
    {
      name: "diff-size, 20,000 small files",
      count: 1,
      ours: async (driver) => void await driver.diffSize("small"),
      theirs: [["diff-size", "small", ""]],
    },
  ];
}

/** The layers that the works need, as jobs; both drivers are given the same. */
export function preparation(small: string, big: string): Jobs {
  const chain = Array.from({ length: 120 }, (_, i) => [
    "create",
    `c${i + 1}`,
    i === 0 ? "base" : `c${i}`,
  ]);
  return [
    ["create", "base"],
    ...chain,
    ["create", "small"],
    ["apply-diff", "small", "-i", small],
    ["create", "big"],
    ["apply-diff", "big", "-i", big],
    ["create-rw", "changed", "small"],
  ];
}

/** Makes the layers of {@linkcode preparation} with our driver. */
export async function prepare(driver: Driver, jobs: Jobs): Promise<void> {
  for (const [verb, id, parent, file] of jobs) {
    if (verb === "apply-diff") await applyFile(driver, id!, file!);
    else await driver.create(id!, parent);
  }
}

/** Changes ten files of the layer `changed` under a home, through a mount. */
export async function change(root: string): Promise<void> {
  for (let i = 0; i < 10; i++) {
    await Deno.writeTextFile(`${root}/d${i}/f${i}`, "changed");
  }
}
