/**
 * A small portable program, built once, and directories to start it in.
 *
 * @module
 */

import { compilePortable } from "../../tools/compile.ts";

/** Echoes what it was given as one line of JSON, and exits with `$STATUS`. */
const ECHO = `
const echo = {
  args: Deno.args,
  input: await new Response(Deno.stdin.readable).text(),
  pid: Deno.pid,
  cwd: Deno.cwd(),
  umask: Deno.umask(),
};
console.log(JSON.stringify(echo));
Deno.exit(Number(Deno.env.get("STATUS") ?? 0));
`;

/** What the program saw of the world. */
export interface Echo {
  readonly args: string[];
  readonly input: string;
  readonly pid: number;
  readonly cwd: string;
  readonly umask: number;
}

/** A directory of one test, with the program in it. */
export interface Place extends AsyncDisposable {
  /** Absolute path of the directory, which is the program's HOME. */
  readonly dir: string;
  /** Absolute path of the portable file. */
  readonly program: string;
  /** Starts the program and waits for its end. */
  start(how?: Start): Promise<Outcome>;
  /** Starts the program as a child. */
  spawn(how?: Start): Deno.ChildProcess;
}

/** How to start the program. */
export interface Start {
  readonly args?: string[];
  /** The whole environment; `PATH` and `HOME` are added. */
  readonly env?: Record<string, string>;
  readonly input?: string;
}

/** How the program ended. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

let built: Promise<Uint8Array<ArrayBuffer>> | undefined;

/** Makes a directory with a copy of the program, which goes with the test. */
export async function tempPlace(): Promise<Place> {
  built ??= build();
  const dir = await Deno.realPath(
    await Deno.makeTempDir({ prefix: "overlay2_portable_" }),
  );
  const program = `${dir}/echo`;
  await Deno.writeFile(program, await built, { mode: 0o755 });
  const spawn = (how: Start = {}): Deno.ChildProcess => spawnIn(dir, how);
  return {
    dir,
    program,
    spawn,
    start: (how = {}) => run(spawn(how), how.input ?? ""),
    [Symbol.asyncDispose]: () => Deno.remove(dir, { recursive: true }),
  };
}

async function build(): Promise<Uint8Array<ArrayBuffer>> {
  const dir = await Deno.makeTempDir({ prefix: "overlay2_echo_" });
  try {
    await Deno.writeTextFile(`${dir}/echo.js`, ECHO);
    await compilePortable({ program: `${dir}/echo.js`, output: `${dir}/echo` });
    return await Deno.readFile(`${dir}/echo`);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

function spawnIn(dir: string, how: Start): Deno.ChildProcess {
  return new Deno.Command(`${dir}/echo`, {
    args: how.args ?? [],
    clearEnv: true,
    env: {
      PATH: Deno.env.get("PATH") ?? "/usr/bin:/bin",
      HOME: dir,
      TMPDIR: dir,
      ...how.env,
    },
    cwd: dir,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function run(
  child: Deno.ChildProcess,
  input: string,
): Promise<Outcome> {
  const writer = child.stdin.getWriter();
  // A program that fails at once closes its input before reading it.
  await writer.write(new TextEncoder().encode(input)).catch(() => {});
  await writer.close().catch(() => {});
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}

/** Names in a directory, sorted, those of temporary files included. */
export function namesIn(dir: string): string[] {
  return [...Deno.readDirSync(dir)].map((entry) => entry.name).sort();
}
