/**
 * What containerd is to mount for a snapshot, as its own overlay snapshotter has
 * it; pure.
 *
 * @module
 */

import type { Stack } from "../../driver/snapshots.ts";
import type { Kind, MountSpec } from "./messages.ts";

/**
 * Makes the mounts of a snapshot.
 *
 * A single directory needs no overlay. A snapshot that is only looked at shows
 * what it stands on, without a directory of its own.
 *
 * @param kind Whether it is written to.
 * @param stack What its layer is made of.
 */
export function mountsOf(kind: Kind, stack: Stack): MountSpec[] {
  const { upper, lowers } = stack;
  const [nearest, second] = lowers;
  if (nearest === undefined) {
    return [bind(upper, kind === "view" ? "ro" : "rw")];
  }
  if (kind === "view") {
    if (second === undefined) return [bind(nearest, "ro")];
    return [overlay([...flags(stack), lowerdir(lowers)])];
  }
  const own = [`workdir=${stack.work}`, `upperdir=${upper}`];
  const volatile = stack.volatile ? ["volatile"] : [];
  return [overlay([...flags(stack), ...own, lowerdir(lowers), ...volatile])];
}

function flags({ indexOff, userxattr }: Stack): string[] {
  return [
    ...indexOff ? ["index=off"] : [],
    ...userxattr ? ["userxattr"] : [],
  ];
}

function lowerdir(lowers: readonly string[]): string {
  return `lowerdir=${lowers.join(":")}`;
}

function bind(source: string, access: "ro" | "rw"): MountSpec {
  return { type: "bind", source, options: [access, "rbind"] };
}

function overlay(options: readonly string[]): MountSpec {
  return { type: "overlay", source: "overlay", options };
}
