/**
 * Where a test works: a file system of its own in memory.
 *
 * Unmounting a writable overlay writes out the whole file system below it, so
 * that on a disk the tests would wait for whatever else the machine writes.
 *
 * @module
 */

const PREFIX = "overlay2_oracle_";

/**
 * A directory that goes away with the test: on an ext4 of its own in memory,
 * or in `OVERLAY2_ORACLE_DIR`, or, where neither can be had, in the temporary
 * directory.
 */
export class WorkDir implements AsyncDisposable {
  /** The directory. */
  readonly path: string;
  readonly #image: string | undefined;

  private constructor(path: string, image: string | undefined) {
    this.path = path;
    this.#image = image;
  }

  /** Makes one. */
  static async make(): Promise<WorkDir> {
    const dir = Deno.env.get("OVERLAY2_ORACLE_DIR");
    if (dir !== undefined) {
      return new WorkDir(
        await Deno.makeTempDir({ dir, prefix: PREFIX }),
        undefined,
      );
    }
    const path = await Deno.makeTempDir({ prefix: PREFIX });
    return new WorkDir(path, await mountImage(path));
  }

  /** Takes the file system away, or deletes the directory. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#image !== undefined) {
      if (!await run("umount", this.path)) await run("umount", "-l", this.path);
      await Deno.remove(this.#image);
    }
    await Deno.remove(this.path, { recursive: true });
  }
}

/** Mounts a new ext4 on a directory; the value is its image. */
async function mountImage(path: string): Promise<string | undefined> {
  let image: string;
  try {
    image = await Deno.makeTempFile({ dir: "/dev/shm", prefix: PREFIX });
  } catch {
    return undefined;
  }
  await Deno.truncate(image, 4 * 2 ** 30);
  const extended = "lazy_itable_init=1,lazy_journal_init=1,nodiscard";
  const made =
    await run("mkfs.ext4", "-q", "-F", "-E", extended, "-N", "100000", image) &&
    await run("mount", "-o", "loop,discard", image, path);
  if (made) return image;
  await Deno.remove(image);
  return undefined;
}

/** Whether a program could be run and succeeded. */
async function run(program: string, ...args: string[]): Promise<boolean> {
  try {
    const options = { args, stdout: "null", stderr: "null" } as const;
    return (await new Deno.Command(program, options).output()).success;
  } catch {
    return false;
  }
}
