/**
 * How one archive may be treated differently from Docker's driver.
 *
 * @module
 */

import type { DriverErrorCode } from "../../src/errors.ts";

/** How one archive is treated differently. */
export interface Difference {
  /** What Docker's driver does with the last archive. */
  readonly docker: "applies" | "fails";
  /** What ours does: apply it, or refuse it with this code. */
  readonly ours: "applies" | DriverErrorCode;
  /**
   * Lines in which the trees differ, or our tree where Docker fails; owners
   * are those without an id map.
   */
  readonly tree?: readonly string[];
  /** The trees differ in the root directory itself, which is not compared. */
  readonly root?: true;
  /** Whose home is not asked about: the other driver cannot read it. */
  readonly unread?: "docker" | "ours";
  /** Why. */
  readonly why: string;
}

/** Archives by name. */
export type Differences = Readonly<Record<string, Difference>>;

/** Both apply it, and the trees differ. */
export function differs(why: string, tree: readonly string[]): Difference {
  return { docker: "applies", ours: "applies", tree, why };
}

/** Docker fails half-way, ours applies it. */
export function applied(why: string, tree: readonly string[]): Difference {
  return { docker: "fails", ours: "applies", tree, why };
}

/** Docker applies them, ours refuses them. */
export function refused(why: string, names: readonly string[]): Differences {
  const difference: Difference = { docker: "applies", ours: "EBADMSG", why };
  return Object.fromEntries(names.map((name) => [name, difference]));
}
