/**
 * What the guest says to the host, one JSON object a line.
 *
 * @module
 */

import type { Discard, Stage, Works } from "../power_cut/messages.ts";

/** What is asked of the server. */
export type Operation = "prepare" | "commit" | "remove";

/**
 * What a snapshot is called: `NUMBER` is that of its content, `w12`, and follows
 * it from one call to the next.
 */
export interface Names {
  /** Key that it is unpacked under, as containerd's unpacker has it. */
  readonly unpacking: string;
  /** Key that a container would have. */
  readonly container: string;
  /** Name once it is committed. */
  readonly committed: string;
}

/** Names of the snapshot that holds content `id`. */
export function namesOf(id: string): Names {
  return {
    unpacking: `default/1/extract-1-2 ${id}`,
    container: `default/1/container ${id}`,
    committed: `default/2/${id}`,
  };
}

/** Id of the content of a snapshot. */
export function idOf(name: string): string {
  return name.slice(name.search(/w\d+$/));
}

/** A call that begins, or that was answered. */
export interface Step {
  readonly say: "begin" | "done";
  /** Home, as `PLACE/NAME`. */
  readonly home: string;
  readonly operation: Operation;
  /** Key or name of the snapshot; for a commit, the key that it had. */
  readonly name: string;
}

/** A snapshot after a cut. */
export interface Seen {
  readonly name: string;
  readonly parent: string;
  readonly committed: boolean;
  /** Ways in which its files are not what they were; of a committed one. */
  readonly differences: readonly string[];
}

/** A home after a cut, and after the server took it over. */
export interface Look {
  readonly say: "look";
  readonly home: string;
  readonly snapshots: readonly Seen[];
  /** What else is wrong with it. */
  readonly faults: readonly string[];
}

/** Anything that the guest says. */
export type Message = Step | Look | Works | Discard | Stage;
