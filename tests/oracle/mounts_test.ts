/**
 * What is written through a mount gives the same layers and the same answers
 * as with Docker's driver.
 *
 * @module
 */

import { assertEquals } from "../assert.ts";
import { Ground } from "./fixtures.ts";
import { compareAnswers, compareMounted, questions } from "./inspect.ts";
import { compareListings } from "./looks.ts";
import type { PairOptions } from "./pair.ts";
import { oracleTest } from "./setup.ts";

async function judge(ground: Ground, mutation: string): Promise<string[]> {
  const { pair } = ground;
  const id = pair.nextCase();
  await ground.changed(id, "mid", mutation);
  const [docker, ours] = pair.homes;
  const lines = compareListings(
    await pair.looks.tree(`${docker.path}/${id}/diff`),
    await pair.looks.tree(`${ours.path}/${id}/diff`),
  );
  for (const home of pair.homes) {
    const asked = questions(id, ["", "base", "other"]);
    lines.push(...await compareAnswers(home, asked));
  }
  lines.push(...await compareMounted(pair, id));
  return lines;
}

function mountsTest(title: string, options: PairOptions): void {
  oracleTest(title, async (t) => {
    await using ground = await Ground.open(options);
    await ground.layer("base", undefined, "base");
    await ground.layer("mid", "base", "small");
    await ground.layer("other", undefined, "other");
    for (const mutation of await ground.pair.looks.mutations()) {
      await t.step(
        mutation,
        async () => assertEquals(await judge(ground, mutation), []),
      );
    }
  });
}

mountsTest("Driver sees changes made through a mount like Docker", {});
mountsTest(
  "Driver sees changes made through a mount with an id map like Docker",
  {
    ids: [{ containerId: 0, hostId: 100000, size: 65536 }],
  },
);
