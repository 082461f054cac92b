/**
 * Deletes layers.
 *
 * @module
 */

import { DriverError } from "../errors.ts";
import { mountsBelow } from "../linux/mountinfo.ts";
import { detach } from "../overlay/mount.ts";
import { checkId, MERGED, quote } from "../store/layout.ts";
import { printableName } from "../text.ts";
import type { Context } from "./context.ts";
import { paced } from "./pace.ts";

/**
 * Takes a layer out of the home and deletes its files.
 *
 * @throws {DriverError} `EINVAL`, `ENOENT`; `EBUSY` if it is mounted or has
 * children.
 */
export async function removeLayer(context: Context, id: string): Promise<void> {
  checkId(id);
  await context.turns.run(id, async () => {
    const merged = context.path(`${id}/${MERGED}`);
    const doomed = await context.store.condemn(id, () => {
      if (context.uses.inUse(merged)) throw isBusy(id, "it is mounted");
      unmountBelow(context, id);
    });
    await paced(context.store.purge(doomed));
  });
}

/**
 * Unmounts what is mounted somewhere in a layer's files, as Docker does: it
 * belongs to somebody else and must not be deleted with them.
 */
function unmountBelow(context: Context, id: string): void {
  const home = Deno.realPathSync(context.home);
  const dir = `${home}/${id}`;
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
