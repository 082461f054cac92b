/**
 * Global options become the driver's home and options.
 *
 * @module
 */

import { UsageError } from "../../src/cli/command.ts";
import { driverOptionsOf, homeOf } from "../../src/cli/settings.ts";
import { assertEquals, assertThrows } from "../assert.ts";

Deno.test("homeOf prefers the option to the variable to the default", () => {
  assertEquals(homeOf({ home: "/a" }, "/b"), "/a");
  assertEquals(homeOf({}, "/b"), "/b");
  assertEquals(homeOf({}, undefined), "/var/lib/overlay2");
});

Deno.test("homeOf makes the path absolute", () => {
  assertEquals(homeOf({ home: "a/b" }, undefined), `${Deno.cwd()}/a/b`);
  assertThrows(() => homeOf({ home: "" }, "/b"), UsageError, "--home is empty");
});

Deno.test("driverOptionsOf reads id maps", () => {
  const options = driverOptionsOf({
    "uid-map": ["0:100000:65536", "65536:4294967295:1"],
    "gid-map": [],
    "storage-opt": ["overlay2.size=1G"],
  });

  assertEquals(options.storageOpts, ["overlay2.size=1G"]);
  assertEquals(options.uidMap, [
    { containerId: 0, hostId: 100000, size: 65536 },
    { containerId: 65536, hostId: 4294967295, size: 1 },
  ]);
  assertEquals(Object.keys(options), ["storageOpts", "uidMap"]);
});

Deno.test("driverOptionsOf refuses a map that is none", () => {
  const bad = [
    "",
    "1:2",
    "1:2:3:4",
    "a:0:1",
    "0:0:0",
    "-1:0:1",
    "0:0:4294967297",
    "0:4294967295:2",
    "0:99999999999:1",
    "0: 1:1",
  ];
  for (const map of bad) {
    assertThrows(
      () => driverOptionsOf({ "gid-map": [map] }),
      UsageError,
      "Option --gid-map takes C:H:N",
    );
  }
});

Deno.test("driverOptionsOf refuses a storage option without a value", () => {
  assertThrows(
    () => driverOptionsOf({ "storage-opt": ["overlay2.size"] }),
    UsageError,
    'Option --storage-opt takes K=V, not "overlay2.size"',
  );
});
