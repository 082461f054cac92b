/**
 * Everything that runs inside the virtual machine; `deno task test:vm`.
 *
 * @module
 */

import { testDepth } from "./depth.ts";
import { runTests } from "./harness.ts";
import { testLayers } from "./layers.ts";
import { testQuota } from "./quota.ts";
import { INNER, runRootless, testRootless } from "./rootless.ts";
import { testSnapshots } from "./snapshots.ts";

if (Deno.args[0] === INNER) {
  await runRootless();
} else {
  testLayers();
  testDepth();
  testQuota();
  testSnapshots();
  testRootless();
  await runTests();
}
