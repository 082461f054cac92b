/**
 * Deep chains and long paths.
 *
 * @module
 */

import { assertEquals } from "../assert.ts";
import { Ground } from "./fixtures.ts";
import { compareAnswers, compareMounted, questions } from "./inspect.ts";
import { compareListings } from "./looks.ts";
import type { PairOptions } from "./pair.ts";
import { oracleTest, SELF } from "./setup.ts";
import { must } from "./side.ts";

/** Makes a chain whose layers each hold one file of their own and a common one. */
async function chain(ground: Ground, depth: number): Promise<void> {
  for (const { own, path } of ground.pair.homes) {
    for (let n = 0; n <= depth; n++) {
      must(await own.create(`n${n}`, n === 0 ? undefined : `n${n - 1}`));
      const diff = `${path}/n${n}/diff`;
      await Deno.writeTextFile(`${diff}/file-${n}`, `${n}`);
      await Deno.writeTextFile(`${diff}/common`, `${n}`);
      for (const name of ["common", `file-${n}`]) {
        await Deno.utime(`${diff}/${name}`, 1e9 + n, 1e9 + n);
      }
    }
  }
}

async function judge(
  { pair }: Ground,
  id: string,
  others: string[],
): Promise<string[]> {
  const lines = await compareMounted(pair, id);
  for (const home of pair.homes) {
    lines.push(...await compareAnswers(home, questions(id, others)));
  }
  return lines;
}

oracleTest("Driver stacks 128 lower layers like Docker", async () => {
  await using ground = await Ground.open();
  await chain(ground, 127);
  const { pair } = ground;
  for (const { own } of pair.homes) {
    must(await own.createReadWrite("n128", "n127"));
  }

  assertEquals(await judge(ground, "n1", ["", "n0"]), []);
  assertEquals(await judge(ground, "n64", ["", "n0"]), []);
  assertEquals(await judge(ground, "n127", ["", "n3"]), []);
  assertEquals(await judge(ground, "n128", ["", "n3"]), []);
  const [docker, ours] = pair.homes;
  const layout = compareListings(
    await pair.looks.home(docker.path),
    await pair.looks.home(ours.path),
  );
  assertEquals(layout, []);
});

oracleTest(
  "Driver refuses the 129th lower layer and changes nothing",
  async () => {
    await using ground = await Ground.open();
    await chain(ground, 128);
    const { pair } = ground;
    const before = await pair.looks.home(pair.ours.path);

    const docker = await pair.docker.own.create("over", "n128");
    const ours = await pair.ours.own.create("over", "n128");

    assertEquals([docker.ok, ours.ok], [false, false]);
    if (!ours.ok && !SELF) {
      assertEquals(ours.code, "EMLINK");
      const after = await pair.looks.home(pair.ours.path);
      assertEquals(compareListings(before, after), []);
    }
  },
);

const LONG: PairOptions = {
  below: Array(4).fill("a-directory-with-a-long-name".repeat(7)).join("/"),
};

oracleTest(
  "Driver mounts in a home whose path is long like Docker",
  async (t) => {
    await using ground = await Ground.open(LONG);
    await chain(ground, 100);
    for (const depth of [1, 2, 3, 4, 20, 100]) {
      await t.step(`${depth} lower layers`, async () => {
        assertEquals(await judge(ground, `n${depth}`, ["", "n0"]), []);
      });
      await t.step(`${depth} lower layers under a writable one`, async () => {
        const id = `rw${depth}`;
        for (const { own } of ground.pair.homes) {
          must(await own.createReadWrite(id, `n${depth - 1}`));
          const path = must(await own.get(id));
          await Deno.writeTextFile(`${path}/new`, "new");
          await Deno.utime(`${path}/new`, 1e9, 1e9);
          await Deno.remove(`${path}/common`);
          must(await own.put(id));
        }
        assertEquals(await judge(ground, id, ["", "n0"]), []);
      });
    }
  },
);
