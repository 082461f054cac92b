/**
 * What a caller can react to: the driver's own errors, by code.
 *
 * @module
 */

/** Codes of {@linkcode DriverError}, named like the errno they stand for. */
export type DriverErrorCode =
  /** The caller gave up. */
  | "ECANCELED"
  /** The archive is malformed, hostile or cut short. */
  | "EBADMSG"
  /** The layer is mounted or has children. */
  | "EBUSY"
  /** A layer of that id exists already. */
  | "EEXIST"
  /** The archive holds more than the caller allows. */
  | "EFBIG"
  /** An id, option or argument is malformed. */
  | "EINVAL"
  /** A file changed or went away while it was read. */
  | "EIO"
  /** The chain of layers would become too deep. */
  | "EMLINK"
  /** There is no such layer. */
  | "ENOENT"
  /** The kernel or the backing file system cannot do this. */
  | "ENOTSUP"
  /** The process may not do this. */
  | "EPERM"
  /** The layer's files on disk are corrupt. */
  | "EUCLEAN";

/**
 * A request that the driver refuses, with the code of the reason.
 *
 * The message says what was attempted and, after a colon, what prevents it.
 * What the kernel refused arrives as a {@linkcode SyscallError} instead; both
 * have a `code`.
 */
export class DriverError extends Error {
  /** Always `"DriverError"`. */
  override readonly name = "DriverError";
  /** Why the request was refused, such as `"ENOENT"`. */
  readonly code: DriverErrorCode;

  /**
   * Makes an error.
   *
   * @param code Why the request was refused.
   * @param message What was attempted, a colon, and what prevents it.
   * @param options The error that caused this one, if any.
   */
  constructor(code: DriverErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** What anything that was thrown says. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
