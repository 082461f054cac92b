/**
 * A quiet disk: ext4 with a journal on a loop device in memory.
 *
 * Other disks are shared, and an ext4 without a journal walks past recently
 * deleted inodes, which multiplies the time of whatever comes after a removal.
 *
 * @module
 */

import { run } from "./program.ts";
import { onSignal } from "./signals.ts";

/** A disk that goes away with its object, or with a process that is ended. */
export interface Disk extends AsyncDisposable {
  /** Directory where it is mounted. */
  readonly path: string;
}

/**
 * Makes and mounts a disk. Needs root, `mkfs.ext4` and `mount`.
 *
 * @param size Its size, as `truncate` takes it; memory is needed for what is
 * written only.
 */
export async function makeDisk(size = "12G"): Promise<Disk> {
  const dir = await Deno.makeTempDir({ dir: "/dev/shm", prefix: "overlay2_" });
  const image = `${dir}/disk`;
  const path = `${dir}/mnt`;
  await Deno.mkdir(path);
  const forget = onSignal(() => {
    // At once: what works there now fails, and ends the process.
    new Deno.Command("umount", { args: ["-lR", path] }).outputSync();
    Deno.removeSync(dir, { recursive: true });
  });
  try {
    await run("truncate", ["-s", size, image]);
    const lazy = "lazy_itable_init=0,lazy_journal_init=0,discard";
    await run("mkfs.ext4", ["-q", "-F", "-E", lazy, image]);
    await run("mount", ["-o", "loop,discard", image, path]);
  } catch (error) {
    forget();
    await Deno.remove(dir, { recursive: true });
    throw error;
  }
  return {
    path,
    async [Symbol.asyncDispose]() {
      await run("umount", [path]);
      await Deno.remove(dir, { recursive: true });
      forget();
    },
  };
}
