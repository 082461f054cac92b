/**
 * Whether to promise dockerd that a diff gives the bytes that were applied.
 *
 * @module
 */

import { parseOptions } from "../../driver/options.ts";
import type { Message } from "./layers.ts";

const EXACT = "overlay2.exact";

/** dockerd's own record of how an archive was laid out. */
const TAR_SPLIT = "tar-split.json.gz";

/** What options say of it; nothing makes it true. */
export function isExact(storageOpts: readonly string[]): boolean {
  return parseOptions({ storageOpts: [`${EXACT}=true`, ...storageOpts] }).exact;
}

/**
 * Decides it for a home, unless options do.
 *
 * Without the promise dockerd records each archive itself, and saves a layer only
 * by that record; with it, only by a diff. So where it has a record of every
 * layer, as after its own driver, nothing is promised, and what it has can be
 * saved on.
 *
 * @param body What dockerd says at `Init`.
 * @param home The home that it names.
 * @param storageOpts Options that come before those of dockerd.
 * @returns The same, with the decision among its options.
 */
export function withExact(
  body: Message,
  home: string,
  storageOpts: readonly string[],
): Message {
  const own = Array.isArray(body.Opts) ? body.Opts : [];
  if ([...storageOpts, ...own].some(isAbout)) return body;
  return { ...body, Opts: [`${EXACT}=${!isRecorded(home)}`, ...own] };
}

function isAbout(option: unknown): boolean {
  return typeof option === "string" &&
    option.split("=")[0]!.trim().toLowerCase() === EXACT;
}

/** Whether dockerd has layers in a home, and a record of each. */
function isRecorded(home: string): boolean {
  const cut = home.lastIndexOf("/");
  const layers = `${home.slice(0, cut)}/image/${
    home.slice(cut + 1)
  }/layerdb/sha256`;
  const ids = namesIn(layers);
  return ids.length > 0 &&
    ids.every((id) => namesIn(`${layers}/${id}`).includes(TAR_SPLIT));
}

function namesIn(path: string): string[] {
  try {
    return [...Deno.readDirSync(path)].map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
