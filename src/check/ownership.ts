/**
 * Whose a short name is, where the links and the layers contradict each other;
 * pure.
 *
 * @module
 */

import type { DirFacts } from "./facts.ts";
import type { View } from "./view.ts";

/** Whose a short name is. */
export interface Ownership {
  /** Id of the layer; `undefined` if there is none. */
  readonly id: string | undefined;
  /** Whether nothing speaks for another layer. */
  readonly sure: boolean;
}

/**
 * Tells which layer a short name stands for.
 *
 * That is the layer that it leads to and that calls itself so. If these are two,
 * the one that has another name of its own does not need this one; else those who
 * list the name tell, by what they list behind it.
 *
 * @param view The home.
 * @param short The name.
 */
export function ownerOf(view: View, short: string): Ownership {
  const target = view.targetOf(short);
  const claimants = view.claimants.get(short);
  if (claimants === undefined) return { id: target, sure: true };
  if (target !== undefined && claimants.includes(target)) {
    return { id: target, sure: true };
  }
  if (target === undefined || view.isNamed(target)) {
    return among(view, short, claimants);
  }
  const [fitting, ...others] = [target, ...claimants]
    .filter((id) => mayBeListed(view, view.layers.get(id)!, short));
  return fitting !== undefined && others.length === 0
    ? { id: fitting, sure: true }
    : { id: target, sure: !view.listers.has(short) };
}

function among(
  view: View,
  short: string,
  claimants: readonly string[],
): Ownership {
  if (claimants.length === 1) return { id: claimants[0], sure: true };
  const fitting = view.listers.has(short)
    ? claimants.filter((id) => mayBeListed(view, view.layers.get(id)!, short))
    : [];
  return fitting.length === 1
    ? { id: fitting[0], sure: true }
    : { id: undefined, sure: false };
}

/**
 * Whether those who list a name may mean a layer: it was ever a parent, and they
 * repeat behind the name what it stands on.
 */
export function mayBeListed(
  view: View,
  dir: DirFacts,
  short: string,
): boolean {
  const listers = view.listers.get(short) ?? [];
  if (listers.length > 0 && dir.committed === undefined) return false;
  const own = dir.lower === undefined && dir.work === undefined
    ? []
    : view.lists.get(dir.name);
  if (own === undefined) return false;
  const text = own.join(":");
  return listers.every((lister) => {
    const list = view.lists.get(lister)!;
    return lister !== dir.name &&
      list.slice(list.indexOf(short) + 1).join(":") === text;
  });
}
