/**
 * What the kernel said: errno names and the error that carries them.
 *
 * @module
 */

/** Errno numbers that the kernel can answer here, the same on both platforms. */
const NAMES: readonly (readonly [number, string, string])[] = [
  [1, "EPERM", "operation not permitted"],
  [2, "ENOENT", "no such file or directory"],
  [4, "EINTR", "interrupted"],
  [5, "EIO", "input/output error"],
  [6, "ENXIO", "no such device or address"],
  [7, "E2BIG", "argument list too long"],
  [9, "EBADF", "bad file descriptor"],
  [11, "EAGAIN", "resource temporarily unavailable"],
  [12, "ENOMEM", "out of memory"],
  [13, "EACCES", "permission denied"],
  [14, "EFAULT", "bad address"],
  [15, "ENOTBLK", "block device required"],
  [16, "EBUSY", "device or resource busy"],
  [17, "EEXIST", "file exists"],
  [18, "EXDEV", "cross-device link"],
  [19, "ENODEV", "no such device"],
  [20, "ENOTDIR", "not a directory"],
  [21, "EISDIR", "is a directory"],
  [22, "EINVAL", "invalid argument"],
  [23, "ENFILE", "too many open files in system"],
  [24, "EMFILE", "too many open files"],
  [25, "ENOTTY", "inappropriate ioctl for device"],
  [26, "ETXTBSY", "text file busy"],
  [27, "EFBIG", "file too large"],
  [28, "ENOSPC", "no space left on device"],
  [29, "ESPIPE", "illegal seek"],
  [30, "EROFS", "read-only file system"],
  [31, "EMLINK", "too many links"],
  [32, "EPIPE", "broken pipe"],
  [34, "ERANGE", "result too large"],
  [36, "ENAMETOOLONG", "file name too long"],
  [37, "ENOLCK", "no locks available"],
  [38, "ENOSYS", "not implemented by this kernel"],
  [39, "ENOTEMPTY", "directory not empty"],
  [40, "ELOOP", "too many levels of symbolic links"],
  [61, "ENODATA", "no data available"],
  [62, "ETIME", "timer expired"],
  [75, "EOVERFLOW", "value too large"],
  [84, "EILSEQ", "invalid byte sequence"],
  [95, "EOPNOTSUPP", "operation not supported"],
  [110, "ETIMEDOUT", "timed out"],
  [116, "ESTALE", "stale file handle"],
  [117, "EUCLEAN", "structure needs cleaning"],
  [122, "EDQUOT", "disk quota exceeded"],
];

const BY_NUMBER = new Map(NAMES.map(([number, code, text]) =>
  [
    number,
    { code, text },
  ] as const
));

/**
 * A system call that the kernel refused.
 *
 * `code` has the spelling that errors of `Deno.*` carry, so
 * {@linkcode hasCode} tells both apart in one way.
 */
export class SyscallError extends Error {
  /** Always `"SyscallError"`. */
  override readonly name = "SyscallError";
  /** Name of the call, such as `"umount2"`. */
  readonly syscall: string;
  /** Error number of the kernel, such as `22`. */
  readonly errno: number;
  /** Name of {@linkcode errno}, such as `"EINVAL"`, or `"E22"` if unnamed. */
  readonly code: string;
  /** What the call was about, usually a path. */
  readonly path: string;
  /** What the kernel said, in words. */
  readonly reason: string;

  /**
   * Makes an error from the errno of a failed call.
   *
   * @param syscall Name of the call that failed.
   * @param errno Error number, read right after the call.
   * @param path What the call was about, usually a path.
   * @param detail What the kernel said beyond the number, if anything.
   */
  constructor(syscall: string, errno: number, path: string, detail = "") {
    const named = BY_NUMBER.get(errno);
    const text = named?.text ?? `error ${errno}`;
    const reason = text + (detail && `: ${detail}`);
    super(`Cannot ${syscall} ${path}: ${reason}`);
    this.reason = reason;
    this.syscall = syscall;
    this.errno = errno;
    this.code = named?.code ?? `E${errno}`;
    this.path = path;
  }
}

/**
 * Tells whether an error, from libc or from `Deno.*`, reports one of the codes.
 *
 * @param error Anything that was thrown.
 * @param codes Names such as `"ENOENT"`.
 */
export function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && "code" in error &&
    codes.includes(String(error.code));
}

/** Codes of file systems that take nothing more. */
export const NO_ROOM: readonly string[] = ["ENOSPC", "EDQUOT", "EROFS"];

/**
 * Tells whether an error says that the machine is short of something or faulty
 * at this moment, so that it is no answer to what the machine can do.
 *
 * @param error Anything that was thrown.
 */
export function isPassing(error: unknown): boolean {
  return hasCode(
    error,
    "EBUSY",
    "EIO",
    "EINTR",
    "EMFILE",
    "ENFILE",
    "ENOLCK",
    "ENOMEM",
  );
}
