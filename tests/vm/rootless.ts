/**
 * The driver in a user namespace, where xattrs are `user.overlay.*`.
 *
 * @module
 */

import { assertEquals } from "../assert.ts";
import { test } from "./harness.ts";
import { collect, EXT4, newHome } from "./places.ts";

/** Argument that makes the suite play the inner part. */
export const INNER = "rootless";

/** What the inner part reports, as JSON, on its standard output. */
interface Outcome {
  readonly userxattr: string | undefined;
  readonly changes: string[];
  readonly archiveSize: number;
  readonly shown: string;
}

/** The inner part: makes, mounts and compares layers as root of a namespace. */
export async function runRootless(): Promise<void> {
  await using home = await newHome(EXT4, {}, "/rootless");
  const { driver } = home;
  await driver.create("base");
  Deno.mkdirSync(`${home.path}/base/diff/d/old`, { recursive: true });
  Deno.writeTextFileSync(`${home.path}/base/diff/f`, "f");
  await driver.createReadWrite("rw", "base");
  const mount = await driver.get("rw");
  Deno.removeSync(`${mount.path}/f`);
  Deno.removeSync(`${mount.path}/d`, { recursive: true });
  Deno.mkdirSync(`${mount.path}/d/new`, { recursive: true });
  const shown = [...Deno.readDirSync(`${mount.path}/d`)].map((e) => e.name);
  await driver.put("rw");
  const outcome: Outcome = {
    userxattr: new Map(driver.status()).get("userxattr"),
    changes: (await driver.changes("rw")).map((c) => `${c.kind} ${c.path}`),
    archiveSize: (await collect(driver.diff("rw"))).length,
    shown: shown.join(),
  };
  Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(outcome)));
}

/** Registers the test. */
export function testRootless(): void {
  test("layers work in a user namespace", async () => {
    const script = new URL(import.meta.url).pathname;
    const { code, stdout, stderr } = await new Deno.Command("unshare", {
      args: ["-U", "-r", "-m", Deno.execPath(), "run", "-A", script, INNER],
    }).output();
    const decoder = new TextDecoder();

    assertEquals(code, 0, decoder.decode(stderr));
    const outcome: Outcome = JSON.parse(decoder.decode(stdout));
    assertEquals(outcome.userxattr, "true");
    assertEquals(outcome.changes, ["C /d", "A /d/new", "D /d/old", "D /f"]);
    assertEquals(outcome.shown, "new");
    assertEquals(outcome.archiveSize > 1024, true);
  });
}
