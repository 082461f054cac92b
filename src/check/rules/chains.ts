/**
 * What each layer stands on, by the testimony of all layers; pure.
 *
 * Each `lower` file repeats that of the parent behind the parent's own name. So
 * a damaged one can be judged, and rebuilt, by what the layers above and below
 * say.
 *
 * @module
 */

import { LINKS } from "../../store/layout.ts";
import type { View } from "../view.ts";

/** What a layer stands on, nearest first, as ids. */
export interface Chain {
  readonly ids: readonly string[];
  /** Whether nothing speaks as loudly for another chain. */
  readonly sure: boolean;
}

interface Claim {
  readonly ids: readonly string[];
  votes: number;
}

const UNDECIDED = "undecided";

/** Chains of all layers of a home. */
export class Chains {
  readonly #view: View;
  readonly #own = new Map<string, readonly (string | undefined)[]>();
  readonly #claims = new Map<string, Map<string, Claim>>();
  readonly #chains = new Map<string, Chain | undefined | typeof UNDECIDED>();

  /** Collects nothing yet: most homes need no testimony. */
  constructor(view: View) {
    this.#view = view;
  }

  /** Layers that a layer lists, `undefined` for each name that leads to none. */
  own(id: string): readonly (string | undefined)[] | undefined {
    const known = this.#own.get(id);
    if (known !== undefined) return known;
    const list = this.#view.lists.get(id);
    const ids = list?.map((short) => this.#view.ownerOf(short));
    if (ids !== undefined) this.#own.set(id, ids);
    return ids;
  }

  /** Whether a layer's list is its parent's behind the parent's name. */
  agrees(id: string): boolean {
    if (this.#repeatsParent(id)) return true;
    const own = this.own(id);
    const [parent, ...rest] = own ?? [];
    if (own === undefined) return this.#isBase(id);
    if (parent === undefined || parent === id) return false;
    if (!this.#view.layers.has(parent)) return false;
    const below = this.own(parent);
    if (below === undefined) return rest.length === 0 && this.#isBase(parent);
    return isSame(rest, below) && !own.includes(undefined);
  }

  /** The same by the texts, which is what most layers come to and takes no time. */
  #repeatsParent(id: string): boolean {
    const { layers, lists } = this.#view;
    const first = lists.get(id)?.[0];
    const parent = first && this.#view.ownerOf(first);
    if (!parent || !layers.has(parent)) return false;
    const below = layers.get(parent)!.lower?.text;
    if (below === undefined && !this.#isBase(parent)) return false;
    const rest = below === undefined ? "" : `:${below}`;
    return layers.get(id)!.lower!.text === `${LINKS}/${first}${rest}`;
  }

  #isBase(id: string): boolean {
    const layer = this.#view.layers.get(id);
    return layer?.work === undefined && layer?.lower === undefined;
  }

  /** What a layer stands on; `undefined` if nobody can tell. */
  of(id: string): Chain | undefined {
    const known = this.#chains.get(id);
    if (known === UNDECIDED) return undefined;
    if (known !== undefined || this.#chains.has(id)) return known;
    this.#chains.set(id, UNDECIDED);
    const chain = this.#decide(id);
    this.#chains.set(id, chain);
    return chain;
  }

  #decide(id: string): Chain | undefined {
    const claims = [...this.#claimsOn(id).values()]
      .filter(({ ids }) => this.#isPossible(id, ids) && this.#agrees(ids))
      .sort((a, b) => b.votes - a.votes);
    const [best, second] = claims;
    if (best === undefined) return this.#byParent(id);
    if (second === undefined || second.votes < best.votes) {
      return this.#withParent(id, best.ids);
    }
    const own = this.own(id) ?? [];
    const mine = claims.find(({ ids }) => isSame(ids, own));
    return { ids: (mine ?? best).ids, sure: false };
  }

  /** Whether a chain does not contradict what is sure about the parent in it. */
  #agrees([parent, ...rest]: readonly string[]): boolean {
    const below = parent === undefined ? undefined : this.of(parent);
    return !below?.sure || isSame(below.ids, rest);
  }

  /** What is not sure about a parent is not sure about what stands on it. */
  #withParent(id: string, ids: readonly string[]): Chain {
    const [parent, ...rest] = ids;
    const below = parent === undefined ? undefined : this.of(parent);
    if (below === undefined || isSame(below.ids, rest)) {
      return { ids, sure: true };
    }
    return this.#on(id, parent!, below) ?? { ids, sure: false };
  }

  #on(id: string, parent: string, below: Chain): Chain | undefined {
    if (below.ids.includes(id)) return undefined;
    return { ids: [parent, ...below.ids], sure: below.sure };
  }

  /** Behind the parent that a layer names comes what that one stands on. */
  #byParent(id: string): Chain | undefined {
    const firsts = new Set(
      [...this.#claimsOn(id).values()].map(({ ids }) => ids[0]),
    );
    const own = this.own(id)?.[0];
    const parent = own ?? (firsts.size === 1 ? [...firsts][0] : undefined);
    if (parent === undefined || parent === id) return undefined;
    if (!this.#view.layers.has(parent)) return undefined;
    const below = this.of(parent);
    return below && this.#on(id, parent, below);
  }

  /** Whether some layer says of each layer of a chain that it stands on the rest. */
  #isPossible(id: string, ids: readonly string[]): boolean {
    const [parent, ...rest] = ids;
    const layer = this.#view.layers.get(id);
    if (parent === undefined) {
      return layer?.work === undefined && layer?.lower === undefined;
    }
    if (ids.includes(id) || new Set(ids).size < ids.length) return false;
    return this.#claimsOn(parent).has(rest.join("/")) &&
      this.#isPossible(parent, rest);
  }

  #claimsOn(id: string): Map<string, Claim> {
    if (this.#claims.size === 0) this.#collect();
    return this.#claims.get(id) ?? new Map();
  }

  #collect(): void {
    for (const id of this.#view.layers.keys()) {
      this.#claims.set(id, new Map());
      if (this.#isBase(id)) this.#vote(id, []);
    }
    for (const id of this.#view.layers.keys()) {
      const own = this.own(id);
      if (own === undefined) continue;
      this.#vote(id, own);
      for (const [i, each] of own.entries()) {
        if (each !== undefined) this.#vote(each, own.slice(i + 1));
      }
    }
  }

  #vote(id: string, ids: readonly (string | undefined)[]): void {
    const claims = this.#claims.get(id);
    const whole = ids.filter((each) => each !== undefined);
    if (claims === undefined || whole.length < ids.length) return;
    const key = whole.join("/");
    const claim = claims.get(key);
    if (claim) claim.votes += 1;
    else claims.set(key, { ids: whole, votes: 1 });
  }
}

/** Whether two chains are the same. */
export function isSame(
  a: readonly (string | undefined)[],
  b: readonly (string | undefined)[],
): boolean {
  return a.length === b.length && a.every((id, i) => id === b[i]);
}
