/**
 * Small file systems on loop devices, which become full, read-only or faulty.
 *
 * @module
 */

import { statfsSync } from "node:fs";
import { Dir } from "../../src/linux/dir.ts";
import { checked, libc } from "../../src/linux/libc.ts";
import { MNT_DETACH, unmount } from "../../src/linux/mount.ts";
import { mountsBelow } from "../../src/linux/mountinfo.ts";
import { findCommand, run } from "../../tools/vm/needs.ts";

/** What to make. */
export interface DiskOptions {
  readonly type: "ext4" | "xfs";
  /** Number of files that fit, if that is to be small. */
  readonly inodes?: number;
}

/** The smallest that `mkfs` makes, in MiB. */
const SIZE = { ext4: 64, xfs: 300 };

/** `_IOR('X', 125, __u32)`: ext4 and xfs answer `EIO` from then on. */
const IOC_SHUTDOWN = 0x8004587dn;

/** A mounted file system. */
export class Disk implements AsyncDisposable {
  /** Where it is mounted. */
  readonly path: string;
  readonly #image: string;
  readonly #device: string;
  readonly #ballast: string;

  private constructor(dir: string, device: string) {
    this.path = `${dir}/disk`;
    this.#image = `${dir}/image`;
    this.#device = device;
    this.#ballast = `${this.path}/ballast`;
  }

  /**
   * Makes a file system and mounts it.
   *
   * @param dir Directory for its image and its mountpoint; is made.
   * @param options What to make.
   */
  static async make(
    dir: string,
    { type, inodes }: DiskOptions,
  ): Promise<Disk> {
    Deno.mkdirSync(`${dir}/disk`, { recursive: true });
    const image = `${dir}/image`;
    Deno.writeFileSync(image, new Uint8Array());
    Deno.truncateSync(image, SIZE[type] * 1024 * 1024);
    const options = type === "xfs"
      ? ["-q", ...(inodes ? ["-i", "maxpct=1"] : [])]
      : ["-qF", "-m", "0", ...(inodes ? ["-N", String(inodes)] : [])];
    await run(`mkfs.${type}`, [...options, image]);
    const device = await run("losetup", ["-f", "--show", image]);
    const disk = new Disk(dir, new TextDecoder().decode(device).trim());
    await disk.mount();
    return disk;
  }

  /** Mounts it. */
  async mount(): Promise<void> {
    await run("mount", [this.#device, this.path]);
  }

  /** Unmounts it, and all that is mounted below. */
  unmount(): void {
    for (const { mountpoint } of mountsBelow(this.path)) {
      unmount(mountpoint, MNT_DETACH);
    }
    unmount(this.path);
  }

  /** Makes it read-only, or writable again. */
  async remount(mode: "ro" | "rw"): Promise<void> {
    await run("mount", ["-o", `remount,${mode}`, this.path]);
  }

  /** Bytes and files that still fit. */
  get room(): { readonly bytes: number; readonly inodes: number } {
    const { bsize, bfree, ffree } = statfsSync(this.path);
    return { bytes: bsize * bfree, inodes: ffree };
  }

  /** Fills it until only so many bytes are left. */
  async fill(left: number): Promise<void> {
    await this.empty();
    const smallest = 4096;
    let length = 0;
    for (let step = 1 << 28; step >= smallest;) {
      if (await this.#allocate(length, step)) length += step;
      else step /= 2;
    }
    Deno.truncateSync(this.#ballast, Math.max(0, length - left));
    await run("sync", ["-f", this.path]);
  }

  async #allocate(offset: number, length: number): Promise<boolean> {
    const { bytes } = this.room;
    if (length > bytes) return false;
    const { success } = await new Deno.Command(findCommand("fallocate")!, {
      args: ["-o", String(offset), "-l", String(length), this.#ballast],
      stderr: "null",
    }).output();
    return success;
  }

  /** Uses up files until only so many are left. */
  useInodes(left: number): void {
    Deno.mkdirSync(this.#ballast, { recursive: true });
    for (let i = 0; this.room.inodes > left; i++) {
      Deno.writeFileSync(`${this.#ballast}/${crypto.randomUUID()}`, EMPTY);
    }
  }

  /** Takes away what filled it. */
  async empty(): Promise<void> {
    await Deno.remove(this.#ballast, { recursive: true }).catch(() => {});
    // What was deleted is free once the journal says so.
    await run("sync", ["-f", this.path]);
  }

  /** Breaks it: all that needs the device answers `EIO` from now on. */
  shutDown(): void {
    using root = Dir.open(this.path);
    const flags = new Uint8Array([2, 0, 0, 0]);
    checked(libc.ioctl(root.fd, IOC_SHUTDOWN, flags), "ioctl", root);
  }

  /** Makes ext4 find an error, upon which it becomes read-only. */
  async strike(): Promise<void> {
    await run("mount", ["-o", "remount,errors=remount-ro", this.path]);
    const name = this.#device.slice("/dev/".length);
    Deno.writeTextFileSync(`/sys/fs/ext4/${name}/trigger_fs_error`, "test");
  }

  /** Mends what {@linkcode Disk.strike} did. */
  async repair(): Promise<void> {
    this.unmount();
    const fsck = () =>
      new Deno.Command(findCommand("e2fsck")!, {
        args: ["-fy", this.#device],
        stdout: "null",
        stderr: "null",
      }).output();
    // 1 says that errors were corrected.
    await patiently(async () => (await fsck()).code <= 1);
    await this.mount();
  }

  /** Unmounts and mounts it, which ends what {@linkcode Disk.shutDown} did. */
  async restart(): Promise<void> {
    await patiently(async () => {
      this.unmount();
      await this.mount();
      return this.#isWritable();
    });
  }

  #isWritable(): boolean {
    try {
      Deno.writeFileSync(`${this.path}/trial`, EMPTY);
      Deno.removeSync(`${this.path}/trial`);
      return true;
    } catch {
      return false;
    }
  }

  /** Cuts the end off the unmounted disk: what lies there cannot be read. */
  cut(bytes: number): void {
    Deno.truncateSync(this.#image, bytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.unmount();
    await run("losetup", ["-d", this.#device]);
  }
}

/**
 * Tries again while it does not succeed: a process that was started in a mount
 * namespace of its own meanwhile keeps an unmounted file system until it ends.
 */
async function patiently(task: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 60_000;
  while (!await task()) {
    if (performance.now() > end) throw new Error("The disk is still in use");
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

const EMPTY = new Uint8Array();
