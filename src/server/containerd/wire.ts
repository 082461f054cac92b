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
const NOTHING = new Uint8Array(0);

/** Encodes a number that is not negative. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push(rest % 0x80 + 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return bytes;
}

/**
 * Encodes a whole number that is not negative.
 *
 * @param number Number of the field.
 * @param value At most `Number.MAX_SAFE_INTEGER`.
 */
export function numberField(number: number, value: number): Uint8Array {
  if (value === 0) return NOTHING;
  return Uint8Array.from([...varint(number * 8 + VARINT), ...varint(value)]);
}

/** Encodes a text. */
export function textField(number: number, text: string): Uint8Array {
  return text === "" ? NOTHING : bytesField(number, encoder.encode(text));
}

/** Encodes each of several texts, empty ones as well. */
export function textsField(
  number: number,
  texts: readonly string[],
): Uint8Array {
  return joined(texts.map((text) => bytesField(number, encoder.encode(text))));
}

/** Encodes a nested message, even if it is empty. */
export function bytesField(number: number, bytes: Uint8Array): Uint8Array {
  const head = [...varint(number * 8 + LENGTH), ...varint(bytes.length)];
  return joined([Uint8Array.from(head), bytes]);
}

/** Encodes a map of texts: a message of key and value for each entry. */
export function mapField(
  number: number,
  map: Readonly<Record<string, string>>,
): Uint8Array {
  const entries = Object.entries(map).map(([key, value]) =>
    bytesField(number, joined([textField(1, key), textField(2, value)]))
  );
  return joined(entries);
}

/** Puts fields together to a message. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
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
