/**
 * A home that one driver filled works in the other.
 *
 * @module
 */

import { assertEquals } from "../assert.ts";
import { Ground } from "./fixtures.ts";
import { compareAnswers, compareMounted, questions } from "./inspect.ts";
import { compareListings, type Listing } from "./looks.ts";
import type { Home, PairOptions } from "./pair.ts";
import { oracleTest, SELF } from "./setup.ts";
import { must } from "./side.ts";

const MAPPED: PairOptions = {
  ids: [{ containerId: 0, hostId: 100000, size: 65536 }],
};

async function fill(ground: Ground): Promise<void> {
  await ground.layer("base", undefined, "base");
  await ground.layer("mid", "base", "small");
  await ground.changed("top-init", "mid", "new files");
  await ground.changed("top", "top-init", "directories deleted");
}

async function assertSameHomes({ pair }: Ground): Promise<void> {
  const [docker, ours] = pair.homes;
  const lines = compareListings(
    await pair.looks.home(docker.path),
    await pair.looks.home(ours.path),
  );
  assertEquals(lines, []);
}

for (
  const [suffix, options] of [["", {}], [" with an id map", MAPPED]] as const
) {
  oracleTest(`Driver lays a home out like Docker${suffix}`, async () => {
    await using ground = await Ground.open(options);
    await assertSameHomes(ground);

    await fill(ground);

    await assertSameHomes(ground);
  });
}

oracleTest(
  "Driver lays a home out like Docker while layers are mounted",
  async () => {
    await using ground = await Ground.open();
    await fill(ground);
    const { pair } = ground;
    const mounts: Listing[] = [];

    for (const { own, path } of pair.homes) {
      for (const id of ["base", "mid", "top"]) must(await own.get(id));
      mounts.push(await pair.looks.mounts(path));
    }

    assertEquals(compareListings(mounts[0]!, mounts[1]!), []);
    await assertSameHomes(ground);
    for (const { own } of pair.homes) {
      for (const id of ["base", "mid", "top"]) must(await own.put(id));
    }
    await assertSameHomes(ground);
  },
);

oracleTest("Driver and Docker read each other's homes", async () => {
  await using ground = await Ground.open();
  await fill(ground);
  const { pair } = ground;
  for (const id of ["base", "mid", "top-init", "top"]) {
    for (const home of pair.homes) {
      const asked = questions(id, ["", "base"]);
      assertEquals(await compareAnswers(home, asked), []);
    }
    assertEquals(await compareMounted(pair, id), []);
  }
});

oracleTest("Driver and Docker continue each other's homes", async () => {
  await using ground = await Ground.open();
  await fill(ground);
  for (const home of ground.pair.homes) await continueHome(ground, home);

  await assertSameHomes(ground);
  const [docker, ours] = ground.pair.homes;
  for (const id of ["next", "run"]) {
    const tree = (home: Home) =>
      ground.pair.looks.tree(`${home.path}/${id}/diff`);
    assertEquals(compareListings(await tree(docker), await tree(ours)), []);
    assertEquals(await compareMounted(ground.pair, id), []);
  }
});

/** Makes layers in a home with the driver that did not make it. */
async function continueHome(ground: Ground, { other }: Home): Promise<void> {
  must(await other.create("next", "mid"));
  must(await other.applyDiff("next", "mid", ground.archive("small")));
  must(await other.createReadWrite("run", "next"));
  const path = must(await other.get("run"));
  await ground.pair.looks.mutate("directories deleted", path);
  must(await other.put("run"));
}

oracleTest("Driver and Docker empty each other's homes", async () => {
  await using ground = await Ground.open();
  await fill(ground);
  for (const { other, path } of ground.pair.homes) {
    for (const id of ["top", "top-init", "mid", "base"]) {
      must(await other.remove(id));
      assertEquals(must(await other.exists(id)), false);
    }
    const left = Object.keys(await ground.pair.looks.home(path)).sort();
    assertEquals(left, [".", "l"]);
  }
});

oracleTest("Driver reports status like Docker", async () => {
  await using ground = await Ground.open();
  const { docker, ours } = ground.pair.docker;
  assertEquals(must(await ours.status()), must(await docker.status()));
});

oracleTest("Driver counts mounts like Docker", async () => {
  await using ground = await Ground.open();
  await fill(ground);
  const { pair } = ground;
  const seen: string[][] = [];
  for (const { own, path } of pair.homes) {
    const states: string[] = [];
    for (
      const step of ["get", "get", "put", "put", "put", "get", "put"] as const
    ) {
      must<unknown>(await own[step]("top"));
      states.push(`${step}: ${Object.keys(await pair.looks.mounts(path))}`);
    }
    seen.push(states);
  }
  assertEquals(seen[1], seen[0]);
});

oracleTest("Driver takes over a mount like Docker", async () => {
  await using ground = await Ground.open();
  await fill(ground);
  const { pair } = ground;
  const seen: string[][] = [];
  for (const home of pair.homes) {
    await using again = await pair.openSide(home.path, true);
    const states: string[] = [];
    must(await again.get("top"));
    const second = home === pair.docker ? home.docker : home.ours;
    for (const step of ["get", "put", "put", "put"] as const) {
      must<unknown>(await second[step]("top"));
      const at = Object.keys(await pair.looks.mounts(home.path));
      states.push(`${step}: ${at}`);
    }
    seen.push(states);
  }
  assertEquals(seen[1], seen[0]);
});

oracleTest("Driver tidies the path of its home like Docker", async () => {
  await using ground = await Ground.open();
  const { pair } = ground;
  const seen: unknown[] = [];
  for (const name of ["docker", "ours"]) {
    const home = `${pair.dir}//./${name}-untidy`;
    await using side = await pair.openSide(home, name === "docker" || SELF);
    must(await side.create("base"));
    must(await side.create("top", "base"));
    const path = must(await side.get("top"));
    must(await side.put("top"));
    const metadata = JSON.stringify(
      Object.entries(must(await side.metadata("top"))).sort(),
    );
    seen.push([path, metadata].map((text) => text.replaceAll(name, "NAME")));
  }
  assertEquals(seen[1], seen[0]);
});
