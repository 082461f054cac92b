/**
 * A home with layers to fill, and canaries all around them.
 *
 * @module
 */

import { Dir } from "../../src/linux/dir.ts";
import { setXattrAt } from "../../src/linux/xattr.ts";
import { encodeName } from "../../src/text.ts";
import { type Driver, init } from "../../mod.ts";
import { inLayer, streamOf, type TempDriver, tempDriver } from "../fixtures.ts";
import type { Way } from "../driver/apply_ways.ts";
import { Changer, Random } from "../tree/random.ts";
import { describeTree } from "../trees.ts";

/** Content of the canaries: must never come to light. */
export const SECRET = "a secret that is not for layers";
/** Archives cannot hold a socket, and directories that moved take a mount to read. */
const WITHOUT = ["socket", "rename"];
/** Length of absolute paths in archives, or a multiple of it. */
const LENGTH = 64;
/** What is of the layer itself. */
const OWN = /^\/home\/top\/(diff|work|merged|exact)([ /]|$)/;

/** Directories whose times change: the layer's own, and the links, which the store dates back. */
const TIMELESS: readonly string[] = ["/home/top", "/home/l"];

/** A place with files that no archive may touch or read. */
function plantCanaries(path: string): void {
  Deno.mkdirSync(`${path}/dir`, { recursive: true });
  Deno.writeTextFileSync(`${path}/hello`, SECRET);
  Deno.writeTextFileSync(`${path}/dir/inner`, SECRET);
  Deno.symlinkSync("hello", `${path}/link`);
  Deno.linkSync(`${path}/dir/inner`, `${path}/dir/second`);
  using dir = Dir.open(path);
  setXattrAt(dir, "hello", "user.canary", encodeName("alive"));
}

/** Files by the names that archives use, links out of the layer among them. */
function plantBase(root: string, outside: string): void {
  Deno.mkdirSync(`${root}/a/b`, { recursive: true });
  Deno.writeTextFileSync(`${root}/a/b/c`, "lower");
  Deno.writeTextFileSync(`${root}/a/c`, "lower");
  Deno.mkdirSync(`${root}/b`);
  Deno.writeTextFileSync(`${root}/c`, "lower");
  Deno.linkSync(`${root}/c`, `${root}/b/c`);
  Deno.symlinkSync("../victim", `${root}/s`);
  Deno.symlinkSync(outside, `${root}/t`);
  Deno.symlinkSync("a", `${root}/u`);
  using dir = Dir.open(root);
  setXattrAt(dir, "b", "user.note", encodeName("lower"));
}

function change(root: string, random: Random, steps: number): void {
  using dir = Dir.open(root);
  new Changer(dir, random, WITHOUT).run(steps);
}

/** Inodes and times of change, which tell of any write. */
function describeInodes(path: string, prefix: string, lines: string[]): void {
  for (const { name, isDirectory } of Deno.readDirSync(path)) {
    const inner = `${prefix}/${name}`;
    if (OWN.test(inner) || name.includes("\ufffd")) continue;
    const { ino, nlink, ctime } = Deno.lstatSync(`${path}/${name}`);
    const times = TIMELESS.includes(inner) ? "" : ctime?.getTime();
    lines.push(`${inner} ${ino} ${isDirectory ? "" : nlink} ${times}`);
    if (isDirectory) describeInodes(`${path}/${name}`, inner, lines);
  }
}

/** A path of a length that does not depend on the run, or archives would. */
function padded(path: string): string {
  return path.padEnd(Math.ceil(path.length / LENGTH) * LENGTH, "v");
}

/** A home with a base, a sibling and a layer to be filled, and what is around. */
export class World implements AsyncDisposable {
  readonly #temp: TempDriver;
  /** What the driver that keeps archives warned of. */
  readonly warnings: string[] = [];
  #keeping: Driver | undefined;
  /** Absolute path of the canaries outside the home. */
  readonly outside: string;

  private constructor(temp: TempDriver) {
    this.#temp = temp;
    this.outside = padded(`${temp.temp.path}/v`);
  }

  /**
   * Makes one.
   *
   * @param seed Where the content of the layers comes from.
   */
  static async make(seed: number): Promise<World> {
    const world = new World(await tempDriver());
    try {
      await world.#plant(seed);
      return world;
    } catch (error) {
      await world[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #plant(seed: number): Promise<void> {
    const { driver, outside } = this;
    plantCanaries(outside);
    plantCanaries(`${this.#temp.temp.path}/victim`);
    // The first question about the kernel makes a trial mount in the home.
    driver.status();
    await driver.create("base");
    await inLayer(driver, "base", (root) => {
      plantBase(root, outside);
      if (seed % 2 === 1) change(root, new Random(seed), 25);
    });
    await driver.create("other");
    await driver.create("sibling", "base");
    await inLayer(driver, "sibling", (root) => {
      Deno.writeTextFileSync(`${root}/secret`, SECRET);
      Deno.mkdirSync(`${root}/own`);
      Deno.writeTextFileSync(`${root}/own/file`, SECRET);
    });
  }

  /** The driver. */
  get driver(): Driver {
    return this.#temp.driver;
  }

  /** A driver on the same home that keeps archives. */
  async keeping(): Promise<Driver> {
    this.#keeping ??= await this.#makeKeeping();
    this.warnings.length = 0;
    return this.#keeping;
  }

  async #makeKeeping(): Promise<Driver> {
    const driver = await init(this.home, {
      storageOpts: ["overlay2.exact=true"],
      onWarning: (message) => void this.warnings.push(message),
    });
    // It tries out once what the kernel can do.
    await driver.create("trial");
    await driver.applyDiff("trial", "", streamOf(new Uint8Array(1024)));
    await driver.remove("trial");
    return driver;
  }

  /** Its home. */
  get home(): string {
    return this.#temp.home;
  }

  /** Mounts that are there although they should not be. */
  get mounts(): string[] {
    return this.#temp.temp.mounts;
  }

  /** Makes the layer "top", filled beforehand if the way wants it so. */
  async makeTop(way: Way, random: Random): Promise<void> {
    await this.driver.create("top", "base");
    if (way.filled) {
      await inLayer(this.driver, "top", (root) => change(root, random, 12));
    }
    plantCanaries(`${this.home}/top/victim`);
    plantCanaries(`${this.home}/top/diff-evil`);
  }

  /** Everything that an archive for "top" must leave alone. */
  surroundings(): string[] {
    const path = this.#temp.temp.path;
    const inodes: string[] = [];
    describeInodes(path, "", inodes);
    const tree = describeTree(path).filter((line) => !OWN.test(line))
      .map((line) =>
        TIMELESS.includes(line.split(" ", 1)[0]!)
          ? line.replace(/@\S+/, "")
          : line
      );
    return [...tree, ...inodes.sort()];
  }

  /** What the layer's own directory is and holds, marks included. */
  own(): string[] {
    return describeTree(`${this.home}/top`).filter((line) =>
      line.startsWith("/diff")
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#temp[Symbol.asyncDispose]();
  }
}
