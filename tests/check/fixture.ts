/**
 * Homes that are damaged by hand, and what is expected of a check.
 *
 * @module
 */

import type { Driver, Finding } from "../../mod.ts";
import { Dir } from "../../src/linux/dir.ts";
import { setXattrAt } from "../../src/linux/xattr.ts";
import { assert, assertEquals } from "../assert.ts";
import {
  describeHome,
  fill,
  inLayer,
  type TempDriver,
  tempDriver,
} from "../fixtures.ts";
import { describeTree } from "../trees.ts";

/** Layers of a {@linkcode Family}, each made on the one before, and one alone. */
export const CHAIN = ["base", "mid", "top", "leaf"] as const;
/** All layers of a {@linkcode Family}. */
export const LAYERS: readonly string[] = [...CHAIN, "lone"];

/** A home with some layers, and ways to look at it and to damage it. */
export class Family implements AsyncDisposable {
  /** The driver. */
  readonly driver: Driver;
  /** Absolute path of the home. */
  readonly home: string;
  /** Short names by id. */
  readonly short: Readonly<Record<string, string>>;
  readonly #temp: TempDriver;
  #shown: Readonly<Record<string, string[]>> = {};

  private constructor(temp: TempDriver, short: Record<string, string>) {
    this.#temp = temp;
    this.driver = temp.driver;
    this.home = temp.home;
    this.short = short;
  }

  /** Makes one. */
  static async make(): Promise<Family> {
    const temp = await tempDriver();
    let parent: string | undefined;
    for (const id of CHAIN) {
      await fill(temp.driver, id, parent, (root) => write(root, id, parent));
      parent = id;
    }
    await fill(temp.driver, "lone", undefined, (root) => write(root, "lone"));
    const short: Record<string, string> = {};
    for (const id of LAYERS) {
      short[id] = Deno.readTextFileSync(`${temp.home}/${id}/link`);
    }
    const family = new Family(temp, short);
    family.#shown = await family.show();
    return family;
  }

  /** Absolute path of something in the home; `{id}` stands for a short name. */
  path(relative: string): string {
    return `${this.home}/${this.named(relative)}`;
  }

  /** Puts short names in the place of `{id}`. */
  named(text: string): string {
    return text.replace(/\{(\w+)\}/g, (_, id: string) => this.short[id] ?? id);
  }

  /** Reads a file. */
  read(path: string): string {
    return Deno.readTextFileSync(this.path(path));
  }

  /** Makes or overwrites a file. */
  write(path: string, text: string): void {
    Deno.writeTextFileSync(this.path(path), this.named(text));
  }

  /** Deletes anything. */
  remove(...paths: string[]): void {
    for (const path of paths) {
      Deno.removeSync(this.path(path), { recursive: true });
    }
  }

  /** Makes a directory and those around it. */
  mkdir(path: string): void {
    Deno.mkdirSync(this.path(path), { recursive: true });
  }

  /** Makes a symbolic link, in the place of anything else. */
  link(path: string, target: string): void {
    try {
      this.remove(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    Deno.symlinkSync(this.named(target), this.path(path));
  }

  /** Makes a whiteout. */
  whiteout(path: string): void {
    using home = Dir.open(this.home);
    home.mknod(path, 0o020000, 0n);
  }

  /** Sets an attribute. */
  mark(path: string, name: string, value: string): void {
    using home = Dir.open(this.home);
    setXattrAt(home, path, name, new TextEncoder().encode(value));
  }

  /** What each layer shows. */
  async show(): Promise<Record<string, string[]>> {
    const shown: Record<string, string[]> = {};
    for (const id of LAYERS) {
      shown[id] = await inLayer(
        this.driver,
        id,
        (root) => describeTree(root, { dirTimes: false }),
      );
    }
    return shown;
  }

  /** Fails unless all layers show what they did when they were made. */
  async assertWhole(): Promise<void> {
    assertEquals(await this.show(), this.#shown);
  }

  /** Everything in the home. */
  describe(): string[] {
    return describeHome(this.home);
  }

  /** What a check finds, which must not change anything. */
  async check(...ids: string[]): Promise<Finding[]> {
    const before = this.describe();
    const found = await this.driver.check(ids.length > 0 ? ids : undefined);
    assertEquals(this.describe(), before, "a check changed the home");
    return found;
  }

  /** What a repair does. */
  repair(): Promise<Finding[]> {
    return this.driver.check(undefined, { repair: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#temp[Symbol.asyncDispose]();
  }
}

/** Something of each kind, so that a layer that is mounted wrongly shows. */
function write(root: string, id: string, parent?: string): void {
  Deno.writeTextFileSync(`${root}/${id}`, `content of ${id}`);
  Deno.writeTextFileSync(`${root}/shared`, id);
  Deno.mkdirSync(`${root}/dir-${id}`);
  Deno.writeTextFileSync(`${root}/dir-${id}/gone`, id);
  Deno.writeTextFileSync(`${root}/dir-${id}/kept`, id);
  if (parent !== undefined) Deno.removeSync(`${root}/dir-${parent}/gone`);
}

/** Findings as `severity name path`, sorted. */
export function lines(findings: readonly Finding[]): string[] {
  return findings.map(({ severity, name, path }) =>
    `${severity} ${name} ${path}`.trim()
  ).sort();
}

/** A way to damage a home. */
export interface Damage {
  /** What is damaged, for the name of the test. */
  readonly what: string;
  /** Does it. */
  readonly harm: (family: Family) => void | Promise<void>;
  /** What is found, as {@linkcode lines}; `{id}` stands for a short name. */
  readonly found: readonly string[];
  /** Of these what a repair leaves. */
  readonly left?: readonly string[];
  /** Whether the layers do not show what they did, even after a repair. */
  readonly lossy?: boolean;
  /** Looks at the repaired home. */
  readonly after?: (family: Family) => void | Promise<void>;
}

/** Registers a test of one damage. */
export function damageTest(damage: Damage): void {
  const { what, harm, found, left = [], lossy = false, after } = damage;
  Deno.test(`Driver.check() finds ${what}`, async () => {
    await using family = await Family.make();
    assertEquals(await family.check(), []);
    await harm(family);
    const expected = found.map((line) => family.named(line)).sort();
    const remaining = left.map((line) => family.named(line)).sort();

    assertEquals(lines(await family.check()), expected);

    const repaired = await family.repair();
    const kept = repaired.filter((finding) => !finding.repaired);
    assertEquals(lines(kept), remaining);
    const mended = lines(repaired.filter((finding) => finding.repaired));
    for (const line of expected) {
      assert(mended.includes(line) || remaining.includes(line), line);
    }
    assertEquals(lines(await family.check()), remaining);
    await assertNothingToDo(family);
    if (!lossy) await family.assertWhole();
    await after?.(family);
  });
}

async function assertNothingToDo(family: Family): Promise<void> {
  const before = family.describe();
  const again = await family.repair();
  assertEquals(again.filter((finding) => finding.repaired), []);
  assertEquals(family.describe(), before, "a second repair changed the home");
}
