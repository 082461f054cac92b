/**
 * The commands that faults are made to meet.
 *
 * @module
 */

import { type Driver, init } from "../../mod.ts";
import { Dir } from "../../src/linux/dir.ts";
import { unfinishedName } from "../../src/store/layout.ts";
import { CHANGES, FULL, REPLACING } from "./layers.ts";

/** A command, and what its home is like before. */
export interface Case {
  /** Its name in reports. */
  readonly name: string;
  /** The command word. */
  readonly command: string;
  /** Options of the whole program. */
  readonly options?: readonly string[];
  /** Its operands and options; `ROOM` stands for the directory of the home. */
  readonly args: readonly string[];
  /** What is piped into it. */
  readonly stdin?: Uint8Array;
  /** Whether it begins without a home. */
  readonly fresh?: boolean;
  /** Changes the home beforehand. */
  readonly prepare?: (home: string) => Promise<void>;
  /** The layer that it changes. */
  readonly id?: string;
  /** Whether a failure may leave part of its work in {@linkcode id}. */
  readonly partial?: boolean;
  /** Whether a failure of a trial may change what it prints. */
  readonly looseOutput?: boolean;
}

/** Mounts layers as an earlier process would have. */
function mounted(...ids: string[]): (home: string) => Promise<void> {
  return async (home) => {
    const driver: Driver = await init(home);
    for (const id of ids) await driver.get(id);
  };
}

/** What killed processes leave. */
async function strewn(home: string): Promise<void> {
  await mounted("work")(home);
  using dir = Dir.open(home);
  const name = unfinishedName();
  dir.mkdir(name, 0o710);
  Deno.mkdirSync(`${home}/${name}/diff/a/b`, { recursive: true });
  Deno.writeTextFileSync(`${home}/${name}/diff/a/file`, "x");
  Deno.mkdirSync(`${home}/leaf/.tmp-diff12345678/a`, { recursive: true });
  Deno.mkdirSync(`${home}/empty/merged`);
}

const STRICT = ["--storage-opt", "overlay2.sync=strict"];
const ARCHIVE = "ROOM/changes.tar";

/** Cases that make layers, mounts, or anything else. */
const CHANGING: readonly Case[] = [
  { name: "init of a new home", command: "init", args: [], fresh: true },
  { name: "init", command: "init", args: [], looseOutput: true },
  { name: "create", command: "create", args: ["new"], id: "new" },
  {
    name: "create in a new home",
    command: "create",
    args: ["new"],
    id: "new",
    fresh: true,
  },
  {
    name: "create on a parent",
    command: "create",
    args: ["new", "mid"],
    id: "new",
  },
  {
    name: "create on a layer that was no parent",
    command: "create",
    args: ["new", "leaf"],
    id: "new",
  },
  {
    name: "create-rw",
    command: "create-rw",
    args: ["new", "work"],
    id: "new",
  },
  { name: "get", command: "get", args: ["work"], id: "work" },
  { name: "get of a parent", command: "get", args: ["mid"], id: "mid" },
  {
    name: "put",
    command: "put",
    args: ["work"],
    prepare: mounted("work"),
  },
  { name: "remove", command: "remove", args: ["victim"], id: "victim" },
  {
    name: "remove of a writable layer",
    command: "remove",
    args: ["work"],
    id: "work",
  },
  {
    name: "apply-diff beside",
    command: "apply-diff",
    args: ["empty", "-i", ARCHIVE],
    id: "empty",
  },
  {
    name: "apply-diff beside from a pipe",
    command: "apply-diff",
    args: ["empty"],
    stdin: FULL,
    id: "empty",
  },
  {
    name: "apply-diff in place",
    command: "apply-diff",
    args: ["leaf", "-i", ARCHIVE],
    id: "leaf",
    partial: true,
  },
  {
    name: "apply-diff through a mount",
    command: "apply-diff",
    args: ["empty", "base", "-i", ARCHIVE],
    id: "empty",
  },
  {
    name: "apply-diff through a mount, in place",
    command: "apply-diff",
    args: ["leaf", "", "-i", ARCHIVE],
    id: "leaf",
    partial: true,
  },
  { name: "cleanup", command: "cleanup", args: [], prepare: strewn },
  {
    name: "check with repair",
    command: "check",
    args: ["--repair"],
    prepare: strewn,
    looseOutput: true,
  },
  {
    name: "create, strictly",
    command: "create",
    options: STRICT,
    args: ["new", "leaf"],
    id: "new",
  },
  {
    name: "remove, strictly",
    command: "remove",
    options: STRICT,
    args: ["victim"],
    id: "victim",
  },
  {
    name: "apply-diff with a manifest",
    command: "apply-diff",
    options: [...STRICT, "--storage-opt", "overlay2.manifest=true"],
    args: ["empty", "-i", ARCHIVE],
    id: "empty",
  },
  {
    name: "apply-diff that keeps the archive",
    command: "apply-diff",
    options: [...STRICT, "--storage-opt", "overlay2.exact=true"],
    args: ["empty"],
    stdin: REPLACING,
    id: "empty",
  },
  {
    name: "get of a volatile mount",
    command: "get",
    options: ["--storage-opt", "overlay2.volatile=true"],
    args: ["work"],
    id: "work",
  },
];

/** Cases that only read. */
const READING: readonly Case[] = [
  { name: "diff", command: "diff", args: ["work"] },
  { name: "diff against nothing", command: "diff", args: ["work", ""] },
  { name: "diff against another", command: "diff", args: ["work", "base"] },
  {
    name: "diff of a mounted layer",
    command: "diff",
    args: ["work", ""],
    prepare: mounted("work"),
  },
  {
    name: "diff into a file",
    command: "diff",
    args: ["work", "-o", "ROOM/out.tar"],
  },
  { name: "changes", command: "changes", args: ["work"] },
  {
    name: "changes against another",
    command: "changes",
    args: ["work", "base"],
  },
  { name: "diff-size", command: "diff-size", args: ["work"] },
  {
    name: "diff-size against another",
    command: "diff-size",
    args: ["work", "base"],
  },
  { name: "metadata", command: "metadata", args: ["work"] },
  { name: "exists", command: "exists", args: ["work"] },
  { name: "status", command: "status", args: [], looseOutput: true },
  { name: "check", command: "check", args: ["--deep"] },
];

/** All cases. */
export const CASES: readonly Case[] = [...CHANGING, ...READING];

/** Writes the files that cases name by `ROOM`. */
export function writeInputs(room: string): void {
  Deno.writeFileSync(`${room}/changes.tar`, CHANGES);
}
