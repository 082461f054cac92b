/**
 * The one door to libc: the symbol table, C strings and errno.
 *
 * Nothing outside this folder sees a pointer or an errno number. Importing this
 * module opens the library, so it needs `--allow-ffi`. Functions are bound when
 * they are first asked for, and compiled when they are called often: compiling
 * the dozen that a short command calls would take a tenth of its time.
 *
 * Results of `ssize_t` are declared `i32`: the calls here never ask for 2 GiB or
 * more at once, and the low half of the register holds any smaller result. Nor
 * does the kernel look at more than the low half of what it takes for an `int`,
 * the number of a call among them, however wide syscall(2) declares it.
 *
 * @module
 */

import { encodeName } from "../text.ts";
import { SyscallError } from "./errno.ts";

const SYMBOLS = {
  getpagesize: { parameters: [], result: "i32" }, // int (void)
  __errno_location: { parameters: [], result: "pointer" }, // int *(void)
  openat: { parameters: ["i32", "buffer", "i32", "u32"], result: "i32" }, // int (int dir, const char *path, int flags, mode_t mode)
  close: { parameters: ["i32"], result: "i32" }, // int (int fd)
  read: { parameters: ["i32", "buffer", "usize"], result: "i32" }, // ssize_t (int fd, void *buf, size_t count)
  pread: { parameters: ["i32", "buffer", "usize", "i64"], result: "i32" }, // ssize_t (int fd, void *buf, size_t count, off_t)
  preadLater: {
    name: "pread",
    parameters: ["i32", "buffer", "usize", "i64"],
    result: "i32",
    nonblocking: true,
  }, // the same on another thread; its errno is never asked for
  write: { parameters: ["i32", "buffer", "usize"], result: "i32" }, // ssize_t (int fd, const void *buf, size_t count)
  writeLater: {
    name: "write",
    parameters: ["i32", "buffer", "usize"],
    result: "i32",
    nonblocking: true,
  }, // the same on another thread; its errno is never asked for
  ftruncate: { parameters: ["i32", "i64"], result: "i32" }, // int (int fd, off_t length)
  lseek: { parameters: ["i32", "i64", "i32"], result: "i64" }, // off_t (int fd, off_t, int whence)
  fsync: { parameters: ["i32"], result: "i32" }, // int (int fd)
  syncfs: { parameters: ["i32"], result: "i32" }, // int (int fd)
  sync_file_range: { parameters: ["i32", "i64", "i64", "u32"], result: "i32" }, // int (int fd, off_t offset, off_t count, unsigned flags)
  syncfsLater: {
    name: "syncfs",
    parameters: ["i32"],
    result: "i32",
    nonblocking: true,
  }, // the same on another thread; its errno is never asked for
  poll: { parameters: ["buffer", "u64", "i32"], result: "i32" }, // int (struct pollfd *, nfds_t, int milliseconds)
  pollLater: {
    name: "poll",
    parameters: ["buffer", "u64", "i32"],
    result: "i32",
    nonblocking: true,
  }, // the same on another thread; its errno is never asked for
  usleep: { parameters: ["u32"], result: "i32", nonblocking: true }, // int (useconds_t); its errno is never asked for
  sendfile: { parameters: ["i32", "i32", "buffer", "usize"], result: "i32" }, // ssize_t (int out, int in, off_t *, size_t count)
  sendfileLater: {
    name: "sendfile",
    parameters: ["i32", "i32", "buffer", "usize"],
    result: "i32",
    nonblocking: true,
  }, // the same on another thread; its errno is never asked for
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" }, // int (int fd, int command, int)
  statx: {
    parameters: ["i32", "buffer", "i32", "u32", "buffer"],
    result: "i32",
  }, // int (int dir, const char *path, int flags, unsigned mask, struct statx *)
  statfs: { parameters: ["buffer", "buffer"], result: "i32" }, // int (const char *path, struct statfs *)
  getdents64: { parameters: ["i32", "buffer", "usize"], result: "i32" }, // ssize_t (int fd, void *, size_t)
  mkdirat: { parameters: ["i32", "buffer", "u32"], result: "i32" }, // int (int dir, const char *path, mode_t)
  mknodat: { parameters: ["i32", "buffer", "u32", "u64"], result: "i32" }, // int (int dir, const char *path, mode_t, dev_t)
  symlinkat: { parameters: ["buffer", "i32", "buffer"], result: "i32" }, // int (const char *target, int dir, const char *path)
  linkat: {
    parameters: ["i32", "buffer", "i32", "buffer", "i32"],
    result: "i32",
  }, // int (int dir, const char *, int dir, const char *, int flags)
  unlinkat: { parameters: ["i32", "buffer", "i32"], result: "i32" }, // int (int dir, const char *path, int flags)
  renameat2: {
    parameters: ["i32", "buffer", "i32", "buffer", "u32"],
    result: "i32",
  }, // int (int dir, const char *, int dir, const char *, unsigned flags)
  readlinkat: {
    parameters: ["i32", "buffer", "buffer", "usize"],
    result: "i32",
  }, // ssize_t (int dir, const char *path, char *, size_t)
  fchmod: { parameters: ["i32", "u32"], result: "i32" }, // int (int fd, mode_t)
  fchmodat: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" }, // int (int dir, const char *path, mode_t, int flags)
  fchown: { parameters: ["i32", "u32", "u32"], result: "i32" }, // int (int fd, uid_t, gid_t)
  fchownat: {
    parameters: ["i32", "buffer", "u32", "u32", "i32"],
    result: "i32",
  }, // int (int dir, const char *path, uid_t, gid_t, int flags)
  futimens: { parameters: ["i32", "buffer"], result: "i32" }, // int (int fd, const struct timespec[2])
  utimensat: { parameters: ["i32", "buffer", "buffer", "i32"], result: "i32" }, // int (int dir, const char *path, const struct timespec[2], int flags)
  lgetxattr: {
    parameters: ["buffer", "buffer", "buffer", "usize"],
    result: "i32",
  }, // ssize_t (const char *path, const char *name, void *, size_t)
  fgetxattr: {
    parameters: ["i32", "buffer", "buffer", "usize"],
    result: "i32",
  }, // ssize_t (int fd, const char *name, void *, size_t)
  llistxattr: { parameters: ["buffer", "buffer", "usize"], result: "i32" }, // ssize_t (const char *path, char *, size_t)
  flistxattr: { parameters: ["i32", "buffer", "usize"], result: "i32" }, // ssize_t (int fd, char *, size_t)
  lsetxattr: {
    parameters: ["buffer", "buffer", "buffer", "usize", "i32"],
    result: "i32",
  }, // int (const char *path, const char *name, const void *, size_t, int flags)
  fsetxattr: {
    parameters: ["i32", "buffer", "buffer", "usize", "i32"],
    result: "i32",
  }, // int (int fd, const char *name, const void *, size_t, int flags)
  lremovexattr: { parameters: ["buffer", "buffer"], result: "i32" }, // int (const char *path, const char *name)
  mount: {
    parameters: ["buffer", "buffer", "buffer", "u64", "buffer"],
    result: "i32",
  }, // int (const char *source, const char *target, const char *type, unsigned long flags, const void *data)
  umount2: { parameters: ["buffer", "i32"], result: "i32" }, // int (const char *target, int flags)
  flock: { parameters: ["i32", "i32"], result: "i32" }, // int (int fd, int operation)
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" }, // int (int domain, int type, int protocol)
  sendto: {
    parameters: ["i32", "buffer", "usize", "i32", "buffer", "u32"],
    result: "i32",
  }, // ssize_t (int fd, const void *, size_t, int flags, const struct sockaddr *, socklen_t)
  ioctl: { parameters: ["i32", "u64", "buffer"], result: "i32" }, // int (int fd, unsigned long request, ...)
  quotactl: { parameters: ["i32", "buffer", "i32", "buffer"], result: "i32" }, // int (int cmd, const char *special, int id, void *addr)
  openat2: {
    name: "syscall",
    parameters: ["i32", "i32", "buffer", "buffer", "usize"],
    result: "i32",
  }, // long (437, int dir, const char *path, const struct open_how *, size_t)
  fsopen: {
    name: "syscall",
    parameters: ["i32", "buffer", "u32"],
    result: "i32",
  }, // long (430, const char *type, unsigned flags)
  fsconfig: {
    name: "syscall",
    parameters: ["i32", "i32", "u32", "buffer", "buffer", "i32"],
    result: "i32",
  }, // long (431, int fd, unsigned cmd, const char *key, const void *value, int aux)
  fsmount: {
    name: "syscall",
    parameters: ["i32", "i32", "u32", "u32"],
    result: "i32",
  }, // long (432, int fd, unsigned flags, unsigned attributes)
  move_mount: {
    name: "syscall",
    parameters: ["i32", "i32", "buffer", "i32", "buffer", "u32"],
    result: "i32",
  }, // long (429, int fd, const char *, int fd, const char *, unsigned flags)
  quotactl_fd: {
    name: "syscall",
    parameters: ["i32", "i32", "u32", "u32", "buffer"],
    result: "i32",
  }, // long (443, int fd, unsigned cmd, int id, void *addr)
  listmount: {
    name: "syscall",
    parameters: ["i32", "buffer", "buffer", "usize", "u32"],
    result: "i32",
  }, // long (458, const struct mnt_id_req *, uint64_t *, size_t, unsigned flags)
} as const satisfies Deno.ForeignLibraryInterface;

/** The functions of the table, typed. */
export type Libc = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

const LIBRARY = "libc.so.6";
type Name = keyof typeof SYMBOLS;
const NAMES = Object.keys(SYMBOLS) as Name[];

/** Functions that run on another thread go by the open library. */
function isEarly(name: Name): boolean {
  return "nonblocking" in SYMBOLS[name];
}

const early = Deno.dlopen(
  LIBRARY,
  Object.fromEntries(
    NAMES.filter(isEarly).map((name) => [name, SYMBOLS[name]]),
  ),
).symbols;

/** A function whatever its type. */
type Bound = (...args: never[]) => unknown;

/**
 * Compiles a function. Its handle is given back at once, since nobody could do so
 * later; the library stays, held by the early one, and so does the function.
 */
function compile(name: Name): Bound {
  const library = Deno.dlopen(LIBRARY, { it: { name, ...SYMBOLS[name] } });
  const { it } = library.symbols;
  library.close();
  return it;
}

/** Tells where a function is; otherwise as {@linkcode compile}. */
function addressOf(symbol: string): Deno.PointerValue {
  const it = { name: symbol, type: "pointer" } as const;
  const library = Deno.dlopen(LIBRARY, { it });
  const address = library.symbols.it;
  library.close();
  return address;
}

/**
 * Calls of a function that are made before it is compiled. Compiling takes as
 * long as a hundred calls by address, but with more than a few, places that call
 * it would have seen two functions when V8 compiles them.
 */
const FEW = 16;

/**
 * Makes a function that can be called at once: by its address, slowly.
 *
 * @param name Its name in the table.
 * @param enough Called when it is called often.
 */
function slowly(name: Name, enough: () => void): Bound {
  const symbol = { name, ...SYMBOLS[name] };
  const address = addressOf(symbol.name);
  const pointer: { call: Bound } = new Deno.UnsafeFnPointer(
    address as never,
    symbol,
  );
  let calls = 0;
  return (...args) => {
    if (++calls === FEW) enough();
    return pointer.call(...args);
  };
}

/**
 * Adds the functions that are bound when they are first read. The getters stay,
 * where a property would change: so each place that calls a function goes on
 * seeing the same one, and V8 calls it directly.
 */
function withLater(functions: object): Libc {
  for (const name of NAMES) {
    if (isEarly(name)) continue;
    let bound: Bound | undefined;
    const enough = () => bound = compile(name);
    const get = () => bound ??= slowly(name, enough);
    Object.defineProperty(functions, name, { get });
  }
  return functions as Libc;
}

/** The functions of libc. */
export const libc: Libc = withLater(early);

/** This thread's errno, seen in place: reading it allocates nothing. */
const errnoCell = new Int32Array(
  Deno.UnsafePointerView.getArrayBuffer(libc.__errno_location()!, 4),
);

/** errno of the call just made. Nothing may run in between. */
export function lastErrno(): number {
  return errnoCell[0]!;
}

/** Where a name is looked up, for error messages. */
export interface Place {
  /** Path that the user would recognise. */
  readonly path: string;
}

/**
 * Passes the result of a call on, or throws what the kernel said.
 *
 * errno is read before anything else runs: a garbage collection, or any other
 * system call, may overwrite it. So the arguments must exist beforehand.
 *
 * @param result Result of the call that was just made.
 * @param syscall Name of the call, for the message.
 * @param place Directory or path the call was about.
 * @param name Name in that directory, if any.
 * @returns `result`, zero or more.
 * @throws {SyscallError} if `result` is negative.
 */
export function checked(
  result: number,
  syscall: string,
  place: Place | string,
  name?: string,
): number {
  if (result >= 0) return result;
  throw failure(errnoCell[0]!, syscall, place, name);
}

const EPERM = 1;
/** Calls that EPERM means one thing for. */
const PRIVILEGED: ReadonlySet<string> = new Set([
  "fsopen",
  "mount",
  "move_mount",
  "umount2",
]);
const NEEDS_ADMIN = "it takes root with CAP_SYS_ADMIN";

/**
 * Makes the error of a call whose errno is known.
 *
 * @param errno Number that the kernel answered.
 * @param syscall Name of the call.
 * @param place Directory or path the call was about.
 * @param name Name in that directory, if any.
 */
export function failure(
  errno: number,
  syscall: string,
  place: Place | string,
  name?: string,
): SyscallError {
  const base = typeof place === "string" ? place : place.path;
  const path = name === undefined ? base : base ? `${base}/${name}` : name;
  const detail = errno === EPERM && PRIVILEGED.has(syscall) ? NEEDS_ADMIN : "";
  return new SyscallError(syscall, errno, path, detail);
}

/** Bytes of a path with its NUL that the reused buffers hold. */
const PATH_MAX = 4096;
const first = new Uint8Array(PATH_MAX);
const second = new Uint8Array(PATH_MAX);

/**
 * Encodes `text` as a NUL-terminated C string in a reused buffer.
 *
 * @param text Text without NUL.
 * @returns A buffer that is valid until the next call of this function.
 * @throws {SyscallError} `EINVAL` if `text` has a NUL, which C takes for its end.
 */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  return fillString(text, first);
}

/** Like {@linkcode cString}, for the second string of one call. */
export function cString2(text: string): Uint8Array<ArrayBuffer> {
  return fillString(text, second);
}

function fillString(
  text: string,
  buffer: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  if (text.length < PATH_MAX && fillAscii(text, buffer, 0)) return buffer;
  return freshString(text);
}

/**
 * Writes a text of ASCII and a NUL into a buffer that has room for them.
 *
 * @param text Any text.
 * @param buffer Where to write.
 * @param at Offset of the first byte.
 * @returns Whether that is all of it; `false` if it has something else in it.
 */
export function fillAscii(
  text: string,
  buffer: Uint8Array<ArrayBuffer>,
  at: number,
): boolean {
  const length = text.length;
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f || unit === 0) return false;
    buffer[at + i] = unit;
  }
  buffer[at + length] = 0;
  return true;
}

function freshString(text: string): Uint8Array<ArrayBuffer> {
  const EINVAL = 22;
  if (text.includes("\0")) {
    throw new SyscallError("pass to libc", EINVAL, JSON.stringify(text));
  }
  const bytes = encodeName(text);
  const out = new Uint8Array(bytes.length + 1);
  out.set(bytes);
  return out;
}
