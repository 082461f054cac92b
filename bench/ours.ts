/**
 * Our driver's works, by the ways that the command line takes: from and to
 * descriptors, through its own decompression.
 *
 * @module
 */

import type { Driver } from "../mod.ts";
import { openArchive } from "../src/cli/archive_input.ts";
import { writeFileWhole } from "../src/cli/output_file.ts";
import { openSink } from "../src/cli/descriptor_sink.ts";
import { writePieces } from "../src/cli/pieces.ts";
import { openFile, type Sink } from "../src/cli/streams.ts";
import { openDiff } from "../src/driver/diff.ts";
import { contextOf } from "../src/driver/driver.ts";
import { applyFrom } from "../src/driver/init.ts";
import { descriptorSource } from "../src/driver/source.ts";
import { AT_FDCWD, O_RDONLY, O_WRONLY } from "../src/linux/constants.ts";
import { closeFd, openAt } from "../src/linux/file.ts";

const NEVER = new AbortController().signal;

/** Does what `apply-diff ID "" -i FILE` does. */
export async function applyFile(
  driver: Driver,
  id: string,
  path: string,
): Promise<void> {
  const { source } = await openArchive(await openFile(path, NEVER), NEVER);
  await applyFrom(driver, id, "", source);
}

/** Does what `apply-diff ID ""` does with a pipe for its standard input. */
export async function applyPipe(
  driver: Driver,
  id: string,
  path: string,
): Promise<void> {
  const fd = openAt({ fd: AT_FDCWD, path: "" }, path, O_RDONLY);
  try {
    const input = { source: descriptorSource(fd, path), size: undefined };
    const { source } = await openArchive(input, NEVER);
    await applyFrom(driver, id, "", source);
  } finally {
    closeFd(fd);
  }
}

/** Does what `diff ID` does with a pipe for its standard output. */
export async function diffPipe(
  driver: Driver,
  id: string,
  path: string,
): Promise<void> {
  using pipe = openSink(path, O_WRONLY, 0, path);
  await diffTo(driver, id, pipe);
}

/** Does what `diff ID -o FILE` does. */
export function diffFile(
  driver: Driver,
  id: string,
  path: string,
): Promise<void> {
  return writeFileWhole(path, (sink) => diffTo(driver, id, sink));
}

async function diffTo(driver: Driver, id: string, sink: Sink): Promise<void> {
  const diff = await openDiff(contextOf(driver), id, undefined);
  try {
    await writePieces(diff.archive, sink, "the archive", NEVER, () => {});
  } finally {
    diff.close();
  }
}

/** Reads `Driver.diff` to its end. */
export async function diffStream(driver: Driver, id: string): Promise<void> {
  for await (const _ of driver.diff(id));
}
