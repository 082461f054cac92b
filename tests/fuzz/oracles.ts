/**
 * What has to be true after an archive was applied, whatever is in it.
 *
 * @module
 */

import { Dir } from "../../src/linux/dir.ts";
import { compareNames, encodeName } from "../../src/text.ts";
import { compareTrees } from "../../src/tree/compare.ts";
import { bytesOf, inLayers, streamOf, turn } from "../fixtures.ts";
import { archiveNames, describeEntry } from "../tar_builder.ts";
import { entriesOf, expanded } from "../tar/fixture.ts";
import type { Way } from "../driver/apply_ways.ts";
import { changeLines, describeTree } from "../trees.ts";
import { SECRET, type World } from "./world.ts";

/** Something that must not happen. */
export class Violation extends Error {
  /** Always `"Violation"`. */
  override readonly name = "Violation";
}

/** Fails with what differs between two lists. */
export function assertSame(
  actual: readonly string[],
  expected: readonly string[],
  what: string,
): void {
  const before = new Set(expected);
  const after = new Set(actual);
  const gone = expected.filter((line) => !after.has(line));
  const come = actual.filter((line) => !before.has(line));
  if (gone.length === 0 && come.length === 0) return;
  throw new Violation([
    `${what}:`,
    ...gone.slice(0, 20).map((line) => `  - ${line}`),
    ...come.slice(0, 20).map((line) => `  + ${line}`),
  ].join("\n"));
}

/** Codes that `applyDiff` says it may fail with because of an archive. */
const DOCUMENTED: readonly string[] = ["EBADMSG", "EFBIG", "EOPNOTSUPP"];

/** Makes sure that an error is one that callers are told to expect. */
export function checkError(error: unknown): string {
  const code = error instanceof Error && "code" in error ? `${error.code}` : "";
  if (DOCUMENTED.includes(code)) return code;
  const stack = error instanceof Error ? error.stack : "";
  throw new Violation(`The error is not a documented one: ${error}\n${stack}`);
}

/** What each descriptor of this process stands for; the runtime alone has sockets. */
export function descriptors(): string[] {
  const found: string[] = [];
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    try {
      const file = Deno.readLinkSync(`/proc/self/fd/${name}`);
      if (!file.startsWith("socket:")) found.push(`${name} ${file}`);
    } catch {
      // That of the listing itself is closed by now.
    }
  }
  return found;
}

/** Makes sure that nothing stayed open or mounted. */
export async function checkLeaks(
  world: World,
  before: readonly string[],
): Promise<void> {
  for (let tries = 0; descriptors().length > before.length; tries++) {
    if (tries === 20) {
      assertSame(descriptors(), before, "Descriptors stayed open");
    }
    await turn(5);
  }
  if (world.mounts.length > 0) {
    throw new Violation(`Mounts stayed: ${world.mounts}`);
  }
}

/** Makes sure that what the files of a layer are is what comparing its mount tells. */
export async function checkChanges(world: World): Promise<void> {
  const { driver } = world;
  const native = changeLines(await driver.changes("top"));
  const compared = await inLayers(driver, "base", "top", (one, other) => {
    using before = Dir.open(one);
    using after = Dir.open(other);
    const found = [...compareTrees(before, after)];
    return changeLines(found.sort((a, b) => compareNames(a.path, b.path)));
  });
  assertSame(native, compared, "changes() is not what the mounts tell");
}

/** Makes sure that an archive that is kept comes back, and forgets it. */
export async function checkKept(
  world: World,
  bytes: Uint8Array,
  { mounted, filled }: Way,
): Promise<void> {
  const path = `${world.home}/top/exact`;
  const isKept = [...Deno.readDirSync(`${world.home}/top`)]
    .some(({ name }) => name === "exact");
  const must = !mounted && !filled && world.warnings.length === 0;
  if (must && !isKept) throw new Violation("The archive is not kept");
  if (!isKept) return;
  const again = await bytesOf(world.driver.diff("top"));
  if (!sameBytes(again, bytes)) throw new Violation("Another archive is kept");
  Deno.removeSync(path);
}

/** Sizes from which on an archive of the layer would take too long. */
const LARGE = 32 * 1024 * 1024;

/** Makes sure that the layer survives the way through an archive, and holds no secret. */
export async function checkRoundTrip(world: World): Promise<void> {
  const { driver } = world;
  if (await driver.diffSize("top") > LARGE) return;
  const first = await bytesOf(driver.diff("top"));
  refuseSecret(first);
  if (isDeep(first)) return;
  const second = await copied(world, "copy", first);
  const shown = { fractions: false, xattrs: "security.", sockets: false };
  await inLayers(
    driver,
    "top",
    "copy",
    (top, copy) =>
      assertSame(
        describeTree(copy, shown),
        describeTree(top, shown),
        "The diff makes another tree",
      ),
  );
  const third = await copied(world, "again", second);
  if (!sameBytes(third, second)) {
    assertSame(timeless(third), timeless(second), "A diff's diff is another");
  }
  await driver.remove("again");
  await driver.remove("copy");
}

/** An archive may mark the root opaque, as in Docker; the driver warns of it. */
const EXPECTED = "xattr-on-root";

/** Makes sure that the driver's own check finds nothing wrong with the home. */
export async function checkHome({ driver }: World): Promise<void> {
  const found = await driver.check();
  const wrong = found.filter(({ severity, name }) =>
    severity !== "note" && name !== EXPECTED
  );
  assertSame(wrong.map(({ message }) => message), [], "check() found faults");
}

/** Whether a path is longer than the kernel takes: only links led to the file. */
function isDeep(bytes: Uint8Array): boolean {
  return archiveNames(bytes).some((name) => encodeName(name).length > 4000);
}

async function copied(
  { driver }: World,
  id: string,
  bytes: Uint8Array,
): Promise<Uint8Array> {
  await driver.create(id, "base");
  try {
    await driver.applyDiff(id, "base", streamOf(bytes));
  } catch (error) {
    throw new Violation(`The layer's own diff is refused: ${error}`);
  }
  return await bytesOf(driver.diff(id));
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Entries as text; the time of a whiteout is that of its making, as in Docker. */
function timeless(bytes: Uint8Array): string[] {
  return entriesOf(bytes).map((read) => {
    const line = describeEntry(read.entry, expanded(read));
    return line.replace(/^(.* )@\S+( (\S*\/)?\.wh\.)/, "$1$2");
  });
}

const NEEDLE = encodeName(SECRET);

function refuseSecret(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; at += 512) {
    if (NEEDLE.every((byte, i) => bytes[at + i] === byte)) {
      throw new Violation("A secret of the host came into the layer");
    }
  }
}
