/**
 * Names of file systems by their magic number, as Docker shows them.
 *
 * @module
 */

const NAMES: ReadonlyMap<number, string> = new Map([
  [0x00000000, "unsupported"],
  [0x61756673, "aufs"],
  [0x9123683e, "btrfs"],
  [0x28cd3d45, "cramfs"],
  [0x0000f15f, "ecryptfs"],
  [0x0000ef53, "extfs"],
  [0xf2f52010, "f2fs"],
  [0x65735546, "fuse"],
  [0x47504653, "gpfs"],
  [0x000072b6, "jffs2"],
  [0x3153464a, "jfs"],
  [0x00006969, "nfs"],
  [0x794c7630, "overlayfs"],
  [0x858458f6, "ramfs"],
  [0x52654973, "reiserfs"],
  [0x0000517b, "smb"],
  [0x73717368, "squashfs"],
  [0x01021994, "tmpfs"],
  [0xa501fcf5, "vxfs"],
  [0x58465342, "xfs"],
  [0x2fc12fc1, "zfs"],
]);

/**
 * Names the file system with a magic number.
 *
 * @param magic Number that statfs(2) gives.
 */
export function backingName(magic: number): string {
  return NAMES.get(magic) ?? "<unknown>";
}
