/**
 * The program as a process, on a home of its own.
 *
 * `$OVERLAY2_BIN` names the program under test; without it, that is `cli.ts`
 * run by this Deno.
 *
 * @module
 */

import { mountsBelow } from "../../src/linux/mountinfo.ts";
import { decodeName } from "../../src/text.ts";
import { assertEquals } from "../assert.ts";

const CLI = new URL("../../cli.ts", import.meta.url).pathname;

/** Words that start the program. */
export const PROGRAM: readonly string[] = programWords();

function programWords(): string[] {
  const binary = Deno.env.get("OVERLAY2_BIN");
  return binary ? [binary] : [Deno.execPath(), "run", "-A", CLI];
}

/** What a run has left behind. */
export interface Outcome {
  /** Exit status. */
  readonly status: number;
  /** Standard output, decoded as a name is. */
  readonly stdout: string;
  /** Standard output. */
  readonly bytes: Uint8Array;
  /** Standard error. */
  readonly stderr: string;
}

/** What a run is given. */
export interface Surroundings {
  /** Standard input; without it, there is none. */
  readonly stdin?: Uint8Array | undefined;
  /** Environment variables to add. */
  readonly env?: Record<string, string>;
}

/** Runs any command to its end. */
export async function execute(
  words: readonly string[],
  { stdin, env = {} }: Surroundings = {},
): Promise<Outcome> {
  const [program, ...args] = words;
  const child = new Deno.Command(program!, {
    args,
    env,
    stdin: stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const feeding = stdin === undefined ? undefined : feed(child, stdin);
  const output = await child.output();
  await feeding;
  return {
    status: output.code,
    stdout: decodeName(output.stdout),
    bytes: output.stdout,
    stderr: decodeName(output.stderr),
  };
}

/** A program that refuses its input may end before it has read it. */
async function feed(child: Deno.ChildProcess, bytes: Uint8Array) {
  const writer = child.stdin.getWriter();
  try {
    await writer.write(bytes);
    await writer.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

/** A home in a directory of its own, with the program at work on it. */
export class Home implements AsyncDisposable {
  /** Directory that goes away with the home; room for other files. */
  readonly room: string;
  /** The driver's home. */
  readonly path: string;

  private constructor(room: string) {
    this.room = room;
    this.path = `${room}/home`;
  }

  /** Makes a home. */
  static async make(): Promise<Home> {
    return new Home(await Deno.makeTempDir({ prefix: "overlay2_cli_" }));
  }

  /** Words that start the program on this home. */
  words(...args: string[]): string[] {
    return [...PROGRAM, "--home", this.path, ...args];
  }

  /** Runs the program to its end, however it ends. */
  run(args: readonly string[], given?: Surroundings): Promise<Outcome> {
    return execute(this.words(...args), given);
  }

  /** Runs the program, which has to succeed and to warn of nothing. */
  async ok(args: readonly string[], stdin?: Uint8Array): Promise<string> {
    const { status, stdout, stderr } = await this.run(args, { stdin });
    assertEquals({ args, status, stderr }, { args, status: 0, stderr: "" });
    return stdout;
  }

  /** Starts the program, with its descriptors in hand. */
  start(...args: string[]): Deno.ChildProcess {
    const [program, ...words] = this.words(...args);
    return new Deno.Command(program!, {
      args: words,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  /** Everything in the home, as sorted lines that show names and links. */
  listing(): string[] {
    const lines: string[] = [];
    const walk = (path: string) => {
      for (const entry of Deno.readDirSync(path)) {
        const below = `${path}/${entry.name}`;
        const target = entry.isSymlink ? ` -> ${Deno.readLinkSync(below)}` : "";
        lines.push(below.slice(this.path.length) + target);
        if (entry.isDirectory) walk(below);
      }
    };
    walk(this.path);
    return lines.sort();
  }

  /** Mount points below the home. */
  mounts(): string[] {
    return mountsBelow(this.path).map(({ mountpoint }) => mountpoint).sort();
  }

  /** Unmounts what a test has left, and removes all files. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const path of this.mounts().reverse()) {
      await execute(["umount", "-l", path]);
    }
    await Deno.remove(this.room, { recursive: true });
  }
}

/**
 * Registers a test that makes layers, which only root can.
 *
 * @param name The property that is tested.
 * @param run Tests it, on a home of its own.
 * @param program A program of the system without which it cannot be tested.
 */
export function rootTest(
  name: string,
  run: (home: Home) => Promise<void>,
  program = "sh",
) {
  const lack = Deno.uid() !== 0
    ? "root"
    : hasProgram(program)
    ? undefined
    : program;
  Deno.test({
    name: lack === undefined ? name : `${name} (skipped: needs ${lack})`,
    ignore: lack !== undefined,
    async fn() {
      await using home = await Home.make();
      await run(home);
    },
  });
}

/** Tells whether a program is installed. */
function hasProgram(name: string): boolean {
  return (Deno.env.get("PATH") ?? "").split(":").some((directory) => {
    try {
      return Deno.statSync(`${directory}/${name}`).isFile;
    } catch {
      return false;
    }
  });
}
