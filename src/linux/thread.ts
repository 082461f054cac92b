/**
 * mount(2) with paths relative to a directory, without changing the current
 * directory of the process: a thread of its own stops sharing it
 * (`unshare(CLONE_FS)`), changes it, mounts, and ends.
 *
 * @module
 */

import { SyscallError } from "./errno.ts";

/** What the thread is told. */
interface Request {
  readonly dir: Uint8Array<ArrayBuffer>;
  readonly target: Uint8Array<ArrayBuffer>;
  readonly data: Uint8Array<ArrayBuffer>;
}

/** What the thread answers: the call that failed and its errno, or nothing. */
interface Reply {
  readonly syscall: string;
  readonly errno: number;
}

/** The thread's whole program; it must use nothing from outside its own body. */
function threadMain(): void {
  const CLONE_FS = 0x200;
  const { symbols: libc } = Deno.dlopen("libc.so.6", {
    unshare: { parameters: ["i32"], result: "i32" }, // int (int flags)
    chdir: { parameters: ["buffer"], result: "i32" }, // int (const char *path)
    mount: {
      parameters: ["buffer", "buffer", "buffer", "u64", "buffer"],
      result: "i32",
    }, // int (const char *source, const char *target, const char *type, unsigned long flags, const void *data)
    __errno_location: { parameters: [], result: "pointer" }, // int *(void)
  });
  const cell = new Int32Array(
    Deno.UnsafePointerView.getArrayBuffer(libc.__errno_location()!, 4),
  );
  const source = new TextEncoder().encode("overlay\0");
  const scope = globalThis as unknown as Worker;
  scope.onmessage = ({ data: request }: MessageEvent<Request>) => {
    let syscall = "unshare";
    let result = libc.unshare(CLONE_FS);
    if (result === 0) {
      syscall = "chdir";
      result = libc.chdir(request.dir);
    }
    if (result === 0) {
      syscall = "mount";
      result = libc.mount(source, request.target, source, 0n, request.data);
    }
    const errno = result === 0 ? 0 : cell[0]!;
    scope.postMessage({ syscall, errno });
  };
}

function startThread(): Worker {
  const program = encodeURIComponent(`(${threadMain.toString()})()`);
  return new Worker(`data:application/javascript,${program}`, {
    type: "module",
  });
}

/**
 * Mounts an overlay whose options name paths relative to `dir`.
 *
 * @param dir Absolute path with its NUL.
 * @param target Mountpoint with its NUL, relative to `dir`.
 * @param data Mount options with their NUL.
 * @param path Path of the mountpoint for the error message.
 * @throws {SyscallError} what mount(2) answers.
 */
export async function mountRelative(
  dir: Uint8Array<ArrayBuffer>,
  target: Uint8Array<ArrayBuffer>,
  data: Uint8Array<ArrayBuffer>,
  path: string,
): Promise<void> {
  const thread = startThread();
  try {
    const reply = await new Promise<Reply>((resolve, reject) => {
      thread.onmessage = (event) => resolve(event.data);
      thread.onerror = (event) => {
        event.preventDefault();
        reject(new Error(`Cannot mount ${path}: ${event.message}`));
      };
      thread.postMessage({ dir, target, data } satisfies Request);
    });
    if (reply.errno !== 0) {
      throw new SyscallError(reply.syscall, reply.errno, path);
    }
  } finally {
    thread.terminate();
  }
}
