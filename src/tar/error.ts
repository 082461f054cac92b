/**
 * What is wrong with an archive.
 *
 * @module
 */

/**
 * An archive that is malformed, hostile or cut short.
 *
 * The message reads `Cannot read the archive: <what is wrong>, <where>`, where
 * the place is the entry's name, if it is known, and the offset of its header
 * in bytes from the start of the archive.
 */
export class TarError extends Error {
  /** Always `"TarError"`. */
  override readonly name = "TarError";
  /** Always `"EBADMSG"`. */
  readonly code = "EBADMSG";
}

/**
 * A fault seen by a function that does not know where in the archive it is.
 *
 * Never leaves this folder: the reader turns it into a {@linkcode TarError}.
 */
export class Malformed extends Error {
  /** Always `"Malformed"`. */
  override readonly name = "Malformed";
}
