/**
 * Checks while others are at work.
 *
 * @module
 */

import type { Finding } from "../../mod.ts";
import { assert, assertEquals } from "../assert.ts";
import {
  assertCode,
  fill,
  openDescriptors,
  tempDriver,
  turn,
} from "../fixtures.ts";
import { Ground } from "../oracle/fixtures.ts";
import { oracleTest } from "../oracle/setup.ts";
import { must, type Side } from "../oracle/side.ts";
import { openDriver } from "../../src/driver/init.ts";
import { Family, lines } from "./fixture.ts";

const OTHER = new URL("../driver/other_process.ts", import.meta.url).pathname;

Deno.test("Driver.check() finds nothing while another process makes, fills, mounts and removes layers", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await fill(driver, "base");
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "-c", config, OTHER, home, "work"],
    stderr: "piped",
  }).spawn();
  let ended = false;
  const output = child.output().finally(() => void (ended = true));
  let checks = 0;
  const found: Finding[] = [];
  for (; !ended; checks++) {
    // A check that finds nothing may be done before anybody else has a turn.
    await turn(5);
    found.push(...await driver.check(undefined, { deep: true }));
    found.push(...await driver.check(undefined, { repair: true }));
  }

  const { success, stderr } = await output;
  assert(success, new TextDecoder().decode(stderr));
  assertEquals(lines(found), []);
  assert(checks > 3, `only ${checks} checks`);
});

/** Makes, fills, mounts and removes layers, as dockerd does. */
async function work(side: Side, archive: string): Promise<void> {
  for (let i = 0; i < 12; i++) {
    const id = `layer-${i}`;
    must(await side.create(id, "base"));
    must(await side.applyDiff(id, "base", archive));
    must(await side.createReadWrite(`${id}-rw`, id));
    must(await side.get(`${id}-rw`));
    must(await side.put(`${id}-rw`));
    must(await side.remove(`${id}-rw`));
    must(await side.remove(id));
  }
}

oracleTest(
  "Driver.check() finds nothing while Docker's driver is at work",
  async () => {
    await using ground = await Ground.open();
    await ground.layer("base", undefined, "base");
    const { path, docker } = ground.pair.docker;
    const driver = await openDriver(path, {}, "use");
    let ended = false;
    const working = work(docker, ground.archive("small"))
      .finally(() => void (ended = true));
    const found: Finding[] = [];
    while (!ended) {
      await turn(5);
      found.push(...await driver.check());
    }
    await working;

    assertEquals(lines(found), []);
  },
);

oracleTest(
  "Driver.check() finds nothing in the homes of either driver",
  async () => {
    for (const id of [0, 100000]) {
      await using ground = await Ground.open(
        id === 0 ? {} : { ids: [{ containerId: 0, hostId: id, size: 65536 }] },
      );
      await ground.layer("base", undefined, "base");
      await ground.layer("mid", "base", "small");
      await ground.changed("top-init", "mid", "new files");
      await ground.changed("top", "top-init", "directories deleted");
      for (const { path, own } of ground.pair.homes) {
        const driver = await openDriver(path, {}, "use");
        assertEquals(lines(await driver.check()), [], path);
        must(await own.get("top"));
        assertEquals(lines(await driver.check()), [], path);
        must(await own.put("top"));
      }
    }
  },
);

Deno.test("Driver.check() waits for a layer that is being filled, and spares what it makes", async () => {
  await using family = await Family.make();
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "-c",
      new URL("../../deno.json", import.meta.url).pathname,
      OTHER,
      family.home,
      "apply",
    ],
    stdout: "piped",
  });
  await family.driver.createReadWrite("other");
  family.remove("lone");
  family.remove("l/{lone}");
  for (const id of ["leaf", "top", "mid", "base"]) {
    await family.driver.remove(id);
  }
  await family.driver.create("base");
  await using filling = child.spawn();
  const reader = filling.stdout.getReader();
  await reader.read();

  const found = await family.driver.check(undefined, { repair: true });
  assertEquals(lines(found), []);
  filling.kill("SIGKILL");
  await reader.cancel();
  await filling.status;

  const left = await family.driver.check(undefined, { repair: true });
  assertEquals(left.map(({ name, repaired }) => [name, repaired]), [
    ["layer-stray", true],
  ]);
});

Deno.test("Driver.check() stops between two repairs when it is given up", async () => {
  await using family = await Family.make();
  family.remove("base/link", "mid/link", "top/link");
  const controller = new AbortController();
  controller.abort();
  const options = { repair: true, signal: controller.signal };

  await assertCode(
    () => family.driver.check(undefined, options),
    "ECANCELED",
  );

  assertEquals(lines(await family.check()), [
    "error link-missing base/link",
    "error link-missing mid/link",
    "error link-missing top/link",
  ]);
});

Deno.test("Driver.check() tells how far it is", async () => {
  await using family = await Family.make();
  const seen: number[] = [];
  await family.driver.check(undefined, {
    onProgress: ({ layers, of }) => {
      assertEquals(of, 5);
      seen.push(layers);
    },
  });
  assertEquals(seen, [0, 1, 2, 3, 4, 5]);
});

Deno.test("Driver.check() leaves no descriptor open, whatever it finds", async () => {
  await using family = await Family.make();
  family.remove("mid/link", "top/work");
  family.whiteout("leaf/diff/dir-top/whiteout");
  family.mkdir("leaf/diff/moved/inner");
  family.mark("leaf/diff/moved", "trusted.overlay.redirect", "/dir-base");
  family.whiteout("leaf/diff/moved/inner/whiteout");
  family.mark("top/diff/shared", "trusted.overlay.metacopy", "");
  family.mkdir(".tmp-layer-x/diff");
  await family.check();
  const before = openDescriptors();

  await family.check();
  await family.repair();

  assertEquals(openDescriptors(), before);
});
