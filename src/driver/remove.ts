/**
 * Deletes layers.
 *
 * @module
 */

import { DriverError, messageOf } from "../errors.ts";
import type { Dir } from "../linux/dir.ts";
import { mayHoldMounts, mountsBelow } from "../linux/mountinfo.ts";
import { detach } from "../overlay/mount.ts";
import { condemnLayer, purgeLayer } from "../store/condemn.ts";
import { checkId, MERGED, quote } from "../store/layout.ts";
import type { Doomed } from "../store/leftovers.ts";
import { printableName } from "../text.ts";
import type { Context } from "./context.ts";
import { awhile } from "../linux/file.ts";
import { begun, paced } from "../pace.ts";

/** How long the caller waits for files to be deleted: enough for small layers. */
const WAIT_MS = 0.5;
/** Files in one directory that no caller waits for. */
const MANY = 64;

/**
 * Takes a layer out of the home and deletes its files, many of them later.
 *
 * @throws {DriverError} `EINVAL`, `ENOENT`; `EBUSY` if it is mounted or has
 * children; `ECANCELED`.
 */
export async function removeLayer(
  context: Context,
  id: string,
  signal?: AbortSignal,
): Promise<void> {
  checkId(id);
  const doomed = await context.turns.run(
    id,
    () => condemn(context, id, signal),
    signal,
  );
  purge(context, id, doomed);
}

/** Deletes the files of a layer that is gone already, whatever comes of it. */
function purge(context: Context, id: string, doomed: Doomed): void {
  const tell = (error: unknown) =>
    context.warn(
      `Cannot delete all files of layer ${
        quote(id)
      }, which is removed; cleanup deletes the rest: ${messageOf(error)}`,
    );
  let isLarge = false;
  const steps = purgeLayer(context.store, doomed, (entries) => {
    isLarge ||= entries > MANY;
  });
  try {
    if (begun(steps, WAIT_MS, () => isLarge)) return;
  } catch (error) {
    return tell(error);
  }
  context.background.add(later(steps), tell);
}

/** Begins after the answer: the first turn of a work is not short. */
async function later(steps: Generator<unknown>): Promise<void> {
  await awhile();
  await paced(steps);
}

function condemn(
  context: Context,
  id: string,
  signal: AbortSignal | undefined,
): Promise<Doomed> {
  const merged = context.path(`${id}/${MERGED}`);
  return condemnLayer(context.store, id, (link, home) => {
    if (context.uses.inUse(merged, link)) throw isBusy(id, "it is mounted");
    unmountBelow(home, id);
  }, signal);
}

/**
 * Unmounts what is mounted somewhere in a layer's files, as Docker does: it
 * belongs to somebody else and must not be deleted with them.
 */
function unmountBelow(home: Dir, id: string): void {
  if (!mayHoldMounts(home.fd)) return;
  const dir = `${home.realPath()}/${id}`;
  for (const { mountpoint } of mountsBelow(dir)) {
    if (detach(mountpoint) || !isStillMounted(dir, mountpoint)) continue;
    const place = printableName(mountpoint);
    throw isBusy(id, `${place} is a mountpoint and cannot be unmounted`);
  }
}

/** A mount that another process had for a moment may be gone by now. */
function isStillMounted(dir: string, mountpoint: string): boolean {
  return mountsBelow(dir).some((mount) => mount.mountpoint === mountpoint);
}

function isBusy(id: string, why: string): DriverError {
  return new DriverError("EBUSY", `Cannot remove layer ${quote(id)}: ${why}`);
}
