/**
 * What the tests of engines say when there is no engine.
 *
 * @module
 */

import { missingPackages } from "../../tools/test_engines.ts";
import { assertEquals } from "../assert.ts";

Deno.test("missingPackages() names the packages that are missing, each once, on one line", () => {
  assertEquals(missingPackages(() => true), undefined);
  assertEquals(
    missingPackages((path) => path.endsWith("/busybox")),
    "Cannot test engines: install docker.io containerd runc containers-storage skopeo umoci " +
      "(apt-get install --no-install-recommends)",
  );
});
