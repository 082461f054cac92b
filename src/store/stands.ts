/**
 * What a layer says that it stands on.
 *
 * @module
 */

import type { Dir } from "../linux/dir.ts";
import { hasCode } from "../linux/errno.ts";
import { NO_FILE, readSmall } from "./files.ts";
import { DIFF, idOfTarget, LOWER, parseLower, WORK } from "./layout.ts";

/** Id of the layer that a short link leads to; `undefined` if it leads to none. */
export function targetOf(links: Dir, name: string): string | undefined {
  return unlessBroken(() => idOfTarget(links.readlink(name)));
}

/** Whether it is a layer, and not just something with a file like one. */
export function isLayer(home: Dir, id: string): boolean {
  return home.tryStat(id)?.type === "dir" &&
    unlessBroken(() => home.stat(`${id}/${DIFF}`)) !== undefined;
}

/** Short links that a layer lists; none for a base layer. */
export function lowersOf(
  home: Dir,
  id: string,
): readonly string[] | "unclear" {
  try {
    const text = unlessBroken(() => readSmall(home, `${id}/${LOWER}`));
    if (text !== undefined) return parseLower(text) ?? "unclear";
    // What was made on another layer has a work directory.
    const work = unlessBroken(() => home.stat(`${id}/${WORK}`));
    return work === undefined ? [] : "unclear";
  } catch (error) {
    if (hasCode(error, ...NO_FILE)) return "unclear";
    throw error;
  }
}

/** What is not there, or not a link, leads nowhere. */
function unlessBroken<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR", "ELOOP", "EINVAL")) {
      return undefined;
    }
    throw error;
  }
}
