/**
 * Random archives: a layer looks the same by whatever way it was filled, and as
 * the OCI image specification has it.
 *
 * `OVERLAY2_SEED` is the first seed, 1 if unset; each failure names its own.
 *
 * @module
 */

import type { Driver } from "../../mod.ts";
import { assertEquals } from "../assert.ts";
import { fill, inLayer, streamOf, tempDriver } from "../fixtures.ts";
import { archive, dir, file, link, type Member } from "../tar_builder.ts";
import { describeTree } from "../trees.ts";
import { Random } from "../tree/random.ts";

const FIRST = Number(Deno.env.get("OVERLAY2_SEED") ?? 1);
const ROUNDS = 150;
const NAMES = ["a", "b", "c"];

/** A tree as paths: text of a file, or undefined for a directory. */
type Model = Map<string, string | undefined>;

function randomPath(random: Random): string {
  return Array.from(
    { length: 1 + random.below(3) },
    () => random.pick(NAMES),
  ).join("/");
}

function parentsOf(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, i) => parts.slice(0, i + 1).join("/"));
}

function without(model: Model, gone: (path: string) => boolean): void {
  for (const path of [...model.keys()]) if (gone(path)) model.delete(path);
}

const isBelow = (top: string) => (path: string) => path.startsWith(`${top}/`);

/** Puts a file or directory into a model, as the last one of its path. */
function put(model: Model, path: string, text: string | undefined): void {
  for (const parent of parentsOf(path)) {
    if (model.get(parent) !== undefined || !model.has(parent)) {
      model.set(parent, undefined);
    }
  }
  if (text !== undefined) without(model, isBelow(path));
  model.set(path, text);
}

function randomBase(random: Random): Model {
  const model: Model = new Map();
  for (let i = 0; i < 12; i++) {
    const path = randomPath(random);
    if (parentsOf(path).some((parent) => model.get(parent) !== undefined)) {
      continue;
    }
    if (random.below(3) === 0) put(model, path, undefined);
    else if (!model.has(path)) put(model, path, `lower ${path}`);
  }
  return model;
}

function writeModel(root: string, model: Model): void {
  for (const [path, text] of [...model].sort()) {
    if (text === undefined) Deno.mkdirSync(`${root}/${path}`);
    else Deno.writeTextFileSync(`${root}/${path}`, text);
  }
}

/** An archive, and what it hides and brings. */
interface Change {
  readonly members: Member[];
  readonly brought: Model;
  readonly hidden: Set<string>;
  readonly opaque: Set<string>;
}

function randomChange(random: Random): Change {
  const members: Member[] = [];
  const brought: Model = new Map();
  const hidden = new Set<string>();
  const opaque = new Set<string>();
  const explicit = (path: string) => {
    for (const parent of parentsOf(path)) {
      if (brought.has(parent) && brought.get(parent) === undefined) continue;
      members.push(dir(parent));
      put(brought, parent, undefined);
    }
  };
  for (let i = 3 + random.below(8); i > 0; i--) {
    const path = randomPath(random);
    const cut = path.lastIndexOf("/") + 1;
    // A file that becomes a directory within one archive is not defined.
    const isFile = (other: string) => brought.get(other) !== undefined;
    if (parentsOf(path).some(isFile)) continue;
    explicit(path);
    switch (random.below(6)) {
      case 0:
        members.push(file(`${path.slice(0, cut)}.wh.${path.slice(cut)}`));
        hidden.add(path);
        break;
      case 1:
        if (cut === 0) break;
        members.push(file(`${path.slice(0, cut)}.wh..wh..opq`));
        opaque.add(path.slice(0, cut - 1));
        break;
      case 2:
        if (isFile(path)) break;
        members.push(dir(path));
        put(brought, path, undefined);
        break;
      case 3: {
        const files = [...brought].filter(([other, text]) =>
          text !== undefined && other !== path && !isBelow(path)(other)
        );
        if (files.length === 0) break;
        const [source, text] = random.pick(files);
        members.push(link(path, source));
        put(brought, path, text!);
        break;
      }
      default: {
        const text = `new ${members.length}`;
        members.push(file(path, text));
        put(brought, path, text);
      }
    }
  }
  return { members, brought, hidden, opaque };
}

/** What the layer shows: whiteouts hide the base only. */
function merge(base: Model, change: Change): Model {
  const model: Model = new Map(base);
  for (const path of change.hidden) {
    without(model, (other) => other === path || isBelow(path)(other));
  }
  for (const path of change.opaque) without(model, isBelow(path));
  for (const [path, text] of [...change.brought].sort()) {
    const wasFile = model.get(path) !== undefined;
    if (text !== undefined || wasFile) without(model, isBelow(path));
    model.set(path, text);
  }
  return model;
}

function modelLines(model: Model): string[] {
  return [...model].map(([path, text]) =>
    text === undefined ? `/${path} dir` : `/${path} file ${text}`
  ).sort();
}

function shownLines(driver: Driver, id: string): Promise<string[]> {
  return inLayer(
    driver,
    id,
    (root) =>
      describeTree(root, { times: false, xattrs: "none" }).map((line) => {
        const [path, type] = line.split(" ");
        const [, text] = /"(.*)"/.exec(line) ?? [];
        return type === "dir" ? `${path} dir` : `${path} file ${text}`;
      }).sort(),
  );
}

Deno.test("Driver.applyDiff() makes of random archives what the image specification says, by each way", async () => {
  await using temp = await tempDriver();
  const { driver } = temp;
  await driver.create("other");
  for (let seed = FIRST; seed < FIRST + ROUNDS; seed++) {
    const random = new Random(seed);
    const base = randomBase(random);
    const change = randomChange(random);
    const bytes = archive(...change.members);
    const expected = modelLines(merge(base, change));
    const message = [
      `OVERLAY2_SEED=${seed}`,
      ...modelLines(base),
      "-- archive",
      ...change.members.map(({ name, type, linkname }) =>
        `${type ?? "0"} ${name} ${linkname ?? ""}`
      ),
    ].join("\n");
    await fill(driver, "base", undefined, (root) => writeModel(root, base));
    for (const parent of ["base", "", "other"]) {
      const id = `top ${parent}`;
      await driver.create(id, "base");
      await driver.applyDiff(id, parent, streamOf(bytes));
      assertEquals(await shownLines(driver, id), expected, `${id} ${message}`);
      await driver.create("copy", "base");
      await driver.applyDiff("copy", "base", driver.diff(id));
      assertEquals(await shownLines(driver, "copy"), expected, message);
      await driver.remove("copy");
      await driver.remove(id);
    }
    await driver.remove("base");
  }
});
