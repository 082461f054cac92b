/**
 * The archives among {@linkcode CASES} that are refused, and what is said.
 *
 * @module
 */

/** Part of the message, by name of the case. */
export const REFUSED: Readonly<Record<string, string>> = {
  "one zero block and a half": "it ends too early",
  "zero block, then an entry":
    "a single zero block is followed by something else",
  "content cut": "it ends too early",
  "content without its padding": "it ends before the content is filled up",
  "bytes after the end": "its end is followed by something other than zeros",
  "padding cut": "it ends before the content is filled up",
  "header cut": "it ends too early",
  "PAX header without its entry":
    "it ends where an extended header needs its entry",
  "long name without its entry":
    "it ends where an extended header needs its entry",
  "PAX body cut": "it ends too early",
  "PAX header and half an entry": "it ends too early",
  "base-256 of 64 bits": "a time is not a number",
  "base-256 of many bits": "a time is not a number",
  "below the lowest base-256": "a time is not a number",
  "negative size": "the size is negative",
  "negative size of a directory": "the size is negative",
  "size of 62 bits": "the size is too large",
  "size is text": "the size is not a number",
  "mode is text": "the mode is not a number",
  "octal with digit 8": "the owner is not a number",
  "octal with a sign": "the owner is not a number",
  "device number is text": "a device field is not a number",
  "device number too large": "a device number does not fit in 32 bits",
  "device number negative": "a device number does not fit in 32 bits",
  "wrong checksum": "the checksum is wrong",
  "checksum is text": "the checksum is wrong",
  "star with a bad time": "a time is not a number",
  "PAX size, negative": "the size is negative",
  "PAX size, negative, of a directory": "the size is negative",
  "PAX size, too large": 'the PAX record "size" is not a number',
  "PAX size of 63 bits": "the size is too large",
  "PAX size is text": 'the PAX record "size" is not a number',
  "PAX uid is empty but for a sign": 'the PAX record "uid" is not a number',
  "PAX uid with underscore": 'the PAX record "uid" is not a number',
  'PAX time ".5"': 'the PAX record "mtime" is not a time',
  'PAX time "1.5x"': 'the PAX record "mtime" is not a time',
  'PAX time "1,5"': 'the PAX record "mtime" is not a time',
  'PAX time "1e5"': 'the PAX record "mtime" is not a time',
  'PAX time "x"': 'the PAX record "mtime" is not a time',
  'PAX time " 1"': 'the PAX record "mtime" is not a time',
  'PAX time "1.-5"': 'the PAX record "mtime" is not a time',
  'PAX time "--1"': 'the PAX record "mtime" is not a time',
  'PAX time "9223372036854775808"': 'the PAX record "mtime" is not a time',
  "PAX atime is text": 'the PAX record "atime" is not a time',
  "PAX ctime is text": 'the PAX record "ctime" is not a time',
  "PAX NUL in path": "a PAX record has a NUL in a name",
  "PAX NUL in linkpath": "a PAX record has a NUL in a name",
  "PAX NUL in uname": "a PAX record has a NUL in a name",
  "PAX NUL in gname": "a PAX record has a NUL in a name",
  "PAX NUL in a key": "a PAX record has a NUL in a name",
  "PAX record without key": "a PAX record has no key",
  "PAX record without equals sign": "a PAX record has no key",
  "PAX record without length": "a PAX record has no length",
  "PAX record without space": "a PAX record has no length",
  "PAX record too long": "a PAX record has a wrong length",
  "PAX record too short": "a PAX record has a wrong length",
  "PAX record beyond the body": "a PAX record has a wrong length",
  "PAX record of length 0": "a PAX record has a wrong length",
  "PAX record of negative length": "a PAX record has a wrong length",
  "PAX record of huge length": "a PAX record has a wrong length",
  "PAX record shorter than its length": "a PAX record has a wrong length",
  "PAX record, least length": "a PAX record has no key",
  "PAX record that is only its length": "a PAX record has a wrong length",
  "PAX record without newline": "a PAX record has a wrong length",
  "PAX body that ends with NUL": "a PAX record has no length",
  "PAX body too large": "an extended header is too long",
  "PAX size negative": "the size is negative",
  "global header with a bad record": "a PAX record has a wrong length",
  "GNU long name too large": "an extended header is too long",
  "old sparse, end mark in the place of a map":
    "the sparse map does not match the stored content",
  "old sparse, overlapping":
    "the sparse map overlaps itself or leaves the file",
  "old sparse, not in order":
    "the sparse map overlaps itself or leaves the file",
  "old sparse, beyond the size":
    "the sparse map overlaps itself or leaves the file",
  "old sparse, content too short":
    "the sparse map does not match the stored content",
  "old sparse, content too long":
    "the sparse map does not match the stored content",
  "old sparse, content without map":
    "the sparse map does not match the stored content",
  "old sparse, negative size": "the size is negative",
  "old sparse, size too large": "the size is too large",
  "old sparse, offset is text": "a sparse offset is not a number",
  "old sparse, not GNU": "a sparse file of this form is not supported",
  "sparse 0.0, out of order":
    "the PAX records of a sparse map are out of order",
  "sparse 0.0, two offsets": "the PAX records of a sparse map are out of order",
  "sparse 0.0, one missing":
    "the sparse map has not as many pieces as announced",
  "sparse 0.0, with a comma":
    "the PAX records of a sparse map are out of order",
  "sparse 0.1, wrong count":
    "the sparse map has not as many pieces as announced",
  "sparse 0.1, no count": "the sparse map has something other than numbers",
  "sparse 0.1, negative count":
    "the sparse map has not as many pieces as announced",
  "sparse 0.1, huge count":
    "the sparse map has not as many pieces as announced",
  "sparse 0.1, negative offset":
    "the sparse map overlaps itself or leaves the file",
  "sparse 0.1, negative length":
    "the sparse map overlaps itself or leaves the file",
  "sparse 0.1, overflow": "the sparse map overlaps itself or leaves the file",
  "sparse 0.1, length of 63 bits":
    "the sparse map overlaps itself or leaves the file",
  "sparse 0.1, not a number": "the sparse map has something other than numbers",
  "sparse 0.1, empty number": "the sparse map has something other than numbers",
  "sparse 0.1, size is text": "the sparse map has something other than numbers",
  "sparse 0.1, negative size": "the size is negative",
  "sparse 0.1, size too large": "the size is too large",
  "sparse 0.1 of a link": "something other than a file is said to be sparse",
  "sparse 1.0, count is text":
    "the sparse map has something other than numbers",
  "sparse 1.0, empty count": "the sparse map has something other than numbers",
  "sparse 1.0, negative count": "the sparse map has a negative length",
  "sparse 1.0, huge count": "the sparse map is longer than the content",
  "sparse 1.0, number is text":
    "the sparse map has something other than numbers",
  "sparse 1.0, number with space":
    "the sparse map has something other than numbers",
  "sparse 1.0, number missing": "the sparse map is longer than the content",
  "sparse 1.0, map without newline":
    "the sparse map is longer than the content",
  "sparse 1.0, overlapping":
    "the sparse map overlaps itself or leaves the file",
  "sparse 1.0, beyond the size":
    "the sparse map overlaps itself or leaves the file",
  "sparse 1.0, content too long":
    "the sparse map does not match the stored content",
  "sparse 1.0, content too short":
    "the sparse map does not match the stored content",
  "sparse 1.0, negative size": "the size is negative",
  "sparse 1.0, no map": "the sparse map is longer than the content",
  "sparse 1.0 of a directory":
    "something other than a file is said to be sparse",
  "old sparse, endless map": "the sparse map is too long",
  "sparse 1.0, endless map": "the sparse map is too long",
};
