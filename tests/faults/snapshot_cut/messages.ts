/**
 * What the guest says to the host, one JSON object a line.
 *
 * @module
 */

import type { Mode } from "../power_cut/messages.ts";

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

/** Whether work goes on in a home after a cut. */
export interface Works {
  readonly say: "works";
  readonly home: string;
  /** What does not work; `undefined` if all does. */
  readonly fault?: string;
}

/** A home is deleted, having been looked at. */
export interface Discard {
  readonly say: "discard";
  readonly home: string;
}

/** The guest is up; or it has looked at everything and the load begins. */
export interface Stage {
  readonly say: "up" | "load";
}

/** Anything that the guest says. */
export type Message = Step | Look | Works | Discard | Stage;

/** Name of the home of a load. */
export function homeOf(place: string, mode: Mode, cut: number): string {
  // What is lost without sync stays lost, so each such load has a home of its own.
  return mode === "none" ? `${place}/none-${cut}` : `${place}/${mode}`;
}
