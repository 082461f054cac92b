/**
 * A home as its files say it is.
 *
 * @module
 */

import { Dir } from "../../../src/linux/dir.ts";
import { mountsBelow } from "../../../src/linux/mountinfo.ts";
import { isWhiteout } from "../../../src/linux/stat.ts";
import { decodeName } from "../../../src/text.ts";
import { type LayerState, State } from "./state.ts";

/** Files of a directory, as the model writes them. */
export function filesOf(path: string): Map<string, string> {
  using dir = Dir.open(path);
  const names = dir.names().map(({ name }) => name).sort();
  return new Map(names.map((name) => [name, contentOf(dir, name)]));
}

function contentOf(dir: Dir, name: string): string {
  const status = dir.stat(name);
  if (isWhiteout(status)) return "w";
  if (status.type === "symlink") return `s${dir.readlink(name)}`;
  if (status.type !== "file") return `?${status.type}`;
  return `f${decodeName(Deno.readFileSync(`${dir.path}/${name}`))}`;
}

/** Names that a layer at rest has; a mountpoint only while it is mounted. */
const KNOWN = ["committed", "diff", "link", "lower", "merged", "work"];

/** Reads a home in which nobody works. */
export class Disk {
  readonly #home: string;
  readonly #mounts: ReadonlyMap<string, "rw" | "ro">;
  /** What does not fit together. */
  readonly faults: string[] = [];

  /**
   * Opens a home.
   *
   * @param home Its path, without symbolic links.
   */
  constructor(home: string) {
    this.#home = home;
    const mounts = mountsBelow(home).map(({ mountpoint }) => mountpoint);
    this.#mounts = new Map(mounts.map((path) => [path, wayOf(path)]));
  }

  /** The home as the model writes it. */
  read(): State {
    const layers = new Map<string, LayerState>();
    const links = new Set(namesIn(`${this.#home}/l`));
    for (const id of namesIn(this.#home)) {
      if (id === "l") continue;
      if (id.startsWith(".")) this.faults.push(`${id} was left behind`);
      else layers.set(id, this.#layer(id, links));
    }
    for (const link of links) this.faults.push(`l/${link} leads to no layer`);
    const state = new State(layers);
    for (const id of state.ids) this.#checkParent(state, id);
    return state;
  }

  #layer(id: string, links: Set<string>): LayerState {
    const dir = `${this.#home}/${id}`;
    const short = textOf(`${dir}/link`) ?? "";
    if (!links.delete(short)) this.faults.push(`${id}: no link l/${short}`);
    const target = linkOf(`${this.#home}/l/${short}`);
    if (target !== `../${id}/diff`) {
      this.faults.push(`${id}: its link leads to ${target}`);
    }
    const names = namesIn(dir);
    const mounted = this.#mounts.get(`${dir}/merged`) ?? "no";
    for (const name of names) {
      const fits = KNOWN.includes(name) &&
        (name !== "merged" || mounted !== "no");
      if (!fits) this.faults.push(`${id}/${name} was left behind`);
    }
    const lowers = this.#lowers(id);
    if ((lowers.length > 0) !== names.includes("work")) {
      this.faults.push(`${id}: "work" and "lower" do not go together`);
    }
    return {
      parent: lowers[0],
      committed: names.includes("committed"),
      mounted,
      files: filesOf(`${dir}/diff`),
    };
  }

  #lowers(id: string): string[] {
    const text = textOf(`${this.#home}/${id}/lower`);
    if (text === undefined) return [];
    return text.split(":").map((lower) => {
      const target = linkOf(`${this.#home}/${lower}`) ?? "";
      const [, below] = /^\.\.\/([^/]+)\/diff$/.exec(target) ?? [];
      if (below) return below;
      this.faults.push(`${id}: its lower ${lower} leads nowhere`);
      return lower;
    });
  }

  #checkParent(state: State, id: string): void {
    const { parent } = state.layer(id)!;
    if (parent === undefined) return;
    if (!state.layer(parent)?.committed) {
      this.faults.push(`${id}: its parent ${parent} is not committed`);
    }
    const expected = state.lowers(id).join();
    const actual = this.#lowers(id).join();
    if (actual !== expected) {
      this.faults.push(`${id}: its lowers are ${actual}, not ${expected}`);
    }
  }
}

function namesIn(path: string): string[] {
  return [...Deno.readDirSync(path)].map(({ name }) => name).sort();
}

function textOf(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function linkOf(path: string): string | undefined {
  try {
    return Deno.readLinkSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function wayOf(mountpoint: string): "rw" | "ro" {
  const lines = Deno.readTextFileSync("/proc/self/mountinfo").split("\n");
  const line = lines.find((line) => line.split(" ")[4] === mountpoint);
  return line?.includes("upperdir=") ? "rw" : "ro";
}
