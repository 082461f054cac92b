/**
 * The files `lower`: whether they can be read, lead somewhere, and agree.
 *
 * @module
 */

import { MOST_LOWERS } from "../../overlay/data.ts";
import { LINKS, LOWER, parseLower, quote } from "../../store/layout.ts";
import type { DirFacts } from "../facts.ts";
import type { Fault, Repair } from "../fault.ts";
import { shortNameOf, type View } from "../view.ts";
import { Chains, isSame } from "./chains.ts";

/** Lowers that Docker allows. */
const DOCKER_DEPTH = 128;
const ADVICE = "remove it and what stands on it, and pull or build them again";

/** Faults of what layers stand on. */
export function* lowerFaults(view: View): Generator<Fault> {
  const chains = new Chains(view);
  for (const layer of view.layers.values()) {
    if (layer.names === undefined) continue;
    yield* faultsOf(view, chains, layer);
    yield* depthFaults(view, layer);
  }
}

/** Layers of which it is not sure what they stand on. */
export function doubtfulLayers(view: View): Set<string> {
  const chains = new Chains(view);
  const found = new Set<string>();
  for (const id of view.layers.keys()) {
    const chain = chains.of(id);
    const own = chains.own(id) ?? [];
    if (!chain?.sure || !isSame(chain.ids, own)) found.add(id);
  }
  return found;
}

function* faultsOf(
  view: View,
  chains: Chains,
  layer: DirFacts,
): Generator<Fault> {
  const { name: id, lower } = layer;
  if (lower === undefined) {
    const fault = missing(view, chains, layer);
    if (fault) yield fault;
    return;
  }
  const unusable = unusableList(layer);
  if (unusable !== undefined) {
    const [name, state] = unusable;
    const repair = rebuilding(view, chains, layer);
    yield lowerFault(
      name,
      id,
      `Layer ${quote(id)} has ${state}, so it cannot be mounted`,
      lower.status.type === "dir" ? undefined : repair,
      `; ${ADVICE}`,
    );
    return;
  }
  const broken = [...brokenEntries(view, id)];
  if (broken.length > 0) {
    const repair = rebuilding(view, chains, layer);
    for (const [name, message] of broken) {
      yield lowerFault(name, id, message, repair, `; ${ADVICE}`);
    }
    return;
  }
  yield* contradictions(view, chains, layer);
}

/** A layer that was made on another has a work directory, and is listed with what is below it. */
function missing(
  view: View,
  chains: Chains,
  layer: DirFacts,
): Fault | undefined {
  const { name: id, work } = layer;
  if (work === undefined && claimedBase(view, id)) return undefined;
  const chain = chains.of(id);
  if (work === undefined && (chain === undefined || chain.ids.length === 0)) {
    return undefined;
  }
  return lowerFault(
    "lower-missing",
    id,
    `Layer ${quote(id)} has no file "${LOWER}" although it was made on ` +
      "another layer, whose files it does not show any more",
    rebuilding(view, chains, layer),
    `; ${ADVICE}`,
  );
}

/** Whether no layer says that this one stands on another. */
function claimedBase(view: View, id: string): boolean {
  const own = shortNameOf(view.layers.get(id));
  const shorts = new Set(view.linksTo.get(id));
  if (own !== undefined) shorts.add(own);
  for (const short of shorts) {
    for (const lister of view.listers.get(short) ?? []) {
      if (view.lists.get(lister)!.at(-1) !== short) return false;
    }
  }
  return true;
}

function unusableList(
  { lower }: DirFacts,
): [name: string, state: string] | undefined {
  const file = `file "${LOWER}"`;
  if (lower!.status.type !== "file") {
    return ["lower-type", `a ${lower!.status.type} instead of the ${file}`];
  }
  const { text } = lower!;
  if (text === undefined) {
    return ["lower-unreadable", `a ${file} that cannot be read`];
  }
  if (text === "") return ["lower-empty", `an empty ${file}`];
  if (parseLower(text) !== undefined && !/\s/.test(text)) return undefined;
  return ["lower-malformed", `a ${file} that does not list short links`];
}

/** Entries that lead to no layer, by kind. */
function* brokenEntries(
  view: View,
  id: string,
): Generator<[name: string, message: string]> {
  if (view.facts.links?.type !== "dir") return;
  const list = view.lists.get(id) ?? [];
  const bad = [...new Set(list)].filter((short) =>
    view.ownerOf(short) === undefined
  );
  const missing = bad.filter((short) => !view.facts.linkEntries.has(short));
  const others = bad.filter((short) => view.facts.linkEntries.has(short));
  const head = `Layer ${quote(id)} cannot be mounted: its lower`;
  if (missing.length > 0) {
    yield [
      "lower-link-missing",
      `${head}${names(missing)} no short link, and no layer has that name`,
    ];
  }
  for (const short of others) {
    const { target } = view.facts.linkEntries.get(short)!;
    yield [
      "lower-layer-missing",
      target === undefined
        ? `${head} ${quote(short)} is no short link`
        : `${head} ${quote(short)} leads to ${
          quote(target)
        }, which is no layer`,
    ];
  }
}

function names(shorts: readonly string[]): string {
  const shown = shorts.map(quote).join(", ");
  return shorts.length === 1 ? ` ${shown} is` : `s ${shown} are`;
}

function* contradictions(
  view: View,
  chains: Chains,
  layer: DirFacts,
): Generator<Fault> {
  const { name: id } = layer;
  if (view.facts.links?.type !== "dir" || chains.agrees(id)) {
    const own = chains.own(id) ?? [];
    if (own.includes(id)) yield cycle(view, chains, layer);
    return;
  }
  const own = chains.own(id)!;
  const chain = chains.of(id);
  // Then it is another list that is wrong, and told there.
  if (chain?.sure && isSame(chain.ids, own)) return;
  const repeated = own.find((each, i) => own.indexOf(each) < i);
  const loops = own.includes(id) ||
    own.some((each) => each && (chains.own(each) ?? []).includes(id));
  if (loops) yield cycle(view, chains, layer);
  else if (repeated !== undefined) {
    yield lowerFault(
      "lower-duplicate",
      id,
      `Layer ${quote(id)} lists layer ${
        quote(repeated)
      } twice, which the kernel refuses to mount`,
      rebuilding(view, chains, layer),
      `; ${ADVICE}`,
    );
  } else yield* differs(view, chains, layer);
}

function cycle(view: View, chains: Chains, layer: DirFacts): Fault {
  const { name: id } = layer;
  return lowerFault(
    "lower-cycle",
    id,
    `Layer ${quote(id)} stands on itself by way of its lowers, so it cannot ` +
      "be mounted",
    rebuilding(view, chains, layer),
    `; ${ADVICE}`,
  );
}

function* differs(
  view: View,
  chains: Chains,
  layer: DirFacts,
): Generator<Fault> {
  const { name: id } = layer;
  const own = chains.own(id)!;
  const chain = chains.of(id);
  const parent = own[0]!;
  // What the parent has to say about itself is told there.
  const parents = chains.own(parent);
  const parentIsWrong = parents === undefined || !isSame(
    chains.of(parent)?.ids ?? [],
    parents,
  );
  if (chain !== undefined && isSame(chain.ids, own) && parentIsWrong) return;
  yield lowerFault(
    "lower-differs",
    id,
    `Layer ${quote(id)} lists other lowers (${own.length}) than its parent ${
      quote(parent)
    } and what that one stands on (${
      (parents?.length ?? 0) + 1
    }), so it shows other files than it was made with`,
    rebuilding(view, chains, layer),
    "; nothing tells which of the two is right",
  );
}

/** Writes the list that the other layers' lists lead to. */
function rebuilding(
  view: View,
  chains: Chains,
  { name: id, lower }: DirFacts,
): Repair | undefined {
  const chain = chains.of(id);
  if (chain === undefined || !chain.sure || chain.ids.length === 0) {
    return undefined;
  }
  const shorts = chain.ids.map((each) => view.usableName(each));
  if (shorts.includes(undefined)) return undefined;
  const text = shorts.map((short) => `${LINKS}/${short}`).join(":");
  if (text === lower?.text) return undefined;
  return {
    says: `write its ${shorts.length} lower${
      shorts.length === 1 ? "" : "s"
    }, as the lists of other layers have them`,
    action: {
      do: "write",
      id,
      file: LOWER,
      text,
      mode: 0o644,
      instead: lower?.status,
    },
  };
}

function lowerFault(
  name: string,
  id: string,
  message: string,
  repair: Repair | undefined,
  advice: string,
): Fault {
  return {
    name,
    severity: "error",
    id,
    path: `${id}/${LOWER}`,
    message: repair === undefined ? message + advice : message,
    repair,
  };
}

function* depthFaults(view: View, { name: id }: DirFacts): Generator<Fault> {
  const depth = view.lists.get(id)?.length ?? 0;
  if (depth <= DOCKER_DEPTH) return;
  const tooMany = depth > MOST_LOWERS;
  yield {
    name: "lower-depth",
    severity: tooMany ? "error" : "note",
    id,
    path: `${id}/${LOWER}`,
    message: `Layer ${quote(id)} has ${depth} lowers: more than ${
      tooMany
        ? `the kernel's ${MOST_LOWERS}, so it cannot be mounted`
        : `Docker's ${DOCKER_DEPTH}, so dockerd cannot make layers on it`
    }`,
  };
}
