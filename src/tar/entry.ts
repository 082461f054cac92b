/**
 * One member of a layer archive, as a plain value.
 *
 * Made by the reader from an archive and by the tree packer from a file; read by
 * the unpacker and by the header encoder.
 *
 * @module
 */

/**
 * What an entry is, as the type byte of its header.
 *
 * `"0"` regular file, `"1"` hard link, `"2"` symbolic link, `"3"` character
 * device, `"4"` block device, `"5"` directory, `"6"` fifo, `"g"` PAX global
 * header. Other characters are passed on as they are.
 */
export type EntryType = string;

/** A point in time, to the nanosecond. */
export interface TarTime {
  /** Whole seconds since 1970; negative before. */
  readonly seconds: number;
  /** Nanoseconds after that second, 0…999,999,999. */
  readonly nanoseconds: number;
}

/** Header fields of one archive member. */
export interface TarEntry {
  /** Path in the archive, exactly as written there; see `src/text.ts`. */
  name: string;
  /** What the entry is. */
  type: EntryType;
  /** Target of a hard or symbolic link; empty otherwise. */
  linkname: string;
  /** Length of the content in bytes, after expansion of holes. */
  size: number;
  /** Permission, suid, sgid and sticky bits, such as `0o4755`. */
  mode: number;
  /** Owner. */
  uid: number;
  /** Group. */
  gid: number;
  /** When the content last changed. */
  mtime: TarTime;
  /** When it was last read, if the archive says so. */
  atime: TarTime | undefined;
  /** Major number of a device. */
  devmajor: number;
  /** Minor number of a device. */
  devminor: number;
  /** Extended attributes by full name, as bytes; `undefined` for none. */
  xattrs: Map<string, Uint8Array> | undefined;
}

/**
 * Makes an entry with nothing set but its name and type.
 *
 * @param name Path in the archive.
 * @param type What the entry is.
 */
export function plainEntry(name: string, type: string): TarEntry {
  return {
    name,
    type,
    linkname: "",
    size: 0,
    mode: 0,
    uid: 0,
    gid: 0,
    mtime: { seconds: 0, nanoseconds: 0 },
    atime: undefined,
    devmajor: 0,
    devminor: 0,
    xattrs: undefined,
  };
}
