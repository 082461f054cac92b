/**
 * What was probably meant by a word that is no command.
 *
 * @module
 */

import { COMMAND_NAMES, suggestCommand } from "../../src/cli/commands.ts";
import { assertEquals } from "../assert.ts";

Deno.test("suggestCommand finds the command behind a slip", () => {
  const slips = {
    crate: "create",
    craete: "create",
    "create-wr": "create-rw",
    creat: "create",
    gett: "get",
    pt: "put",
    exist: "exists",
    meta: "metadata",
    stauts: "status",
    "apply-dif": "apply-diff",
    apply: "apply-diff",
    dif: "diff",
    "diff_size": "diff-size",
    change: "changes",
    clean: "cleanup",
    hepl: "help",
  };
  for (const [word, meant] of Object.entries(slips)) {
    assertEquals(suggestCommand(word), meant, word);
  }
});

Deno.test("suggestCommand does not guess wildly", () => {
  for (const word of ["", "x", "qq", "mount", "docker", "a".repeat(1000)]) {
    assertEquals(suggestCommand(word), undefined, word);
  }
});

Deno.test("suggestCommand knows a command by its own name", () => {
  for (const name of COMMAND_NAMES) assertEquals(suggestCommand(name), name);
});
