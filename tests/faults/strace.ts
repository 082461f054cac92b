/**
 * Commands under strace(1): which system calls they make, and what they do when
 * one of these fails.
 *
 * @module
 */

import { findCommand } from "../../tools/vm/needs.ts";

/** Calls that are watched, by what can go wrong with them. */
const ERRORS: Readonly<Record<string, readonly string[]>> = {
  "openat openat2": ["EIO", "ENOMEM", "EACCES", "EMFILE", "EINTR"],
  "read sendfile": ["EIO", "EINTR", "ENOMEM"],
  "write ftruncate": ["ENOSPC", "EIO", "EDQUOT", "EINTR"],
  "statx statfs newfstatat readlinkat readlink": ["EIO", "ENOMEM", "EACCES"],
  "getdents64 lgetxattr fgetxattr llistxattr flistxattr": [
    "EIO",
    "ENOMEM",
    "EACCES",
  ],
  "mkdirat mkdir mknodat symlinkat linkat": [
    "ENOSPC",
    "EIO",
    "EDQUOT",
    "EROFS",
    "ENOMEM",
    "EACCES",
  ],
  "renameat2 rename unlinkat unlink rmdir": [
    "EIO",
    "EROFS",
    "ENOSPC",
    "EPERM",
    "ENOMEM",
  ],
  "fchmodat chmod fchmod fchown fchownat utimensat": [
    "EIO",
    "EROFS",
    "EPERM",
    "EDQUOT",
  ],
  "lsetxattr fsetxattr": ["ENOSPC", "EIO", "EDQUOT", "EROFS"],
  "fsync syncfs": ["EIO", "ENOSPC", "EDQUOT", "EINTR"],
  "flock": ["EINTR", "ENOLCK", "EIO"],
  "fsopen fsconfig fsmount": ["ENOMEM", "EPERM", "EIO", "EMFILE"],
  "mount move_mount": ["ENOMEM", "EPERM", "EIO", "ENOSPC"],
  "umount2": ["EBUSY", "EPERM", "EIO", "ENOMEM"],
  "ioctl quotactl quotactl_fd": ["EIO", "EPERM", "ENOMEM"],
  "lseek": ["EIO"],
  "poll": ["EINTR", "ENOMEM"],
};

/** Errors of files that come to be. */
const CREATING: readonly string[] = ["ENOSPC", "EROFS", "EDQUOT"];

const ERRORS_OF: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(ERRORS).flatMap(([kinds, errors]) =>
    kinds.split(" ").map((kind) => [kind, errors] as const)
  ),
);

/** Names of the calls that are watched. */
export const KINDS: readonly string[] = [...ERRORS_OF.keys()];

/** A call that a command made. */
export interface Call {
  /** Name of the call. */
  readonly kind: string;
  /** Place among the calls of its kind in its thread, from 1. */
  readonly ordinal: number;
  /** What strace says of it. */
  readonly line: string;
  /** Whether it was made to fail. */
  readonly injected: boolean;
}

/** How a command ended, and what it called. */
export interface Traced {
  /** Exit status; `undefined` if it did not end in time. */
  readonly status: number | undefined;
  /** What it printed. */
  readonly stdout: Uint8Array;
  /** What it said. */
  readonly stderr: string;
  /** Its calls, in their order. */
  readonly calls: readonly Call[];
}

/** What to make fail. */
export interface Injection {
  /** Name of the call. */
  readonly kind: string;
  /** Place among the calls of its kind. */
  readonly ordinal: number;
  /** Name of the error. */
  readonly error: string;
  /** Whether all later calls of the kind in its thread fail, too. */
  readonly lasting: boolean;
}

/** Errors that a call may plausibly answer. */
export function errorsOf({ kind, line }: Call): readonly string[] {
  const errors = ERRORS_OF.get(kind)!;
  return line.includes("O_CREAT") ? [...errors, ...CREATING] : errors;
}

/** Longest time that a command may take, in milliseconds. */
const PATIENCE = 30_000;

/**
 * Runs a command under strace.
 *
 * @param words The command.
 * @param log File for strace's output.
 * @param stdin What is piped into the command, if anything.
 * @param injection What to make fail; nothing if left out.
 */
export async function trace(
  words: readonly string[],
  log: string,
  stdin: Uint8Array | undefined,
  injection?: Injection,
): Promise<Traced> {
  const kinds = injection ? injection.kind : KINDS.map((k) => `?${k}`).join();
  const fault = injection
    ? [
      "-e",
      `inject=${injection.kind}:error=${injection.error}:when=${injection.ordinal}${
        injection.lasting ? "+" : ""
      }`,
    ]
    : [];
  const child = new Deno.Command(findCommand("strace")!, {
    args: [
      ...["-f", "-qq", "-y", "-s", "512", "--seccomp-bpf", "-o", log],
      ...["-e", `trace=${kinds}`, "-e", "signal=none", ...fault],
      ...words,
    ],
    stdin: stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const feeding = stdin && feed(child, stdin);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    killTraced(child, log);
  }, PATIENCE);
  const { code, stdout, stderr } = await child.output();
  clearTimeout(timer);
  await feeding;
  return {
    status: late ? undefined : code,
    stdout,
    stderr: new TextDecoder().decode(stderr),
    calls: parse(await Deno.readTextFile(log)),
  };
}

/** A command that fails may end before it has read its input. */
async function feed(
  { stdin }: Deno.ChildProcess,
  bytes: Uint8Array,
): Promise<void> {
  try {
    const writer = stdin.getWriter();
    await writer.write(bytes);
    await writer.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

/** Ends the command, so that strace ends as well. */
function killTraced(child: Deno.ChildProcess, log: string): void {
  const [, pid] = /^(\d+) /.exec(Deno.readTextFileSync(log)) ?? [];
  try {
    if (pid === undefined) child.kill("SIGKILL");
    else Deno.kill(Number(pid), "SIGKILL");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Reads what strace wrote: `PID CALL(…) = RESULT`, perhaps in two parts. */
export function parse(log: string): Call[] {
  const calls: Call[] = [];
  const ordinals = new Map<string, number>();
  const last = new Map<string, number>();
  for (const line of log.split("\n")) {
    const [, thread, rest] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (thread === undefined || rest === undefined) continue;
    const injected = line.endsWith("(INJECTED)");
    const [, kind] = /^(\w+)\(/.exec(rest) ?? [];
    if (kind !== undefined) {
      const key = `${thread} ${kind}`;
      const ordinal = (ordinals.get(key) ?? 0) + 1;
      ordinals.set(key, ordinal);
      last.set(thread, calls.push({ kind, ordinal, line: rest, injected }) - 1);
    } else if (injected && last.has(thread)) {
      // The end of a call that another thread's came in between.
      const index = last.get(thread)!;
      calls[index] = { ...calls[index]!, injected };
    }
  }
  return calls;
}
