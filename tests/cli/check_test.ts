/**
 * `overlay2 check`.
 *
 * @module
 */

import type { Finding } from "../../mod.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { type Home, rootTest } from "./program.ts";

async function layers(home: Home): Promise<void> {
  await home.ok(["create", "base"]);
  await home.ok(["create-rw", "work", "base"]);
}

rootTest("check prints nothing but a count if all is well", async (home) => {
  await layers(home);
  const before = home.listing();

  const { status, stdout, stderr } = await home.run(["check"]);

  assertEquals(
    [status, stdout, stderr],
    [0, "", "2 layers, nothing found\n"],
  );
  assertEquals((await home.run(["check", "-q"])).stderr, "");
  assertEquals(await home.ok(["check", "--json"]), "[]\n");
  assertEquals(home.listing(), before);
});

rootTest(
  "check prints each finding and what a repair would do",
  async (home) => {
    await layers(home);
    const short = await Deno.readTextFile(`${home.path}/base/link`);
    await Deno.remove(`${home.path}/base/link`);
    await Deno.writeTextFile(`${home.path}/stranger`, "");

    const { status, stdout, stderr } = await home.run(["check"]);

    assertEquals([status, stderr], [1, ""]);
    const [first, second, third] = stdout.split("\n");
    assertStringIncludes(first!, "error link-missing base/link: Layer ");
    assertStringIncludes(second!, "  repair: write the short name");
    assertStringIncludes(third!, "note home-foreign stranger: ");

    const some = await home.run(["check", "--severity", "error"]);
    assertEquals([some.status, some.stdout], [1, `${first}\n${second}\n`]);

    const repaired = await home.run(["check", "--repair"]);
    assertEquals(repaired.status, 1);
    assertStringIncludes(repaired.stdout, "  repaired: write the short name");
    assertEquals(await Deno.readTextFile(`${home.path}/base/link`), short);

    const left = await home.run(["check", "--severity=warning"]);
    assertEquals([left.status, left.stdout], [0, ""]);
  },
);

rootTest("check --json prints findings as one array", async (home) => {
  await layers(home);
  await Deno.remove(`${home.path}/base/committed`);

  const found = await home.run(["check", "--json"]);
  const repaired = await home.run(["--json", "check", "--repair"]);

  assertEquals([found.status, repaired.status], [1, 0]);
  const [finding, ...others]: Finding[] = JSON.parse(found.stdout);
  const [mended]: Finding[] = JSON.parse(repaired.stdout);
  assertEquals(others, []);
  assertEquals(Object.keys(finding!), [
    "name",
    "severity",
    "id",
    "path",
    "message",
    "repair",
    "repaired",
  ]);
  assertEquals({ ...finding!, repaired: true }, mended);
  assertEquals(finding!.path, "base/committed");
});

rootTest("check of some layers leaves the others alone", async (home) => {
  await layers(home);
  await home.ok(["create", "other"]);
  await Deno.remove(`${home.path}/base/committed`);
  await Deno.remove(`${home.path}/other/link`);

  const found = await home.run(["check", "other", "--json", "--repair"]);
  const missing = await home.run(["check", "work", "nothing"]);
  const work = await home.run(["check", "work"]);
  assertEquals(found.status, 0);
  const ids = (JSON.parse(found.stdout) as Finding[]).map(({ id }) => id);
  assertEquals(ids, ["other"]);
  assertEquals((await home.run(["check", "base"])).status, 1);

  const short = await Deno.readTextFile(`${home.path}/work/lower`);
  await Deno.remove(`${home.path}/${short}`);
  const below = await home.run(["check", "work", "--repair"]);
  assertEquals(below.status, 0);
  assertStringIncludes(below.stdout, `error short-link-missing ${short}: `);
  assertEquals([work.status, work.stderr], [0, "1 layers, nothing found\n"]);
  assertEquals(missing.status, 1);
  assertStringIncludes(missing.stderr, 'layer "nothing": it does not exist');
  assertStringIncludes(missing.stderr, "(ENOENT)");
});

rootTest(
  "check needs a home, and no short links to begin with",
  async (home) => {
    const missing = await home.run(["check"]);
    assertEquals(missing.status, 1);
    assertStringIncludes(missing.stderr, "(ENOENT)");

    await Deno.writeTextFile(home.path, "");
    const file = await home.run(["check"]);
    assertEquals(file.status, 1);
    assertStringIncludes(file.stderr, "(ENOTDIR)");

    await Deno.remove(home.path);
    await Deno.mkdir(`${home.path}/data`, { recursive: true });
    const stranger = await home.run(["check", "--repair"]);
    assertEquals(stranger.status, 1);
    assertStringIncludes(stranger.stdout, "error links-missing l: ");
    assert(!stranger.stdout.includes("repair"));
    assertEquals(home.listing(), ["/data"]);
  },
);

rootTest("check refuses a severity that is none", async (home) => {
  const { status, stderr } = await home.run(["check", "--severity", "bad"]);
  assertEquals(status, 2);
  assertStringIncludes(stderr, "error, warning, note");
});
