/**
 * Why a call of the snapshot service fails, in gRPC's codes.
 *
 * @module
 */

import { messageOf } from "../../errors.ts";
import type { GrpcCode, GrpcFault } from "../../grpc.ts";
import { printableName } from "../../text.ts";
import { WireError } from "./wire.ts";

/** A call that is refused. */
export class SnapshotError extends Error {
  /** Always `"SnapshotError"`. */
  override readonly name = "SnapshotError";
  /** What containerd reacts to. */
  readonly code: GrpcCode;

  /**
   * Makes an error.
   *
   * @param code What containerd reacts to.
   * @param message What was attempted, a colon, and what prevents it.
   */
  constructor(code: GrpcCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Makes the error of a snapshot that is not there. */
export function unknownSnapshot(doing: string, key: string): SnapshotError {
  return new SnapshotError(
    "NOT_FOUND",
    `Cannot ${doing} snapshot ${quote(key)}: it does not exist`,
  );
}

/** Quotes a key for a message. */
export function quote(key: string): string {
  return `"${printableName(key)}"`;
}

/** The driver's and the kernel's codes, as containerd knows them. */
const CODES: Readonly<Record<string, GrpcCode>> = {
  ECANCELED: "CANCELLED",
  EINVAL: "INVALID_ARGUMENT",
  ENOENT: "NOT_FOUND",
  EEXIST: "ALREADY_EXISTS",
  EBUSY: "FAILED_PRECONDITION",
  EMLINK: "FAILED_PRECONDITION",
  ENOTSUP: "FAILED_PRECONDITION",
  EUCLEAN: "DATA_LOSS",
};

/** Says what the client is told of an error. */
export function faultOf(error: unknown): GrpcFault {
  const message = messageOf(error);
  if (error instanceof SnapshotError) return { code: error.code, message };
  if (error instanceof WireError) {
    return {
      code: "INVALID_ARGUMENT",
      message: `Cannot read the request: ${message}`,
    };
  }
  return { code: CODES[codeOf(error)] ?? "UNKNOWN", message };
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
