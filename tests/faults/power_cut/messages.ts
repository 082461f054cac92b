/**
 * What the guest says to the host, one JSON object a line.
 *
 * @module
 */

/** File systems, which are also the names of the disks. */
export const PLACES = ["ext4", "xfs"] as const;

/** How durable a home is made; see the option `overlay2.sync`. */
export const MODES = ["layer", "strict", "none"] as const;

/** One of {@linkcode MODES}. */
export type Mode = typeof MODES[number];

/** What is done to a layer. */
export type Operation = "create" | "apply" | "write" | "remove";

/** An operation that begins, or that was reported done. */
export interface Step {
  readonly say: "begin" | "done";
  /** Home, as `PLACE/NAME`. */
  readonly home: string;
  readonly operation: Operation;
  readonly id: string;
}

/** A layer as it lies on disk after a cut. */
export interface SeenLayer {
  readonly id: string;
  /** Ways in which its files are not what they were, such as `"empty d1/f3"`. */
  readonly differences: readonly string[];
  /** Whether it has no files at all. */
  readonly empty: boolean;
  /** Whether it has a record of what was written to it. */
  readonly recorded: boolean;
}

/** What is kept of a finding of `check`. */
export interface Found {
  readonly name: string;
  /** Layer that it is about. */
  readonly id?: string;
  readonly path: string;
}

/** A home after a cut, and after `init`. */
export interface Look {
  readonly say: "look";
  readonly home: string;
  readonly layers: readonly SeenLayer[];
  /** What else is wrong with the home. */
  readonly faults: readonly string[];
  /** What `check` finds wrong, also in what was recorded of the files. */
  readonly findings: readonly Found[];
}

/** Whether work goes on in a home, or with one layer of it, after a cut. */
export interface Works {
  readonly say: "works";
  readonly home: string;
  readonly id?: string;
  /** What does not work; `undefined` if all does. */
  readonly fault?: string;
}

/** A home is deleted, having been looked at. */
export interface Discard {
  readonly say: "discard";
  readonly home: string;
}

/** A layer that is mounted with `volatile` and left to the cut. */
export interface Left {
  readonly say: "left";
  readonly home: string;
  readonly id: string;
}

/** The guest is up; or it has looked at everything and the load begins. */
export interface Stage {
  readonly say: "up" | "load";
}

/** Anything that the guest says. */
export type Message = Step | Look | Works | Discard | Left | Stage;

/** Mode of a home, which its name begins with. */
export function modeOf(home: string): Mode {
  const name = home.slice(home.indexOf("/") + 1);
  return MODES.find((mode) => name.startsWith(mode))!;
}
