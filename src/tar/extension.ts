/**
 * Headers that say more about the entry after them: PAX records, and names that
 * GNU tar found too long for the header.
 *
 * @module
 */

import { decodeName } from "../text.ts";
import { plainEntry, type TarEntry } from "./entry.ts";
import { Malformed } from "./error.ts";
import { checkSign } from "./limits.ts";
import { parsePax, type PaxRecords, paxText } from "./pax.ts";

/** Largest body of an extended header, in bytes. */
const BODY_LIMIT = 1 << 20;

/** What extended headers have said about the entry that follows them. */
export interface Overrides {
  /** Name of the entry; `undefined` if they do not say. */
  readonly name: string | undefined;
  /** Link name of the entry; `undefined` if they do not say. */
  readonly linkname: string | undefined;
  /** The records of the last PAX header. */
  readonly pax: PaxRecords | undefined;
}

/** Says nothing about the entry. */
const NOTHING: Overrides = {
  name: undefined,
  linkname: undefined,
  pax: undefined,
};

/**
 * Tells whether a header is an extended one.
 *
 * @param type Type of the header.
 * @returns Whether it is of PAX (`x`, `g`) or a long name of GNU (`L`, `K`).
 */
export function isExtension(type: string): boolean {
  return type === "x" || type === "g" || type === "L" || type === "K";
}

/** Collects the extended headers in front of an entry. */
export class Extensions {
  #header: TarEntry | undefined;
  #body = new Uint8Array(0);
  #length = 0;
  #pending = false;
  #name = "";
  #linkname = "";
  #pax: PaxRecords | undefined;

  /** Whether an entry has to follow. */
  get pending(): boolean {
    return this.#pending;
  }

  /**
   * Takes an extended header.
   *
   * @param header Fields of the header.
   * @throws {Malformed} if its body is too long.
   */
  begin(header: TarEntry): void {
    checkSign(header.size);
    if (header.size > BODY_LIMIT) {
      throw new Malformed("an extended header is too long");
    }
    this.#header = header;
    this.#body = new Uint8Array(header.size);
    this.#length = 0;
  }

  /**
   * Takes the next bytes of the body.
   *
   * @param part The bytes, which are copied.
   */
  push(part: Uint8Array): void {
    this.#body.set(part, this.#length);
    this.#length += part.length;
  }

  /**
   * Ends the body.
   *
   * @returns The entry that a global header is; `undefined` for others.
   * @throws {Malformed} if the body has no proper records.
   */
  finish(): TarEntry | undefined {
    const header = this.#header!;
    if (header.type === "g") return this.#global(header);
    this.#pending = true;
    if (header.type === "x") this.#pax = parsePax(this.#body);
    else if (header.type === "L") this.#name = cString(this.#body);
    else this.#linkname = cString(this.#body);
    return undefined;
  }

  /** A global header also ends what came before it, as it does in Go. */
  #global(header: TarEntry): TarEntry {
    const path = paxText(parsePax(this.#body), "path");
    this.#reset();
    const { type, xattrs } = header;
    return { ...plainEntry(path === "" ? header.name : path, type), xattrs };
  }

  /**
   * Gives what was said, and forgets it. The names of GNU count before PAX.
   *
   * @returns What to override in the next entry.
   */
  take(): Overrides {
    if (!this.#pending) return NOTHING;
    const pax = this.#pax;
    const overrides = {
      name: this.#name || recordText(pax, "path"),
      linkname: this.#linkname || recordText(pax, "linkpath"),
      pax,
    };
    this.#reset();
    return overrides;
  }

  #reset(): void {
    this.#pending = false;
    this.#name = "";
    this.#linkname = "";
    this.#pax = undefined;
  }
}

function recordText(
  pax: PaxRecords | undefined,
  key: string,
): string | undefined {
  return pax && (paxText(pax, key) || undefined);
}

/** Text up to the first NUL. */
function cString(body: Uint8Array): string {
  const nul = body.indexOf(0);
  return decodeName(body, 0, nul < 0 ? body.length : nul);
}
