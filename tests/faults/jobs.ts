/**
 * What is asked of a driver on a file system that is full, read-only or faulty.
 *
 * @module
 */

import { type Driver, init } from "../../mod.ts";
import { settled } from "../../src/driver/init.ts";
import { bytesOf, streamOf } from "../fixtures.ts";
import { archive, dir, file } from "../tar_builder.ts";
import { CHANGES, REPLACING } from "./layers.ts";
import { ABSENT, ANYTHING } from "./verdict.ts";

/** One call of a driver, on the home of `layers.ts`. */
export interface Job {
  /** Its name in reports. */
  readonly name: string;
  /** Whether it only reads. */
  readonly reads?: boolean;
  /** Whether it needs no room: it must work on a full disk. */
  readonly frugal?: boolean;
  /** The layer that it makes or changes. */
  readonly id?: string;
  /** Whether a failure may leave part of its work in {@linkcode id}. */
  readonly partial?: boolean;
  /** Bytes that it needs, about. */
  readonly bytes?: number;
  /** Makes the home ready for it. */
  readonly prepare?: (driver: Driver) => Promise<unknown>;
  /** Does it. */
  readonly run: (driver: Driver) => Promise<unknown>;
}

const BIG_BYTES = 8_000_000;
/** An archive with one large file, behind a small one. */
const BIG: Uint8Array<ArrayBuffer> = archive(
  dir("d"),
  file("d/small", "x"),
  file("d/large", new Uint8Array(BIG_BYTES).fill(7)),
  file("d/last", "y"),
);
const MANY: Uint8Array<ArrayBuffer> = archive(
  ...Array.from({ length: 300 }, (_, i) => file(`file-${i}`, "x".repeat(99))),
);

function applying(
  name: string,
  id: string,
  parent: string | undefined,
  bytes: Uint8Array,
  fields: Partial<Job> = {},
): Job {
  return {
    name,
    id,
    bytes: bytes.length,
    run: (driver) => driver.applyDiff(id, parent, streamOf(bytes)),
    ...fields,
  };
}

/** Jobs that write. */
const WRITING: readonly Job[] = [
  { name: "create", id: "new", run: (driver) => driver.create("new") },
  {
    name: "create on a parent",
    id: "new",
    run: (driver) => driver.create("new", "leaf"),
  },
  {
    name: "createReadWrite",
    id: "new",
    run: (driver) => driver.createReadWrite("new", "mid"),
  },
  applying("apply changes", "empty", undefined, CHANGES),
  applying("apply small files", "empty", undefined, MANY, { bytes: 1_300_000 }),
  applying("apply a big file", "empty", undefined, BIG),
  {
    ...applying("apply, and keep the archive", "empty", undefined, REPLACING),
    run: async ({ home }) => {
      await using driver = await init(home, {
        storageOpts: ["overlay2.exact=true"],
        onWarning: () => {},
      });
      await driver.applyDiff("empty", undefined, streamOf(REPLACING));
    },
  },
  applying("apply changes through a mount", "empty", "base", CHANGES),
  applying("apply a big file through a mount", "empty", "base", BIG),
  applying("apply a big file in place", "leaf", undefined, BIG, {
    partial: true,
  }),
  { name: "get", id: "work", run: (driver) => getAndPut(driver, "work") },
  {
    name: "put",
    frugal: true,
    prepare: (driver) => driver.get("work"),
    run: (driver) => driver.put("work"),
  },
  {
    name: "remove",
    frugal: true,
    id: "victim",
    run: (driver) => driver.remove("victim").then(() => settled(driver)),
  },
  {
    name: "cleanup",
    frugal: true,
    prepare: (driver) => driver.get("work"),
    run: (driver) => driver.cleanup(),
  },
];

async function getAndPut(driver: Driver, id: string): Promise<void> {
  await driver.get(id);
  await driver.put(id);
}

/** Jobs that only read. */
const READING: readonly Job[] = [
  reading("init", (driver) => init(driver.home, { onWarning: () => {} })),
  reading("exists", (driver) => driver.exists("work")),
  reading("getMetadata", (driver) => driver.getMetadata("work")),
  reading("status", (driver) => Promise.resolve(driver.status())),
  reading("changes", (driver) => driver.changes("work")),
  reading(
    "changes against another",
    (driver) => driver.changes("work", "base"),
  ),
  reading("diffSize", (driver) => driver.diffSize("work")),
  reading("diff", (driver) => bytesOf(driver.diff("work"))),
  reading("diff against nothing", (driver) => bytesOf(driver.diff("work", ""))),
  reading(
    "diff of a mounted layer",
    (driver) => bytesOf(driver.diff("work", "")),
    (driver) => driver.get("work"),
  ),
];

function reading(
  name: string,
  run: Job["run"],
  prepare: Job["prepare"] = () => Promise.resolve(),
): Job {
  return { name, reads: true, frugal: true, prepare, run };
}

/** All jobs. */
export const JOBS: readonly Job[] = [...WRITING, ...READING];

/** What a call answered: its error, or nothing. */
export async function outcome(
  task: () => Promise<unknown>,
): Promise<(Error & { readonly code?: unknown }) | undefined> {
  try {
    await task();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Whether an error has one of the codes, and says what was attempted. */
export function isClean(
  error: Error & { readonly code?: unknown },
  codes: readonly string[],
): boolean {
  return codes.includes(String(error.code)) &&
    /^Cannot [^\n]+: [^\n]+$/.test(error.message);
}

/** What the layers hold once a job is done, or in between if it was not. */
export function goalOf(
  { id, name, partial }: Job,
  before: ReadonlyMap<string, string>,
  done: boolean,
): Map<string, string[]> {
  const goal = new Map([...before].map(([key, value]) => [key, [value]]));
  if (id === undefined || id === "work") return goal;
  const untouched = before.get(id) ?? ABSENT;
  const changed = name === "remove" ? ABSENT : ANYTHING;
  goal.set(id, done ? [changed] : partial ? [ANYTHING] : [untouched]);
  return goal;
}
