/**
 * Project quotas of ext4 and xfs: FS_IOC_FSSETXATTR and quotactl(2).
 *
 * Structures: `struct fsxattr` in `include/uapi/linux/fs.h`, `struct
 * fs_disk_quota` and `struct fs_quota_statv` in `include/uapi/linux/dqblk_xfs.h`.
 *
 * @module
 */

import { SYS } from "./constants.ts";
import { hasCode } from "./errno.ts";
import { checked, cString, failure, lastErrno, libc } from "./libc.ts";

const FS_IOC_FSGETXATTR = 0x801c581fn;
const FS_IOC_FSSETXATTR = 0x401c5820n;
const FS_XFLAG_PROJINHERIT = 0x200;
const Q_XGETQUOTA = 0x580302;
const Q_XSETQLIM = 0x580402;
const Q_XGETQSTAT = 0x580502;
const ENOSYS = 38;
const ACCOUNTING = 0x10;
const ENFORCEMENT = 0x20;

const FIELD_INODES = 0x1 | 0x2;
const FIELD_BLOCKS = 0x4 | 0x8;
const BLOCK = 512;
const INODES_USED_AT = 48;

/** An open directory. */
interface Directory {
  readonly fd: number;
  readonly path: string;
}

/** Where quotas are asked for: any directory of the file system. */
export interface QuotaTarget extends Directory {
  /** Block device node of the file system, for kernels before 5.14. */
  readonly device: string | undefined;
}

/** Limits of one project. */
export interface QuotaLimits {
  /** Most bytes; 0 for no limit. */
  readonly bytes: number;
  /** Most inodes; 0 for no limit. */
  readonly inodes: number;
}

/** Reads the project id of an open directory. */
export function projectId(dir: Directory): number {
  return readFsXattr(dir).getUint32(12, true);
}

function readFsXattr(dir: Directory): DataView<ArrayBuffer> {
  const bytes = new Uint8Array(28);
  checked(
    libc.ioctl(dir.fd, FS_IOC_FSGETXATTR, bytes),
    "ioctl FS_IOC_FSGETXATTR",
    dir,
  );
  return new DataView(bytes.buffer);
}

/**
 * Puts an open directory, and all that is made in it, under a project.
 *
 * @param dir Directory, opened for reading.
 * @param id Project id, above 0.
 */
export function setProjectId(dir: Directory, id: number): void {
  const view = readFsXattr(dir);
  view.setUint32(0, view.getUint32(0, true) | FS_XFLAG_PROJINHERIT, true);
  view.setUint32(12, id, true);
  checked(
    libc.ioctl(dir.fd, FS_IOC_FSSETXATTR, new Uint8Array(view.buffer)),
    "ioctl FS_IOC_FSSETXATTR",
    dir,
  );
}

function quotactl(
  target: QuotaTarget,
  command: number,
  id: number,
  bytes: Uint8Array<ArrayBuffer>,
): void {
  const result = libc.quotactl_fd(
    SYS.quotactl_fd,
    target.fd,
    command,
    id,
    bytes,
  );
  if (result === 0) return;
  const errno = lastErrno();
  if (errno !== ENOSYS || target.device === undefined) {
    throw failure(errno, "quotactl_fd", target);
  }
  const device = cString(target.device);
  checked(libc.quotactl(command, device, id, bytes), "quotactl", target);
}

/**
 * Tells whether project quotas are accounted and enforced.
 *
 * @throws {SyscallError} whatever the kernel answers instead.
 */
export function quotaEnforced(target: QuotaTarget): boolean {
  const state = new Uint8Array(80);
  quotactl(target, Q_XGETQSTAT, 0, state);
  const flags = new DataView(state.buffer).getUint16(2, true);
  return (flags & ACCOUNTING) !== 0 && (flags & ENFORCEMENT) !== 0;
}

/** Sets the hard and soft limits of a project. */
export function setQuota(
  target: QuotaTarget,
  id: number,
  limits: QuotaLimits,
): void {
  const bytes = new Uint8Array(112);
  const view = new DataView(bytes.buffer);
  const blocks = BigInt(Math.floor(limits.bytes / BLOCK));
  view.setInt8(0, 1);
  view.setInt8(1, 2);
  view.setUint16(2, FIELD_BLOCKS | FIELD_INODES, true);
  view.setUint32(4, id, true);
  view.setBigUint64(8, blocks, true);
  view.setBigUint64(16, blocks, true);
  view.setBigUint64(24, BigInt(limits.inodes), true);
  view.setBigUint64(32, BigInt(limits.inodes), true);
  quotactl(target, Q_XSETQLIM, id, bytes);
}

/**
 * Tells whether any file belongs to a project.
 *
 * @param target Any directory of the file system.
 * @param id Project id.
 */
export function isProjectUsed(target: QuotaTarget, id: number): boolean {
  return readQuota(target, id).getBigUint64(INODES_USED_AT, true) > 0n;
}

/** What the file system knows of a project; all zeros if it does not know it. */
function readQuota(target: QuotaTarget, id: number): DataView<ArrayBuffer> {
  const bytes = new Uint8Array(112);
  try {
    quotactl(target, Q_XGETQUOTA, id, bytes);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
  return new DataView(bytes.buffer);
}
