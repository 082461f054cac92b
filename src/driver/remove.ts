/**
 * Deletes layers.
 *
 * @module
 */

import { DriverError } from "../errors.ts";
import { checkId, MERGED, quote } from "../store/layout.ts";
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
      if (context.uses.inUse(merged)) throw isMounted(id);
    });
    await paced(context.store.purge(doomed));
  });
}

function isMounted(id: string): DriverError {
  return new DriverError(
    "EBUSY",
    `Cannot remove layer ${quote(id)}: it is mounted`,
  );
}
