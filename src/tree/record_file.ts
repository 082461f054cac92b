/**
 * The record of an archive as a file beside what was unpacked.
 *
 * @module
 */

import { DriverError } from "../errors.ts";
import {
  O_CREAT,
  O_EXCL,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_RDONLY,
  O_WRONLY,
} from "../linux/constants.ts";
import type { Dir } from "../linux/dir.ts";
import { hasCode } from "../linux/errno.ts";
import { closeFd, openAt, readFd, writeFd } from "../linux/file.ts";
import { statFd } from "../linux/stat.ts";
import { RecordWriter } from "../tar/record.ts";
import {
  readRecord,
  RecordError,
  type RecordPart,
} from "../tar/record_reader.ts";

/** A record that is being written into a new file. */
export class NewRecord implements Disposable {
  #fd: number;
  /** Takes the parts of the archive. */
  readonly writer: RecordWriter;

  /**
   * Makes the file.
   *
   * @param dir Directory.
   * @param name Name that is free.
   */
  constructor(dir: Dir, name: string) {
    const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
    const path = `${dir.path}/${name}`;
    this.#fd = openAt(dir, name, flags, 0o600);
    this.writer = new RecordWriter((bytes) => writeFd(this.#fd, bytes, path));
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    if (this.#fd >= 0) closeFd(this.#fd);
    this.#fd = -1;
  }
}

/** A record that is read. */
export class OldRecord implements Disposable {
  readonly #path: string;
  #fd: number;

  private constructor(fd: number, path: string) {
    this.#fd = fd;
    this.#path = path;
  }

  /**
   * Opens a record.
   *
   * @param dir Directory.
   * @param name Name of the file.
   * @throws {DriverError} `EUCLEAN` if it is no file.
   * @throws {SyscallError} `ENOENT` if there is none.
   */
  static open(dir: Dir, name: string): OldRecord {
    const path = `${dir.path}/${name}`;
    using record = new DisposableStack();
    try {
      const fd = openAt(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
      const found = record.use(new OldRecord(fd, path));
      if (statFd(fd, path).type === "file") {
        record.move();
        return found;
      }
    } catch (error) {
      if (!hasCode(error, "ELOOP", "ENXIO")) throw error;
    }
    throw damaged(path, "it is no file");
  }

  /** Like {@linkcode OldRecord.open}; `undefined` if there is none. */
  static tryOpen(dir: Dir, name: string): OldRecord | undefined {
    try {
      return OldRecord.open(dir, name);
    } catch (error) {
      if (hasCode(error, "ENOENT")) return undefined;
      throw error;
    }
  }

  /**
   * Reads it.
   *
   * @returns Its parts, once.
   * @throws {DriverError} `EUCLEAN` if it is damaged.
   */
  *parts(): Generator<RecordPart> {
    try {
      yield* readRecord((into) => readFd(this.#fd, into, this.#path));
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      throw damaged(this.#path, error.message, { cause: error });
    }
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    if (this.#fd >= 0) closeFd(this.#fd);
    this.#fd = -1;
  }
}

function damaged(
  path: string,
  fault: string,
  options?: ErrorOptions,
): DriverError {
  return new DriverError(
    "EUCLEAN",
    `Cannot write the archive as it was: its record ${path} is damaged, ${fault}`,
    options,
  );
}
