/**
 * Opens a home: options first, then the kernel, then the directories.
 *
 * @module
 */

import { DriverError } from "../errors.ts";
import { Dir } from "../linux/dir.ts";
import { hasCode, isPassing, NO_ROOM } from "../linux/errno.ts";
import { fsMagic } from "../linux/statfs.ts";
import { Support } from "../overlay/support.ts";
import { kernelAtLeast } from "../overlay/userns.ts";
import { LINKS } from "../store/layout.ts";
import { Store } from "../store/store.ts";
import { IdMap } from "../tree/owners.ts";
import type { DriverOptions } from "../types.ts";
import { Context } from "./context.ts";
import { parseOptions, type Settings } from "./options.ts";

/**
 * File systems that stamp each change of a directory that was looked at anew,
 * since 6.13: btrfs, ext4 and xfs. Not tmpfs, where a removal gives the
 * directory the coarse time of what was removed.
 */
const FINE_TIMES: ReadonlySet<number> = new Set([
  0x9123683e,
  0xef53,
  0x58465342,
]);

function isDirectory(path: string): boolean {
  try {
    using _dir = Dir.open(path);
    return true;
  } catch (error) {
    if (isPassing(error)) throw error;
    return false;
  }
}

/** The home as an absolute path, cleaned as text. */
function absoluteHome(home: string): string {
  if (home === "" || home.includes("\0")) {
    throw new DriverError(
      "EINVAL",
      "Cannot use the home: its path is empty or has NUL",
    );
  }
  const absolute = home.startsWith("/") ? home : `${Deno.cwd()}/${home}`;
  const parts: string[] = [];
  for (const part of absolute.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

/** Directory to ask about the file system: the home, or what it will be made in. */
function probeBase(home: string): string {
  if (isDirectory(home)) return home;
  const above = home.slice(0, home.lastIndexOf("/")) || "/";
  if (isDirectory(above)) return above;
  throw new DriverError(
    "ENOENT",
    `Cannot use the home ${home}: its parent directory does not exist`,
  );
}

/**
 * What to do before a home is used: `"check"` kernel, file system and home in any
 * case, `"make"` a home that is missing, or `"use"` what is there.
 */
export type Opening = "check" | "make" | "use";

/**
 * Opens a home.
 *
 * @param home Path of the home.
 * @param options As the caller gave them.
 * @param opening What to do beforehand.
 */
export async function openContext(
  home: string,
  options: DriverOptions,
  opening: Opening,
): Promise<Context> {
  const settings = parseOptions(options);
  const owners = {
    users: new IdMap(options.uidMap),
    groups: new IdMap(options.gidMap),
  };
  const path = absoluteHome(home);
  const prepared = isDirectory(`${path}/${LINKS}`);
  const preparing = opening === "check" || (opening === "make" && !prepared)
    ? await import("../store/prepare.ts")
    : undefined;
  const above = probeBase(path);
  // Made before anything is tried out, so that what a trial leaves lies in it.
  const unmake = above === path ? undefined : preparing?.makeHome(path);
  const base = unmake ? path : above;
  const support = await Support.of(base, preparing !== undefined);
  if (preparing) requireOverlay(support, prepared, unmake);
  const store = new Store(path, {
    root: { uid: owners.users.root, gid: owners.groups.root },
    user: Deno.uid()!,
    maxDepth: settings.maxDepth,
    fineTimes: kernelAtLeast(Deno.osRelease(), 6, 13) &&
      FINE_TIMES.has(fsMagic(base)),
    durable: settings.sync === "strict",
  });
  preparing?.prepareHome(path, owners.groups.root);
  const context = new Context(
    store,
    isDirectory(path) ? support.at(path) : support,
    owners,
    settings,
    options.onWarning ?? defaultWarning,
  );
  if (preparing || settings.defaultSize !== 0) {
    await prepareQuota(context, preparing !== undefined);
  }
  requireVolatile(settings);
  return context;
}

/**
 * A home that was used before can be read, and layers be removed from it, also
 * where nothing can be tried out because the disk is full or read-only.
 */
function requireOverlay(
  support: Support,
  prepared: boolean,
  unmake: (() => void) | undefined,
): void {
  try {
    support.requireOverlay();
  } catch (error) {
    if (prepared && hasCode(error, ...NO_ROOM)) return;
    unmake?.();
    throw error;
  }
}

async function prepareQuota(context: Context, make: boolean): Promise<void> {
  const { jobs, settings, support } = context;
  const quota = (await jobs.quota.load()).quotaOf(context);
  if (make) quota.prepare();
  if (settings.defaultSize === 0) return;
  const obstacle = quota.obstacle();
  if (obstacle === undefined) return;
  throw new DriverError(
    "ENOTSUP",
    `Cannot use storage option overlay2.size on ${support.backingFilesystem}: ${obstacle}`,
  );
}

function requireVolatile(settings: Settings): void {
  const release = Deno.osRelease();
  if (!settings.volatile || kernelAtLeast(release, 5, 10)) return;
  throw new DriverError(
    "ENOTSUP",
    `Cannot use storage option overlay2.volatile: it takes Linux 5.10, and this is ${release}`,
  );
}

function defaultWarning(message: string): void {
  // deno-lint-ignore no-console -- what is left out must not go unsaid
  console.warn(`overlay2: ${message}`);
}
