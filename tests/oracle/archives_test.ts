/**
 * Archives give the same layers as in Docker's driver.
 *
 * @module
 */

import { assertEquals } from "../assert.ts";
import { judge, type Mode } from "./archives.ts";
import { type ArchiveCase, makeCorpus } from "./corpus.ts";
import { NAIVE, NATIVE } from "./differences.ts";
import { Pair, type PairOptions } from "./pair.ts";
import { oracleTest } from "./setup.ts";
import { WorkDir } from "./work_dir.ts";

const OWN = ["whiteouts", "entries", "links", "names", "xattrs", "formats"];

/** One test for each generator, one step for each archive. */
function archivesTest(
  title: string,
  group: string,
  mode: Mode,
  options: PairOptions = {},
): void {
  oracleTest(title, async (t) => {
    await using work = await WorkDir.make();
    const cases = await makeCorpus(work.path, [group]);
    await using pair = await Pair.open(options);
    for (const archive of cases) await step(t, pair, archive, mode);
  });
}

async function step(
  t: Deno.TestContext,
  pair: Pair,
  archive: ArchiveCase,
  mode: Mode,
): Promise<void> {
  const { name, reason } = archive;
  await t.step({
    name: reason === undefined ? name : `${name} (skipped: ${reason})`,
    ignore: reason !== undefined,
    fn: async () => assertEquals(await judge(pair, archive, mode), []),
  });
}

for (const group of [...OWN, "tools", "public"]) {
  archivesTest(`Driver unpacks ${group} like Docker`, group, "native");
}
for (const group of [...OWN, "tools"]) {
  archivesTest(
    `Driver unpacks ${group} through a mount like Docker`,
    group,
    "naive",
  );
}
for (const group of ["whiteouts", "entries", "xattrs"]) {
  archivesTest(
    `Driver unpacks ${group} with an id map like Docker`,
    group,
    "native",
    {
      ids: [{ containerId: 0, hostId: 100000, size: 65536 }],
    },
  );
}

oracleTest(
  "The deliberate differences name archives of the corpus",
  async () => {
    await using work = await WorkDir.make();
    const groups = [...OWN, "tools", "public"];
    const cases = await makeCorpus(work.path, groups);
    const names = new Set(cases.map(({ name }) => name));
    const listed = [...Object.keys(NATIVE), ...Object.keys(NAIVE)];
    const missing = cases.filter(({ reason }) => reason !== undefined);
    const had = (name: string) =>
      names.has(name) || missing.some((each) => name.startsWith(each.name));
    assertEquals(listed.filter((name) => !had(name)), []);
  },
);
