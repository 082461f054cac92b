/**
 * Everything that a run of the virtual machine needs, in a directory of its own.
 *
 * @module
 */

import { bundle } from "../compile.ts";
import { chooseProcessor } from "./accel.ts";
import { type Disk, makeDisks, mountTable } from "./disks.ts";
import { makeInitrd } from "./initrd.ts";
import { fetchKernel } from "./kernel.ts";
import type { MachineOptions } from "./machine.ts";

/** Directory of what is kept from run to run, below the working directory. */
export const CACHE = ".cache/vm";

/** A machine that is ready to be switched on, as often as one likes. */
export interface Setup extends AsyncDisposable {
  /** Directory that goes away with the setup. */
  readonly dir: string;
  /** Options of a run; its disks are the raw images. */
  readonly options: Omit<MachineOptions, "timeout">;
}

/**
 * Fetches and makes what a machine consists of.
 *
 * @param program Path of the module that `init.sh` runs.
 * @param disks Its disks, which are made anew.
 */
export async function setUp(
  program: string,
  disks: readonly Disk[],
): Promise<Setup> {
  await Deno.mkdir(CACHE, { recursive: true });
  const kernel = await fetchKernel(await Deno.realPath(CACHE));
  const dir = await Deno.makeTempDir({ dir: CACHE, prefix: "run-" });
  const remove = () => Deno.remove(dir, { recursive: true });
  try {
    const initrd = `${dir}/initrd`;
    const init = new URL("init.sh", import.meta.url);
    await makeInitrd(kernel, CACHE, [
      { path: "init", content: await Deno.readTextFile(init), mode: 0o755 },
      { path: "disks", content: mountTable(disks), mode: 0o644 },
      { path: "suite.js", content: await bundle(program), mode: 0o644 },
    ], initrd);
    const paths = await makeDisks(dir, disks);
    return {
      dir,
      options: {
        kernel,
        processor: await chooseProcessor(kernel),
        initrd,
        drives: paths.map((path) => ({ path, format: "raw" })),
        consoleLog: `${dir}/console.log`,
      },
      [Symbol.asyncDispose]: remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}
