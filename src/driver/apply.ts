/**
 * Fills a layer from an archive.
 *
 * A layer that is empty is unpacked beside its place and renamed in, so that a
 * broken archive leaves it empty.
 *
 * @module
 */

import { DriverError } from "../errors.ts";
import { refuseAborted } from "../giving_up.ts";
import { Dir } from "../linux/dir.ts";
import { chmodFd, chownFd } from "../linux/file.ts";
import { removeTree } from "../linux/remove.ts";
import { getXattrFd, listXattrsFd, setXattrFd } from "../linux/xattr.ts";
import { isOverlayXattr } from "../overlay/marks.ts";
import { makeDir } from "../store/files.ts";
import { DIFF, MANIFEST, quote, temporaryName } from "../store/layout.ts";
import { removeStrays } from "../store/strays.ts";
import { TarError } from "../tar/error.ts";
import { TarReader } from "../tar/reader.ts";
import { Unpacker, type UnpackSettings } from "../tree/unpack.ts";
import { usage } from "../tree/usage.ts";
import type { ApplyOptions } from "../types.ts";
import { Budget } from "./budget.ts";
import type { Context, Relation } from "./context.ts";
import { acquireLocked, releaseLocked } from "./mounting.ts";
import { Pace, paced } from "../pace.ts";
import {
  dropManifest,
  persistData,
  persistNames,
  recordLayer,
} from "./persist.ts";
import type { Source } from "./source.ts";

/** Bytes parsed between two looks at the clock. */
const SLICE = 128 * 1024;

/**
 * Unpacks an archive into a layer.
 *
 * @returns Size of the layer in bytes, as Docker counts it.
 */
export async function applyArchive(
  context: Context,
  id: string,
  parent: string | undefined,
  source: Source,
  options: ApplyOptions,
): Promise<number> {
  let fault: unknown = new DriverError("ECANCELED", "Cannot go on");
  try {
    const size = await context.turns.run(
      id,
      () => applyLocked(context, id, parent, source, options),
      options.signal,
    );
    fault = undefined;
    return size;
  } catch (error) {
    fault = asDriverError(error);
    throw fault;
  } finally {
    source.close(fault);
  }
}

/** What is wrong with an archive is the caller's to react to. */
function asDriverError(error: unknown): unknown {
  if (!(error instanceof TarError)) return error;
  return new DriverError("EBADMSG", error.message, { cause: error });
}

async function applyLocked(
  context: Context,
  id: string,
  parent: string | undefined,
  source: Source,
  options: ApplyOptions,
): Promise<number> {
  using dir = await context.store.lock(id, options.signal);
  const relation = context.relation(id, parent);
  await refuseInUse(context, relation);
  await removeUnfinished(dir);
  if (!context.readsUpper(relation)) {
    return await applyMounted(context, dir, id, source, options);
  }
  return isEmpty(dir)
    ? await applyBeside(context, dir, source, options)
    : await applyInPlace(context, dir, source, options);
}

async function refuseInUse(
  context: Context,
  { layer }: Relation,
): Promise<void> {
  context.refuseMounted(layer, "apply an archive to");
  const child = await context.store.childOf(layer.id);
  if (child === undefined) return;
  throw new DriverError(
    "EBUSY",
    `Cannot apply an archive to layer ${quote(layer.id)}: layer ${
      quote(child)
    } stands on it`,
  );
}

/** Deletes what this apply, or one that was killed, had not finished. */
async function removeUnfinished(layer: Dir): Promise<void> {
  await paced(removeStrays(layer, DIFF, MANIFEST));
}

function isEmpty(layer: Dir): boolean {
  using diff = layer.openDir(DIFF);
  return diff.names().length === 0;
}

function settingsFor(
  context: Context,
  whiteouts: UnpackSettings["whiteouts"],
  fresh: boolean,
): UnpackSettings {
  const { namespace, userNamespace } = context.support;
  const { owners, warn } = context;
  return {
    namespace,
    owners,
    whiteouts,
    fresh,
    skipDevices: userNamespace,
    warn,
  };
}

async function applyBeside(
  context: Context,
  layer: Dir,
  source: Source,
  options: ApplyOptions,
): Promise<number> {
  const { users, groups } = context.owners;
  const name = temporaryName(DIFF);
  makeDir(layer, name, 0o755, { uid: users.root, gid: groups.root });
  try {
    using root = layer.openDir(name);
    copyRoot(layer, root);
    const settings = settingsFor(context, "mark", true);
    using unpacker = new Unpacker(root, settings);
    await unpack(unpacker, source, options, context.warn);
    const size = unpacker.diskBytes ?? await paced(usage(root));
    await publish(context, layer, name);
    return size;
  } catch (error) {
    await removeUnfinished(layer);
    throw error;
  }
}

/** Lets the unpacked files show, once they are on the disk. */
async function publish(
  context: Context,
  layer: Dir,
  name: string,
): Promise<void> {
  const publishRecord = await recordLayer(context, layer, name);
  await persistData(context, layer);
  dropManifest(layer);
  layer.rename(name, layer, DIFF);
  try {
    publishRecord();
    persistNames(context, layer);
  } catch (error) {
    await emptyOut(layer);
    throw error;
  }
}

/** Gives a new root the owner, mode and attributes of the one whose place it takes. */
function copyRoot(layer: Dir, root: Dir): void {
  using old = layer.openDir(DIFF);
  const { uid, gid, mode } = old.self();
  for (const name of listXattrsFd(old.fd, old.path)) {
    if (isOverlayXattr(name)) continue;
    const value = getXattrFd(old.fd, name, old.path);
    if (value) setXattrFd(root.fd, name, value, root.path);
  }
  const now = root.self();
  if (now.uid !== uid || now.gid !== gid) chownFd(root.fd, uid, gid, root.path);
  if (now.mode !== mode) chmodFd(root.fd, mode, root.path);
}

async function applyInPlace(
  context: Context,
  layer: Dir,
  source: Source,
  options: ApplyOptions,
): Promise<number> {
  dropManifest(layer);
  using root = layer.openDir(DIFF);
  using unpacker = new Unpacker(root, settingsFor(context, "mark", false));
  try {
    await unpack(unpacker, source, options, context.warn);
  } catch (error) {
    if (unpacker.entries > 0) context.warn(PARTIAL);
    throw error;
  }
  await complete(context, layer);
  return await paced(usage(root));
}

/** Applies to the tree as mounted, where whiteouts delete. */
async function applyMounted(
  context: Context,
  layer: Dir,
  id: string,
  source: Source,
  options: ApplyOptions,
): Promise<number> {
  const wasEmpty = isEmpty(layer);
  dropManifest(layer);
  try {
    const size = await applyToMount(context, id, source, options);
    await complete(context, layer);
    return size;
  } catch (error) {
    if (wasEmpty) await emptyOut(layer);
    else context.warn(PARTIAL);
    throw error;
  }
}

async function applyToMount(
  context: Context,
  id: string,
  source: Source,
  options: ApplyOptions,
): Promise<number> {
  const path = await acquireLocked(context, id);
  try {
    using root = Dir.open(path);
    const settings = settingsFor(context, "delete", false);
    using unpacker = new Unpacker(root, settings);
    await unpack(unpacker, source, options, context.warn);
    return unpacker.headerBytes;
  } finally {
    await releaseLocked(context, id);
  }
}

/** Waits until files that were unpacked in their place are on the disk. */
async function complete(context: Context, layer: Dir): Promise<void> {
  try {
    const publishRecord = await recordLayer(context, layer);
    await persistData(context, layer);
    publishRecord();
    persistNames(context, layer);
  } catch (error) {
    await removeUnfinished(layer);
    throw error;
  }
}

const PARTIAL =
  "The layer was not empty and keeps what was unpacked before the failure";

/** Empties a layer whose archive did not come through, record included. */
async function emptyOut(layer: Dir): Promise<void> {
  dropManifest(layer);
  using diff = layer.openDir(DIFF);
  using listing = diff.reopen();
  for (const { name } of listing.names()) await paced(removeTree(diff, name));
}

async function unpack(
  unpacker: Unpacker,
  source: Source,
  options: ApplyOptions,
  warn: (message: string) => void,
): Promise<void> {
  const { signal, onProgress } = options;
  const budget = new Budget(options);
  const reader = new TarReader(budget.counted(unpacker));
  const pace = new Pace();
  let bytes = 0;
  for (;;) {
    const given = source.next();
    const chunk = given instanceof Promise ? await given : given;
    if (chunk === undefined) break;
    budget.addBytes(chunk.length);
    for (let at = 0; at < chunk.length;) {
      at += reader.push(chunk.subarray(at, at + SLICE));
      const work = unpacker.takeWork();
      if (work) await paced(work);
      if (!pace.due()) continue;
      onProgress?.({ bytes: bytes + at, entries: unpacker.entries });
      await pace.rest();
      refuseAborted(signal);
    }
    bytes += chunk.length;
  }
  reader.finish();
  if (!reader.ended && bytes > 0) {
    warn(
      "The archive has no end mark: it may have been cut between two entries",
    );
  }
  refuseAborted(signal);
  await paced(unpacker.finish());
  onProgress?.({ bytes, entries: unpacker.entries });
}
