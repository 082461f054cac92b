/**
 * File capabilities; see `struct vfs_ns_cap_data` in capabilities(7).
 *
 * @module
 */

const REVISION_AT = 3;
const VERSION_2 = 2;
const VERSION_3 = 3;
const VERSION_2_SIZE = 20;

/**
 * Takes a capability out of its user namespace: version 3 carries the namespace's
 * root, which means nothing elsewhere, and becomes version 2.
 *
 * @param value Raw attribute.
 */
export function portableCapability(value: Uint8Array): Uint8Array {
  if (value[REVISION_AT] !== VERSION_3 || value.length < VERSION_2_SIZE) {
    return value;
  }
  const portable = value.slice(0, VERSION_2_SIZE);
  portable[REVISION_AT] = VERSION_2;
  return portable;
}
