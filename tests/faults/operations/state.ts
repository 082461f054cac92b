/**
 * A home as it should be: an immutable value.
 *
 * @module
 */

/** Own files of a layer: `f` and text, `s` and target of a link, or `w`. */
export type Files = ReadonlyMap<string, string>;

/** Mark of a name that is hidden. */
export const WHITEOUT = "w";

/** A layer as it should be. */
export interface LayerState {
  readonly parent: string | undefined;
  /** Whether it was ever a parent. */
  readonly committed: boolean;
  /** How it is mounted. */
  readonly mounted: "no" | "rw" | "ro";
  /** What it changes. */
  readonly files: Files;
}

/** Uses of one layer by one process. */
export interface Use {
  /** How many it asked for. */
  readonly own: number;
  /** Whether it found the layer mounted. */
  readonly adopted: boolean;
}

/** A home. */
export class State {
  readonly #layers: ReadonlyMap<string, LayerState>;
  readonly #uses: ReadonlyMap<string, Use>;
  #key: string | undefined;

  /**
   * Makes a home.
   *
   * @param layers Layers by id.
   * @param uses Uses by process and id.
   */
  constructor(
    layers: ReadonlyMap<string, LayerState> = new Map(),
    uses: ReadonlyMap<string, Use> = new Map(),
  ) {
    this.#layers = layers;
    this.#uses = uses;
  }

  /** Equal for equal homes. */
  get key(): string {
    this.#key ??= [
      ...[...this.#layers].map(([id, layer]) => `${id} ${describe(layer)}`),
      ...[...this.#uses].map(([key, use]) =>
        `${key} ${use.own} ${use.adopted}`
      ),
    ].sort().join("\n");
    return this.#key;
  }

  /** Ids of all layers, sorted. */
  get ids(): string[] {
    return [...this.#layers.keys()].sort();
  }

  /** A layer, if it is there. */
  layer(id: string): LayerState | undefined {
    return this.#layers.get(id);
  }

  /** Whether a layer stands on `id`. */
  hasChild(id: string): boolean {
    for (const { parent } of this.#layers.values()) {
      if (parent === id) return true;
    }
    return false;
  }

  /** Ids of the layers below, nearest first. */
  lowers(id: string): string[] {
    const parent = this.layer(id)?.parent;
    return parent === undefined ? [] : [parent, ...this.lowers(parent)];
  }

  /** Files that a mount of the layer shows. */
  merged(id: string): Map<string, string> {
    const layer = this.layer(id);
    if (layer === undefined) return new Map();
    const below = this.merged(layer.parent ?? "");
    for (const [name, content] of layer.files) {
      if (content === WHITEOUT) below.delete(name);
      else below.set(name, content);
    }
    return below;
  }

  /** Uses that a process has of a layer. */
  use(process: number, id: string): Use | undefined {
    return this.#uses.get(`${process}/${id}`);
  }

  /** The home with a layer that is new or changed. */
  withLayer(id: string, change: Partial<LayerState>): State {
    const old = this.layer(id) ?? EMPTY;
    const layers = new Map(this.#layers).set(id, { ...old, ...change });
    return new State(layers, this.#uses);
  }

  /** The home without a layer, of which nobody has a use any more. */
  without(id: string): State {
    const layers = new Map(this.#layers);
    layers.delete(id);
    const uses = [...this.#uses].filter(([key]) => !key.endsWith(`/${id}`));
    return new State(layers, new Map(uses));
  }

  /** The home with other uses of a layer by a process; none asked for is none. */
  withUse(process: number, id: string, use: Use | undefined): State {
    const uses = new Map(this.#uses);
    const key = `${process}/${id}`;
    if (use && use.own > 0) uses.set(key, use);
    else if (!uses.delete(key)) return this;
    return new State(this.#layers, uses);
  }
}

const EMPTY: LayerState = {
  parent: undefined,
  committed: false,
  mounted: "no",
  files: new Map(),
};

/** A layer on one line. */
export function describe(layer: LayerState): string {
  const files = [...layer.files].map(([name, text]) => `${name}=${text}`);
  return [
    `on ${layer.parent ?? "nothing"}`,
    layer.committed ? "committed" : "fresh",
    layer.mounted,
    ...files.sort(),
  ].join(" ");
}
