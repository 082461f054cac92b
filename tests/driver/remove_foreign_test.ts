import { assertEquals } from "../assert.ts";
import { assertCode, tempDriver } from "../fixtures.ts";

Deno.test("Driver.remove() refuses a directory that has nothing of a layer", async () => {
  await using temp = await tempDriver();
  const precious = `${temp.home}/alice/thesis`;
  await Deno.mkdir(`${temp.home}/alice`);
  await Deno.writeTextFile(precious, "years of work");

  await assertCode(() => temp.driver.remove("alice"), "EUCLEAN");

  assertEquals(await Deno.readTextFile(precious), "years of work");
});
