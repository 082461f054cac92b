/**
 * containerd's own test suite of snapshotters, which is a program in Go.
 *
 * @module
 */

import { assert } from "../../assert.ts";
import { execute, PROGRAM } from "../../cli/program.ts";

const SUITE = new URL("suite/", import.meta.url).pathname;
/** What the suite holds in containerd 1.6, which skips one more. */
const TESTS = 20;

const hasGo = await execute(["go", "version"])
  .then(({ status }) => status === 0, () => false);

Deno.test({
  name: "containerd's own suite of snapshotters passes through the socket" +
    (hasGo ? "" : " (skipped: needs Go)"),
  ignore: !hasGo,
  async fn() {
    const { status, stdout } = await execute(
      ["go", "-C", SUITE, "test", "-count=1", "-v", "./..."],
      { env: { OVERLAY2_WORDS: PROGRAM.join("\n") } },
    );
    assert(status === 0, stdout);
    const passed = stdout.match(/^ +--- PASS: /gm)?.length ?? 0;
    assert(passed >= TESTS, `only ${passed} tests passed:\n${stdout}`);
  },
});
