/**
 * Fills a layer from an archive.
 *
 * A layer that is empty is unpacked beside its place and renamed in, so that a
 * broken archive leaves it empty.
 *
 * @module
 */

import { DriverError } from "../errors.ts";
import type { Dir } from "../linux/dir.ts";
import { chmodFd, chownFd } from "../linux/file.ts";
import { removeTree } from "../linux/remove.ts";
import { getXattrFd, listXattrsFd, setXattrFd } from "../linux/xattr.ts";
import { isOverlayXattr } from "../overlay/marks.ts";
import { paced } from "../pace.ts";
import { childOf } from "../store/condemn.ts";
import { makeDir } from "../store/files.ts";
import type { Layer } from "../store/layer.ts";
import {
  DIFF,
  EXACT,
  MANIFEST,
  quote,
  temporaryName,
} from "../store/layout.ts";
import { lockLayer } from "../store/lock.ts";
import { removeStrays } from "../store/strays.ts";
import { TarError } from "../tar/error.ts";
import { Unpacker, type UnpackSettings } from "../tree/unpack.ts";
import { usage } from "../tree/usage.ts";
import type { ApplyOptions } from "../types.ts";
import type { Context } from "./context.ts";
import type { Recording } from "./exact.ts";
import { feed } from "./feed.ts";
import {
  dropRecords,
  persistData,
  persistNames,
  recordLayer,
} from "./persist.ts";
import { openWritable } from "./private_mount.ts";
import { readsUpper, type Relation, relationOf } from "./relation.ts";
import { type Source, streamSource } from "./source.ts";

/** Unpacks a web stream; otherwise as {@linkcode applyArchive}. */
export async function applyStream(
  context: Context,
  id: string,
  parent: string | undefined,
  stream: ReadableStream<Uint8Array>,
  options: ApplyOptions,
): Promise<number> {
  const source = streamSource(stream, options.signal);
  return await applyArchive(context, id, parent, source, options);
}

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
    await source.close(fault);
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
  using dir = await lockLayer(context.store, id, options.signal);
  const relation = relationOf(context, id, parent);
  await refuseInUse(context, relation, options.signal);
  await removeUnfinished(dir);
  const unpack = readsUpper(context, relation) ? unpackDirectly : unpackMounted;
  const { layer, direct } = relation;
  const empty = isEmpty(dir);
  const keep = empty && direct && context.settings.exact;
  using recording = keep ? await record(dir) : undefined;
  const job = { context, layer, dir, source, options, unpack, recording };
  return empty ? await applyBeside(job) : await applyInPlace(job);
}

/** Begins to keep an archive. */
async function record(layer: Dir): Promise<Recording> {
  const { Recording } = await import("./exact.ts");
  return new Recording(layer);
}

/** An archive on its way into a layer. */
interface Job {
  readonly context: Context;
  readonly layer: Layer;
  /** The layer's directory, locked. */
  readonly dir: Dir;
  readonly source: Source;
  readonly options: ApplyOptions;
  /** How the archive is unpacked. */
  readonly unpack: typeof unpackDirectly;
  /** Keeps the archive, if that is wanted. */
  readonly recording: Recording | undefined;
}

async function refuseInUse(
  context: Context,
  { layer }: Relation,
  signal: AbortSignal | undefined,
): Promise<void> {
  context.refuseMounted(layer, "apply an archive to");
  const child = await childOf(context.store, layer.id, signal);
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
  await paced(removeStrays(layer, DIFF, MANIFEST, EXACT));
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

async function applyBeside(job: Job): Promise<number> {
  const { context, dir } = job;
  const { users, groups } = context.owners;
  const name = temporaryName(DIFF);
  try {
    makeDir(dir, name, 0o755, { uid: users.root, gid: groups.root });
    copyRoot(dir, name);
    const size = await job.unpack(job, name, true);
    await publish(job, name);
    return size;
  } catch (error) {
    await removeUnfinished(dir);
    throw error;
  }
}

/** Unpacks into a layer's own directory, where whiteouts become marks. */
async function unpackDirectly(
  job: Job,
  name: string,
  fresh: boolean,
): Promise<number> {
  using root = job.dir.openDir(name);
  using unpacker = new Unpacker(root, {
    ...settingsFor(job.context, "mark", fresh),
    ...job.recording && { discard: job.recording.discard },
  });
  await unpackWith(unpacker, job, fresh);
  return (fresh ? unpacker.diskBytes : undefined) ?? await paced(usage(root));
}

/** Unpacks into the tree as mounted, where whiteouts delete. */
async function unpackMounted(
  job: Job,
  name: string,
  fresh: boolean,
): Promise<number> {
  const { context, layer, dir } = job;
  using open = await openWritable(context, layer, dir, name);
  const settings = settingsFor(context, "delete", false);
  using unpacker = new Unpacker(open.root, settings);
  await unpackWith(unpacker, job, fresh);
  // What lies in the layer itself is not all that the mount shows.
  job.recording?.doubt();
  return unpacker.headerBytes;
}

async function unpackWith(
  unpacker: Unpacker,
  job: Job,
  fresh: boolean,
): Promise<void> {
  const { context, source, options, recording } = job;
  try {
    await feed({ unpacker, source, options, recording, warn: context.warn });
  } catch (error) {
    if (!fresh && unpacker.entries > 0) context.warn(PARTIAL);
    throw error;
  }
}

/** Lets the unpacked files show, once they are on the disk. */
async function publish(
  { context, dir: layer, recording }: Job,
  name: string,
): Promise<void> {
  const publishRecord = await recordLayer(context, layer, name);
  const publishArchive = await recording?.finish(name, context.warn);
  await persistData(context, layer);
  dropRecords(layer);
  layer.rename(name, layer, DIFF);
  try {
    publishRecord();
    publishArchive?.();
    persistNames(context, layer);
  } catch (error) {
    await emptyOut(layer);
    throw error;
  }
}

/** Gives a new root the owner, mode and attributes of the one whose place it takes. */
function copyRoot(layer: Dir, name: string): void {
  using root = layer.openDir(name);
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

async function applyInPlace(job: Job): Promise<number> {
  dropRecords(job.dir);
  const size = await job.unpack(job, DIFF, false);
  await complete(job.context, job.dir);
  return size;
}

/** Waits until files that were unpacked in their place are on the disk. */
async function complete(context: Context, layer: Dir): Promise<void> {
  try {
    const publishRecord = await recordLayer(context, layer);
    await persistData(context, layer);
    publishRecord();
    persistNames(context, layer);
  } catch (error) {
    context.warn(PARTIAL);
    await removeUnfinished(layer);
    throw error;
  }
}

const PARTIAL =
  "The layer was not empty and keeps what was unpacked before the failure";

/** Empties a layer whose archive did not come through, record included. */
async function emptyOut(layer: Dir): Promise<void> {
  dropRecords(layer);
  using diff = layer.openDir(DIFF);
  using listing = diff.reopen();
  for (const { name } of listing.names()) await paced(removeTree(diff, name));
}
