/**
 * Help and version, at every level.
 *
 * @module
 */

import { COMMAND_NAMES, loadCommands } from "../../src/cli/commands.ts";
import { OPTION_KEYS } from "../../src/driver/options.ts";
import { VERSION } from "../../src/cli/version.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { runFake } from "./fake_host.ts";

import manifest from "../../deno.json" with { type: "json" };

Deno.test("VERSION is the version of the package", () => {
  assertEquals(VERSION, manifest.version);
});

Deno.test("each command has the name that selects it", async () => {
  const commands = await loadCommands();
  assertEquals(commands.map(({ name }) => name), COMMAND_NAMES);
});

Deno.test("each command explains itself within 80 columns", async () => {
  for (const { name, operands, options } of await loadCommands()) {
    const { status, stdout, stderr } = await runFake([name, "--help"]);
    assertEquals([status, stderr], [0, ""]);
    assertStringIncludes(stdout, `Usage: overlay2 ${name}`);
    assertStringIncludes(stdout, "Examples:\n  ");
    assertStringIncludes(stdout, "--home DIR");
    for (const operand of operands) assertStringIncludes(stdout, operand.name);
    for (const option of Object.keys(options)) {
      assertStringIncludes(stdout, `--${option}`);
    }
    for (const line of stdout.split("\n")) assert(line.length <= 80, line);
  }
});

Deno.test("help is the same however it is asked for", async () => {
  const { stdout } = await runFake(["create", "--help"]);
  for (
    const args of [
      ["help", "create"],
      ["--help", "create"],
      ["create", "-h"],
      ["create", "too", "many", "operands", "-h"],
      ["-q", "create", "--json", "--help", "x"],
    ]
  ) {
    const outcome = await runFake(args);
    assertEquals([outcome.stdout, outcome.stderr], [stdout, ""]);
  }
});

Deno.test("the program's help names every storage option", async () => {
  const { stdout } = await runFake(["--help"]);

  for (const key of OPTION_KEYS) assertStringIncludes(stdout, `\n  ${key} `);
});

Deno.test("the program's help lists all commands", async () => {
  const { status, stdout } = await runFake(["--help"]);

  assertEquals(status, 0);
  for (const name of COMMAND_NAMES) {
    assertStringIncludes(stdout, `\n  ${name} `);
  }
  for (const line of stdout.split("\n")) assert(line.length <= 80, line);
  assertEquals((await runFake(["help"])).stdout, stdout);
  assertEquals((await runFake(["-h"])).stdout, stdout);
});

Deno.test("--version prints it at every level", async () => {
  for (
    const args of [["--version"], ["create", "--version"], [
      "--version",
      "create",
    ]]
  ) {
    const { status, stdout } = await runFake(args);
    assertEquals([status, stdout], [0, `overlay2 ${VERSION}\n`]);
  }
});

Deno.test("help about a command that is none is wrong usage", async () => {
  const { status, stdout, stderr } = await runFake(["help", "crate"]);

  assertEquals([status, stdout], [2, ""]);
  assertStringIncludes(stderr, 'did you mean "create"');
});
