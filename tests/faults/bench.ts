/**
 * A place where commands are run, each on a home of its own, and what they do
 * there when nothing goes wrong.
 *
 * @module
 */

import { Dir } from "../../src/linux/dir.ts";
import { MNT_DETACH, unmount } from "../../src/linux/mount.ts";
import { mountsBelow } from "../../src/linux/mountinfo.ts";
import { removeTreeNow } from "../../src/linux/remove.ts";
import { bundle } from "../../tools/compile.ts";
import { run } from "../../tools/vm/needs.ts";
import { execute, type Outcome } from "../cli/program.ts";
import { TempDir } from "../fixtures.ts";
import { archiveLines } from "../tar_builder.ts";
import { type Case, writeInputs } from "./cases.ts";
import { makeLayers } from "./layers.ts";
import { contentsIn, recordsIn } from "./verdict.ts";

/** What a home holds and has mounted. */
export interface Situation {
  /** Digest of each layer. */
  readonly contents: ReadonlyMap<string, string>;
  /** See {@linkcode recordsIn}. */
  readonly records: readonly string[];
  /** Ids of mounted layers. */
  readonly mounts: readonly string[];
}

/** What a command does when nothing goes wrong. */
export interface Reference {
  readonly case: Case;
  /** See {@linkcode Bench.printed}. */
  readonly stdout: string;
  readonly before: Situation;
  readonly after: Situation;
}

const NO_LAYERS: Situation = {
  contents: new Map(),
  records: ["l: "],
  mounts: [],
};

const UUID = /[0-9a-f]{8}-[0-9a-f-]{27}/g;

/** A directory in which one command at a time is run. */
export class Bench {
  /** The directory. */
  readonly room: string;
  readonly #template: string;
  readonly #program: readonly string[];

  /**
   * Makes a bench.
   *
   * @param room Its directory; as long as that of any other bench.
   * @param template Home that each run begins with.
   * @param program Words that start the program.
   */
  constructor(room: string, template: string, program: readonly string[]) {
    this.room = room;
    this.#template = template;
    this.#program = program;
  }

  /** The home. */
  get home(): string {
    return `${this.room}/home`;
  }

  /** Whether there is a home. */
  get hasHome(): boolean {
    try {
      return Deno.statSync(`${this.home}/l`).isDirectory;
    } catch {
      return false;
    }
  }

  /** Ids of mounted layers. */
  get mounts(): string[] {
    return mountsBelow(this.home).map(({ mountpoint }) =>
      mountpoint.slice(this.home.length + 1).replace(/\/merged$/, "")
    ).sort();
  }

  /** Words that start a command. */
  words({ command, options = [], args }: Case): string[] {
    return [
      ...this.#program,
      ...["--home", this.home, ...options, command],
      ...args.map((word) => word.replace("ROOM", this.room)),
    ];
  }

  /** Makes the home anew. */
  async reset({ fresh, prepare }: Case): Promise<void> {
    this.clear();
    Deno.mkdirSync(this.room);
    writeInputs(this.room);
    if (!fresh) await run("cp", ["-a", this.#template, this.home]);
    await prepare?.(this.home);
  }

  /** Unmounts and deletes everything. */
  clear(): void {
    for (const { mountpoint } of mountsBelow(this.room)) {
      unmount(mountpoint, MNT_DETACH);
    }
    const slash = this.room.lastIndexOf("/");
    using above = Dir.open(this.room.slice(0, slash));
    removeTreeNow(above, this.room.slice(slash + 1));
  }

  /** Runs a command to its end. */
  run(tried: Case): Promise<Outcome> {
    return execute(this.words(tried), { stdin: tried.stdin });
  }

  /** Finds out what a command does when nothing goes wrong. */
  async reference(tried: Case): Promise<Reference> {
    await this.reset(tried);
    const before = tried.fresh ? NO_LAYERS : await this.#situation();
    await this.reset(tried);
    const { status, bytes, stderr } = await this.run(tried);
    if (status !== 0) throw new Error(`${tried.name}: ${stderr}`);
    const after = await this.#situation();
    return { case: tried, stdout: this.printed(tried, bytes), before, after };
  }

  async #situation(): Promise<Situation> {
    return {
      records: recordsIn(this.home),
      contents: await contentsIn(this.home),
      mounts: this.mounts,
    };
  }

  /** What was printed, the same in every bench and at any time. */
  printed({ command, args }: Case, bytes: Uint8Array): string {
    if (command === "diff" && !args.includes("-o")) {
      return archiveLines(bytes).map((line) => line.replace(/@-?\d+/, ""))
        .sort().join("\n");
    }
    return new TextDecoder("latin1").decode(bytes)
      .replaceAll(this.room, "ROOM").replace(UUID, "UUID");
  }
}

/** Benches, and what goes away with them. */
export interface Benches extends Disposable {
  /** They can be used at the same time. */
  readonly all: readonly Bench[];
}

/**
 * Makes benches in memory.
 *
 * @param count How many, fewer than ten.
 */
export async function makeBenches(count: number): Promise<Benches> {
  const temp = new TempDir("overlay2_bench_");
  try {
    temp.useMemory();
    const template = `${temp.path}/template`;
    await makeLayers(template);
    // One file, so that few of the program's calls are the runtime's.
    const program = `${temp.path}/cli.js`;
    await Deno.writeFile(program, await bundle("cli.ts"));
    const words = [Deno.execPath(), "run", "-A", program];
    const all = Array.from(
      { length: count },
      (_, i) => new Bench(`${temp.path}/bench${i}`, template, words),
    );
    return { all, [Symbol.dispose]: () => temp[Symbol.dispose]() };
  } catch (error) {
    temp[Symbol.dispose]();
    throw error;
  }
}
