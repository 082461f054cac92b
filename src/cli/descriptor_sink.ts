/**
 * Outputs by descriptor, which take content of files without a detour.
 *
 * @module
 */

import { AT_FDCWD } from "../linux/constants.ts";
import { copyPiece, pipePiece, writePiece } from "../linux/copy.ts";
import { closeFd, openAt } from "../linux/file.ts";
import { widenPipe } from "../linux/poll.ts";
import { statFd } from "../linux/stat.ts";
import { type Sink, systemError } from "./streams.ts";

/**
 * Writes to a descriptor.
 *
 * @param fd Descriptor of a file or a pipe; stays open.
 * @param name What error messages call it.
 */
export function descriptorSink(fd: number, name: string): Sink {
  widenPipe(fd);
  const move = statFd(fd, name).type === "fifo" ? pipePiece : copyPiece;
  return {
    write: (bytes) => writePiece(fd, bytes, name),
    take: (body) => move(fd, body, body.length, name),
  };
}

/**
 * Opens a file to write to it.
 *
 * @param path Path of the file.
 * @param flags Flags of open(2).
 * @param mode Permission bits of a file that is made.
 * @param name What error messages call it.
 * @returns A sink that is closed by disposal.
 * @throws {CommandError} if it cannot be opened.
 */
export function openSink(
  path: string,
  flags: number,
  mode: number,
  name: string,
): Sink & Disposable {
  const fd = opened(path, flags, mode, name);
  let writes = 0;
  const { write, take } = descriptorSink(fd, name);
  const counted = async <T>(work: Promise<T>): Promise<T> => {
    writes++;
    try {
      return await work;
    } finally {
      writes--;
    }
  };
  return {
    write: (bytes) => counted(write(bytes)),
    take: (body) => counted(take!(body)),
    [Symbol.dispose]() {
      // A write that was given up still uses the descriptor.
      if (writes === 0) closeFd(fd);
    },
  };
}

function opened(
  path: string,
  flags: number,
  mode: number,
  name: string,
): number {
  try {
    return openAt({ fd: AT_FDCWD, path: "" }, path, flags, mode);
  } catch (error) {
    throw systemError(`write ${name}`, error);
  }
}
