/**
 * Layers that are mounted with `volatile` when the power is cut.
 *
 * @module
 */

import { init } from "../../../mod.ts";
import { Dir } from "../../../src/linux/dir.ts";
import { syncFd } from "../../../src/linux/file.ts";
import { assertEquals } from "../../assert.ts";
import { codeOf } from "../../vm/places.ts";

const VOLATILE = { storageOpts: ["overlay2.volatile=true"] };

/** Name of the home on each disk. */
export const VOLATILE_HOME = "volatile";

/**
 * Mounts a new layer and leaves it to the next cut.
 *
 * @param home Path of the home.
 * @param id Id of the layer.
 */
export async function leaveMounted(home: string, id: string): Promise<void> {
  const driver = await init(home, VOLATILE);
  if (!await driver.exists("base")) await driver.create("base");
  await driver.createReadWrite(id, "base");
  const { path } = await driver.get(id);
  // A mark that is lost has nothing to tell of: so are the files.
  using work = Dir.open(`${home}/${id}/work/work`);
  syncFd(work.fd, work.path);
  Deno.writeTextFileSync(`${path}/file`, "text");
}

/**
 * Tries what becomes of a layer that was mounted when the power was cut, and
 * removes it.
 *
 * @param home Path of the home.
 * @param id Id of the layer.
 */
export async function takeBack(home: string, id: string): Promise<void> {
  const plain = await init(home);
  if (isMarked(home, id)) await accept(home, id);
  // The cut may have come after that, too, but not before it was on the disk.
  assertEquals(Deno.readTextFileSync(`${home}/${id}/diff/accepted`), "yes");
  await plain.get(id);
  await plain.put(id);
  await plain.remove(id);
}

async function accept(home: string, id: string): Promise<void> {
  const warnings: string[] = [];
  const onWarning = (message: string) => void warnings.push(message);
  const plain = await init(home);
  assertEquals(await codeOf(() => plain.get(id)), "EUCLEAN");
  const findings = await plain.check([id]);
  assertEquals(findings.map(({ name }) => name), ["work-volatile"]);
  const accepting = await init(home, { ...VOLATILE, onWarning });
  const { path } = await accepting.get(id);
  Deno.writeTextFileSync(`${path}/accepted`, "yes");
  await accepting.put(id);
  assertEquals(warnings.length, 1, warnings.join());
}

function isMarked(home: string, id: string): boolean {
  const inner = [...Deno.readDirSync(`${home}/${id}/work/work`)];
  return inner.some(({ name }) => name === "incompat");
}
