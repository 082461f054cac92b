/**
 * The encoding of protocol buffers, as far as few and small messages need it;
 * pure.
 *
 * Fields with their default value are left out, as proto3 does. Of what comes
 * in, texts and nested messages are read; numbers are passed over.
 *
 * @module
 */

/** A field that holds bytes: a text or a nested message. */
export interface Field {
  /** Its number in the message. */
  readonly number: number;
  /** What it holds. */
  readonly bytes: Uint8Array;
}

/** A message that is not one. */
export class WireError extends Error {
  /** Always `"WireError"`. */
  override readonly name = "WireError";
}

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;
/** Most bytes of a number. */
const LONGEST = 10;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Room that a message has at first, in bytes. */
const ROOM = 512;

/** Most characters of a text that are worth a look one by one. */
const SHORT_TEXT = 128;

/** Bytes that a number takes. */
function sizeOf(value: number): number {
  return value < 0x80 ? 1 : 1 + sizeOf(Math.floor(value / 0x80));
}

/** A message that is being written, field by field. */
export class Message {
  #buffer = new Uint8Array(ROOM);
  #length = 0;

  /** What was written. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /**
   * Writes a whole number that is not negative.
   *
   * @param field Number of the field.
   * @param value At most `Number.MAX_SAFE_INTEGER`.
   */
  number(field: number, value: number): this {
    if (value === 0) return this;
    this.#varint(field * 8 + VARINT);
    this.#varint(value);
    return this;
  }

  /** Writes a text. */
  text(field: number, text: string): this {
    return text === "" ? this : this.#string(field, text);
  }

  /** Writes each of several texts, empty ones as well. */
  texts(field: number, texts: readonly string[]): this {
    for (const text of texts) this.#string(field, text);
    return this;
  }

  /** Writes a nested message, even if it is empty. */
  message(field: number, write: (message: this) => void): this {
    this.#varint(field * 8 + LENGTH);
    const start = this.#length;
    write(this);
    this.#putLength(start);
    return this;
  }

  /** Writes a map of texts: a message of key and value for each entry. */
  map(field: number, map: Readonly<Record<string, string>>): this {
    for (const [key, value] of Object.entries(map)) {
      this.message(field, (entry) => entry.text(1, key).text(2, value));
    }
    return this;
  }

  #string(field: number, text: string): this {
    this.#varint(field * 8 + LENGTH);
    const start = this.#length;
    this.#reserve(text.length * 3);
    if (!this.#putAscii(text)) {
      const room = this.#buffer.subarray(start);
      this.#length = start + encoder.encodeInto(text, room).written;
    }
    this.#putLength(start);
    return this;
  }

  /** Writes a short text without anything but ASCII; tells whether it was one. */
  #putAscii(text: string): boolean {
    if (text.length > SHORT_TEXT) return false;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x80) return false;
      this.#buffer[this.#length++] = code;
    }
    return true;
  }

  /** Puts the length of what was written since `start` before it. */
  #putLength(start: number): void {
    const end = this.#length;
    const size = sizeOf(end - start);
    // For all that the number may ask for: to grow later would lose what moves.
    this.#reserve(LONGEST);
    this.#buffer.copyWithin(start + size, start, end);
    this.#length = start;
    this.#varint(end - start);
    this.#length = end + size;
  }

  #varint(value: number): void {
    this.#reserve(LONGEST);
    let rest = value;
    while (rest >= 0x80) {
      this.#buffer[this.#length++] = rest % 0x80 + 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#buffer[this.#length++] = rest;
  }

  #reserve(more: number): void {
    const least = this.#length + more;
    if (least <= this.#buffer.length) return;
    const larger = new Uint8Array(Math.max(least, this.#buffer.length * 2));
    larger.set(this.bytes);
    this.#buffer = larger;
  }
}

/**
 * Reads the fields of a message that hold bytes, in order.
 *
 * @param message Bytes of the message.
 * @throws {WireError} if it is cut short or malformed.
 */
export function* fieldsOf(message: Uint8Array): Generator<Field> {
  const reader = new Reader(message);
  while (!reader.done) {
    const tag = reader.varint();
    const number = Math.floor(tag / 8);
    if (number === 0) throw new WireError("a field has the number 0");
    const bytes = reader.value(tag % 8);
    if (bytes !== undefined) yield { number, bytes };
  }
}

/**
 * Decodes a text.
 *
 * @throws {WireError} if it is not UTF-8.
 */
export function textOf(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new WireError("a text is not UTF-8");
  }
}

/** Adds an entry of a map. */
export function addEntry(
  map: Map<string, string>,
  entry: Uint8Array,
): void {
  let key = "";
  let value = "";
  for (const { number, bytes } of fieldsOf(entry)) {
    if (number === 1) key = textOf(bytes);
    if (number === 2) value = textOf(bytes);
  }
  map.set(key, value);
}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** Reads a number; beyond 53 bits it is only passed over. */
  varint(): number {
    let value = 0;
    for (let count = 0; count < LONGEST; count++) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new WireError("the message is cut short");
      value += (byte & 0x7f) * 0x80 ** count;
      if (byte < 0x80) return value;
    }
    throw new WireError(`a number is longer than ${LONGEST} bytes`);
  }

  /** Reads the bytes of a field, or passes over what is no bytes. */
  value(type: number): Uint8Array | undefined {
    if (type === LENGTH) return this.#take(this.varint());
    if (type === VARINT) this.varint();
    else if (type === FIXED64) this.#take(8);
    else if (type === FIXED32) this.#take(4);
    else throw new WireError(`a field has the type ${type}`);
    return undefined;
  }

  #take(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) {
      throw new WireError("the message is cut short");
    }
    const part = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return part;
  }
}
