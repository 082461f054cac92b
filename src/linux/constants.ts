/**
 * Numbers of the kernel's interface, x86-64 and aarch64.
 *
 * Sources: `include/uapi/linux/{fcntl,stat,openat2,mount,quota,fs}.h` and the
 * `asm/fcntl.h` of each platform.
 *
 * @module
 */

/** Flags whose values depend on the platform. */
export interface PlatformFlags {
  /** Fail unless the file is a directory. */
  readonly O_DIRECTORY: number;
  /** Fail if the last component is a symbolic link. */
  readonly O_NOFOLLOW: number;
}

/** Flags by the name that `Deno.build.arch` gives a platform. */
export const PLATFORMS: Readonly<Record<string, PlatformFlags>> = {
  // deno-lint-ignore camelcase -- the name that Deno.build.arch has
  x86_64: { O_DIRECTORY: 0o200000, O_NOFOLLOW: 0o400000 },
  aarch64: { O_DIRECTORY: 0o40000, O_NOFOLLOW: 0o100000 },
};

const platform = PLATFORMS[Deno.build.arch] ?? PLATFORMS.x86_64!;

/** Open for reading. */
export const O_RDONLY = 0;
/** Open for writing. */
export const O_WRONLY = 1;
/** Create the file. */
export const O_CREAT = 0o100;
/** Fail if the file exists. */
export const O_EXCL = 0o200;
/** Cut the file to nothing. */
export const O_TRUNC = 0o1000;
/** Do not wait for the other end. */
export const O_NONBLOCK = 0o4000;
/** Close on exec. */
export const O_CLOEXEC = 0o2000000;
/** A name of a file, not its content. */
export const O_PATH = 0o10000000;
/** Fail unless the file is a directory. */
export const O_DIRECTORY: number = platform.O_DIRECTORY;
/** Fail if the last component is a symbolic link. */
export const O_NOFOLLOW: number = platform.O_NOFOLLOW;

/** The current directory, in place of a descriptor. */
export const AT_FDCWD = -100;
/** Do not follow a symbolic link in the last component. */
export const AT_SYMLINK_NOFOLLOW = 0x100;
/** Remove a directory. */
export const AT_REMOVEDIR = 0x200;
/** An empty path means the descriptor itself. */
export const AT_EMPTY_PATH = 0x1000;

/** Bits of the mode that say what a file is. */
export const S_IFMT = 0o170000;
/** Directory. */
export const S_IFDIR = 0o040000;
/** Character device. */
export const S_IFCHR = 0o020000;
/** Block device. */
export const S_IFBLK = 0o060000;
/** Regular file. */
export const S_IFREG = 0o100000;
/** Fifo. */
export const S_IFIFO = 0o010000;
/** Symbolic link. */
export const S_IFLNK = 0o120000;
/** Socket. */
export const S_IFSOCK = 0o140000;

/** `syscall(2)` numbers; those from 424 on are the same on every platform. */
export const SYS = {
  move_mount: 429,
  fsopen: 430,
  fsconfig: 431,
  fsmount: 432,
  openat2: 437,
  quotactl_fd: 443,
  listmount: 458,
} as const;
