/**
 * The deliberate differences of calls, and the options that both refuse.
 *
 * @module
 */

import { assertEquals } from "../assert.ts";
import { Ground } from "./fixtures.ts";
import { compareListings } from "./looks.ts";
import { type Operation, OPERATIONS, type Stand } from "./operations.ts";
import { OurSide } from "./ours.ts";
import { buildPeer } from "./peer.ts";
import { oracleTest, SELF } from "./setup.ts";
import type { Outcome } from "./side.ts";
import { WorkDir } from "./work_dir.ts";

oracleTest(
  "Driver refuses what Docker does wrong and changes nothing",
  async (t) => {
    await using ground = await Ground.open();
    for (const [n, operation] of OPERATIONS.entries()) {
      await t.step(operation.name, () => tryBoth(ground, operation, n));
    }
  },
);

async function tryBoth(
  ground: Ground,
  operation: Operation,
  n: number,
): Promise<void> {
  const { pair } = ground;
  const names = { base: `base${n}`, top: `top${n}` };
  await ground.layer(names.base, undefined, "base");
  for (const { own } of pair.homes) await own.create(names.top, names.base);
  if (operation.docker !== "not asked") {
    const stand = { ground, home: pair.docker, ...names };
    const { outcome } = await attempt(operation, stand);
    assertEquals(outcome.ok ? "done" : "fails", operation.docker);
  }
  if (SELF) return;
  const stand = { ground, home: pair.ours, ...names };
  const { outcome, changed } = await attempt(operation, stand);
  assertEquals(outcome.ok ? "done" : outcome.code, operation.ours);
  assertEquals(changed, []);
}

interface Attempt {
  readonly outcome: Outcome<unknown>;
  /** What the attempt changed in the home's layout. */
  readonly changed: string[];
}

async function attempt(operation: Operation, stand: Stand): Promise<Attempt> {
  const { looks } = stand.ground.pair;
  await operation.prepare?.(stand);
  try {
    const before = await looks.home(stand.home.path);
    const outcome = await operation.attempt(stand);
    const after = await looks.home(stand.home.path);
    return { outcome, changed: compareListings(before, after) };
  } finally {
    await operation.restore?.(stand).catch(() => {});
  }
}

const STORAGE_OPTIONS = [
  "overlay2.size=0",
  "OVERLAY2.SIZE = 0",
  "overlay2.size=10G",
  "overlay2.size=1 G",
  "overlay2.size=-1",
  "overlay2.size=1xb",
  "overlay2.size=",
  "overlay2.size",
  "overlay2.override_kernel_check=true",
  "size=1G",
  "=",
  "",
];

oracleTest(
  "Driver takes and refuses the storage options that Docker does",
  async (t) => {
    await using work = await WorkDir.make();
    const dir = work.path;
    await buildPeer(`${dir}/peer`);
    for (const [n, option] of STORAGE_OPTIONS.entries()) {
      await t.step(JSON.stringify(option), async () => {
        const docker = await dockerTakes(dir, `docker${n}`, option);
        const ours = SELF ? docker : await oursTakes(`${dir}/ours${n}`, option);
        assertEquals(ours, docker);
      });
    }
  },
);

async function dockerTakes(
  dir: string,
  home: string,
  option: string,
): Promise<boolean> {
  const { success } = await new Deno.Command(`${dir}/peer`, {
    args: ["-q", "--home", `${dir}/${home}`, "--storage-opt", option, "init"],
    stdout: "null",
    stderr: "null",
  }).output();
  return success;
}

async function oursTakes(home: string, option: string): Promise<boolean> {
  try {
    await using side = await OurSide.open({ home, storageOpts: [option] });
    return (await side.status()).ok;
  } catch {
    return false;
  }
}
