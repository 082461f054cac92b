/**
 * What each call does to a home and answers, one call after the other.
 *
 * Uses of mounts are counted by each process for itself, and one for what it
 * found mounted: that is what the driver promises, and no more. A process can
 * therefore unmount what another one uses.
 *
 * @module
 */

import type { Call, Outcome } from "./call.ts";
import { type Files, type State, WHITEOUT } from "./state.ts";

/** Length of a text that stands for a file or a link. */
function sizeOf(content: string): number {
  return content === WHITEOUT ? 0 : content.length - 1;
}

function sumOf(contents: Iterable<string>): number {
  let sum = 0;
  for (const content of contents) sum += sizeOf(content);
  return sum;
}

/** Whether a layer is mounted, or the process that calls still has to give it back. */
function inUse(state: State, process: number, { id, cli }: Call): boolean {
  const layer = state.layer(id);
  if (layer?.parent === undefined) return false;
  return layer.mounted !== "no" ||
    (!cli && state.use(process, id) !== undefined);
}

/** Codes that a call may be refused with; none if it must go well. */
function refusals(state: State, process: number, call: Call): string[] {
  const { name, id, parent } = call;
  const layer = state.layer(id);
  if (["exists", "check", "cleanup"].includes(name)) return [];
  if (name === "create" || name === "createReadWrite") {
    return [
      ...(layer ? ["EEXIST"] : []),
      ...(parent && !state.layer(parent) ? ["ENOENT"] : []),
    ];
  }
  if (layer === undefined) return ["ENOENT"];
  if (name === "remove" || name === "applyDiff") {
    const busy = inUse(state, process, call) || state.hasChild(id);
    if (busy) return ["EBUSY"];
  }
  if (name === "applyDiff") {
    if (call.broken) return ["EBADMSG"];
  }
  const inMount = layer.parent !== undefined || call.shared;
  const writes = name === "write" || name === "unlink";
  if (["write", "unlink", "read"].includes(name) && inMount) {
    if (layer.mounted === "no") return ["ENOENT"];
    if (writes && layer.mounted === "ro") return ["EROFS"];
  }
  // The processes leave alone what their own mounts stand on.
  if (writes && layer.committed && !call.shared) return ["EROFS"];
  if (name === "unlink" && !shown(state, id).has(call.gone![0]!)) {
    return ["ENOENT"];
  }
  return [];
}

/** What `get` shows of a layer: of a base layer, its own directory. */
function shown(state: State, id: string): Files {
  const { parent, files } = state.layer(id)!;
  return parent === undefined ? files : state.merged(id);
}

function throughMount(state: State, { id, parent }: Call): boolean {
  return parent === "" && state.layer(id)!.parent !== undefined;
}

function added(state: State, id: string, files: Iterable<[string, string]>) {
  const all = new Map([...state.layer(id)!.files, ...files]);
  return state.withLayer(id, { files: all });
}

/** Deletes a name as a mount does: what lies below needs a mark, what does not show stays. */
function unlinked(state: State, id: string, name: string): State {
  if (!shown(state, id).has(name)) return state;
  const { parent, files } = state.layer(id)!;
  const left = new Map(files);
  left.delete(name);
  const below = parent !== undefined && state.merged(parent).has(name);
  if (below) left.set(name, WHITEOUT);
  return state.withLayer(id, { files: left });
}

function filesOf(call: Call): [string, string][] {
  return Object.entries(call.texts ?? {}).map(([name, text]) => [
    name,
    `f${text}`,
  ]);
}

function applied(state: State, call: Call): State {
  const { id, gone = [] } = call;
  const full = added(state, id, filesOf(call));
  if (throughMount(state, call)) {
    return gone.reduce((now, name) => unlinked(now, id, name), full);
  }
  return added(full, id, gone.map((name) => [name, WHITEOUT]));
}

/** What a broken archive leaves: nothing, or its first file where there were some. */
function brokenOff(state: State, call: Call): State {
  if (state.layer(call.id)!.files.size === 0) return state;
  return added(state, call.id, filesOf(call).slice(0, 1));
}

function made(state: State, { id, parent }: Call): State {
  const layer = { parent: parent || undefined };
  const born = state.withLayer(id, layer);
  return parent ? born.withLayer(parent, { committed: true }) : born;
}

function got(state: State, process: number, { id, cli }: Call): State {
  const layer = state.layer(id)!;
  if (layer.parent === undefined) return state;
  const mounted = layer.mounted !== "no";
  const now = mounted
    ? state
    : state.withLayer(id, { mounted: layer.committed ? "ro" : "rw" });
  if (cli) return now;
  const old = state.use(process, id) ?? { own: 0, adopted: mounted };
  const adopted = mounted && old.adopted;
  return now.withUse(process, id, { own: old.own + 1, adopted });
}

function given(state: State, process: number, { id, cli }: Call): State {
  const layer = state.layer(id)!;
  if (layer.parent === undefined) return state;
  const use = cli ? undefined : state.use(process, id);
  const left = { own: (use?.own ?? 0) - 1, adopted: use?.adopted ?? false };
  if (use && left.own > 0) return state.withUse(process, id, left);
  // The last of its own uses; the one that it found is still somebody's.
  if (use?.adopted) return state.withUse(process, id, undefined);
  const forgotten = cli ? state : state.withUse(process, id, undefined);
  return layer.mounted === "no"
    ? forgotten
    : forgotten.withLayer(id, { mounted: "no" });
}

/** The home after a call that went well. */
function after(state: State, process: number, call: Call): State {
  const { name, id } = call;
  switch (name) {
    case "create":
    case "createReadWrite":
      return made(state, call);
    case "remove":
      return state.without(id);
    case "get":
      return got(state, process, call);
    case "put":
      return given(state, process, call);
    case "applyDiff":
      return applied(state, call);
    case "write":
      return added(state, id, Object.entries(call.texts!));
    case "unlink":
      return unlinked(state, id, call.gone![0]!);
    default:
      return state;
  }
}

/** What a call answers that goes well; `undefined` for nothing. */
function answer(state: State, now: State, call: Call): unknown {
  const { id } = call;
  switch (call.name) {
    case "exists":
      return state.layer(id) !== undefined;
    case "check":
      return [];
    case "getMetadata":
      return state.lowers(id);
    case "read":
      return sorted(shown(state, id));
    case "applyDiff":
      return throughMount(state, call)
        ? sumOf(filesOf(call).map(([, content]) => content))
        : sumOf(now.layer(id)!.files.values());
    case "diffSize":
      return sumOf(compared(state, call).values());
    case "diff":
      return sorted(compared(state, call));
    case "changes":
      return changesOf(state, call);
    default:
      return undefined;
  }
}

/** Files that differ from what a layer is compared with. */
function compared(state: State, call: Call): Files {
  return throughMount(state, call)
    ? state.merged(call.id)
    : state.layer(call.id)!.files;
}

function changesOf(state: State, call: Call): string[] {
  const { parent } = state.layer(call.id)!;
  const alone = throughMount(state, call) || parent === undefined;
  const below = alone ? new Map<string, string>() : state.merged(parent);
  const lines: string[] = [];
  for (const [name, content] of compared(state, call)) {
    const hidden = content === WHITEOUT && !alone;
    if (hidden && !below.has(name)) continue;
    lines.push(`${name} ${hidden ? "D" : below.has(name) ? "C" : "A"}`);
  }
  return lines.sort();
}

function sorted(files: Files): string[] {
  return [...files].map(([name, content]) => `${name}=${content}`).sort();
}

const CHANGES: readonly Call["name"][] = [
  "create",
  "createReadWrite",
  "get",
  "put",
  "write",
  "unlink",
  "applyDiff",
  "remove",
];

/**
 * Whether there is any home that a call changes which answers so. That it changes
 * nothing in one home says little: a `put` does if nothing is mounted there.
 */
export function mayChange({ name }: Call, { code }: Outcome): boolean {
  if (!CHANGES.includes(name)) return false;
  return ["OK", "TORN", "EBADMSG"].includes(code) ||
    (name === "put" && code === "ENOENT");
}

/**
 * Makes one call.
 *
 * @param state The home before it.
 * @param process Who calls.
 * @param call The call.
 * @param outcome What it answered.
 * @param disturbed Whether somebody wrote meanwhile into what it reads, so that
 * its answer is a mixture.
 * @returns Homes that it may have left; none if it could not have answered so.
 */
export function step(
  state: State,
  process: number,
  call: Call,
  outcome: Outcome,
  disturbed = false,
): State[] {
  const codes = refusals(state, process, call);
  if (outcome.code === "TORN") {
    const layer = state.layer(call.id);
    return layer ? [state, after(state, process, call)] : [state];
  }
  // Whoever gave up has changed nothing.
  if (outcome.code === "ECANCELED" && call.patience !== undefined) {
    return [state];
  }
  if (outcome.code !== "OK") {
    return codes.includes(outcome.code)
      ? [refused(state, process, call, outcome.code)]
      : [];
  }
  if (codes.length > 0) return [];
  const now = after(state, process, call);
  const expected = answer(state, now, call);
  const same = disturbed || expected === undefined ||
    JSON.stringify(expected) === JSON.stringify(outcome.value);
  return same ? [now] : [];
}

/** What a call that was refused leaves behind. */
function refused(
  state: State,
  process: number,
  call: Call,
  code: string,
): State {
  if (code === "EBADMSG") return brokenOff(state, call);
  const forgets = call.name === "put" && !call.cli;
  return forgets ? state.withUse(process, call.id, undefined) : state;
}
