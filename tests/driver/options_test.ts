/**
 * Options as text.
 *
 * @module
 */

import {
  parseLayerOptions,
  parseOptions,
  parseSize,
} from "../../src/driver/options.ts";
import { DriverError } from "../../mod.ts";
import { assertEquals, assertStringIncludes, assertThrows } from "../assert.ts";

const SIZES: readonly [string, number][] = [
  ["0", 0],
  ["32", 32],
  ["32b", 32],
  ["32B", 32],
  ["32k", 32 * 1024],
  ["32K", 32 * 1024],
  ["32kb", 32 * 1024],
  ["32Kb", 32 * 1024],
  ["32KiB", 32 * 1024],
  ["32m", 32 * 1024 ** 2],
  ["32MB", 32 * 1024 ** 2],
  ["10G", 10 * 1024 ** 3],
  ["10GiB", 10 * 1024 ** 3],
  ["2t", 2 * 1024 ** 4],
  ["3PB", 3 * 1024 ** 5],
  ["1 G", 1024 ** 3],
  ["512 MiB", 512 * 1024 ** 2],
  ["1.5k", 1536],
  ["0.3", 0],
  [".5k", 512],
  ["1.", 1],
  ["1.1", 1],
  ["1.0000001k", 1024],
];

Deno.test("parseSize() reads sizes as Docker does", () => {
  for (const [text, bytes] of SIZES) {
    assertEquals(parseSize(text), bytes, text);
  }
});

Deno.test("parseSize() refuses what Docker refuses, in Docker's words", () => {
  const cases: readonly [string, string][] = [
    ["", "invalid size: ''"],
    ["ten", "invalid size: 'ten'"],
    ["-32", "invalid size: '-32'"],
    ["-1k", "invalid size: '-1k'"],
    ["k", "invalid size: 'k'"],
    ["1..2", "invalid size: '1..2'"],
    ["1 2", "invalid size"],
    ["1  k", "invalid size"],
    [" 1", "invalid size"],
    ["1xb", "invalid suffix: 'xb'"],
    ["1XB", "invalid suffix: 'xb'"],
    ["1kib2", "invalid"],
    ["1bi", "invalid suffix: 'bi'"],
    ["1e3", "invalid"],
    ["0x10", "invalid"],
    ["10Gig", "invalid suffix: 'gig'"],
    ["9".repeat(400), "invalid size"],
  ];
  for (const [text, part] of cases) {
    const error = assertThrows(() => parseSize(text), DriverError);
    assertEquals(error.code, "EINVAL", text);
    assertStringIncludes(error.message, part, text);
  }
});

Deno.test("parseOptions() splits at the first = and trims both sides", () => {
  const parse = (...storageOpts: string[]) => parseOptions({ storageOpts });

  assertEquals(parse(), {
    defaultSize: 0,
    maxDepth: 128,
    sync: "layer",
    volatile: false,
    manifest: false,
    exact: false,
  });
  assertEquals(parse("overlay2.sync=strict").sync, "strict");
  assertEquals(parse("overlay2.sync=none", "overlay2.size=1").sync, "none");
  assertEquals(parse("overlay2.volatile=true").volatile, true);
  assertEquals(parse("overlay2.manifest = true").manifest, true);
  assertEquals(parse("overlay2.manifest=false").manifest, false);
  assertEquals(parse("overlay2.exact=true").exact, true);
  assertEquals(parse("overlay2.size=10G").defaultSize, 10 * 1024 ** 3);
  assertEquals(parse(" OVERLAY2.Size =\t1k ").defaultSize, 1024);
  for (const depth of [1, 400, 500]) {
    assertEquals(parse(`overlay2.max_depth=${depth}`).maxDepth, depth);
  }
  assertEquals(
    parse("overlay2.size=1", "overlay2.size=2").defaultSize,
    2,
  );
});

Deno.test("parseOptions() refuses options in Docker's words", () => {
  const cases: readonly [string, string][] = [
    ["", "unable to parse storage-opt key/value: "],
    ["foo", "unable to parse storage-opt key/value: foo"],
    ["foo=bar", "overlay2: unknown option foo"],
    ["FOO=bar", "overlay2: unknown option foo"],
    ["=bar", "overlay2: unknown option "],
    ["overlay2.size=a=b", "invalid size: 'a=b'"],
    ["overlay2.override_kernel_check=1", "overlay2.override_kernel_check"],
    ["overlay2.max_depth=", "max_depth"],
    ["overlay2.max_depth=1.5", "max_depth"],
    ["overlay2.sync=always", "none, layer, strict"],
    ["overlay2.sync=", "none, layer, strict"],
    ["overlay2.volatile=yes", "true, false"],
    ["overlay2.manifest=1", "true, false"],
    ["overlay2.exact=yes", "true, false"],
  ];
  for (const [option, part] of cases) {
    const error = assertThrows(
      () => parseOptions({ storageOpts: [option] }),
      DriverError,
    );
    assertEquals(error.code, "EINVAL", option);
    assertStringIncludes(error.message, part, option);
  }
});

Deno.test("parseLayerOptions() limits writable layers only, whatever the case of the key", () => {
  assertEquals(parseLayerOptions({}, true, 0), undefined);
  assertEquals(parseLayerOptions({}, false, 5), undefined);
  assertEquals(parseLayerOptions({}, true, 5), { bytes: 5, inodes: 0 });
  assertEquals(parseLayerOptions({ SIZE: "1k" }, true, 5), {
    bytes: 1024,
    inodes: 0,
  });
  assertEquals(parseLayerOptions({ size: "0" }, true, 5), {
    bytes: 0,
    inodes: 0,
  });
  assertEquals(parseLayerOptions({ inodes: "7" }, true, 0), {
    bytes: 0,
    inodes: 7,
  });
  for (const storageOpt of [{ size: "1k" }, { Size: "0" }, { inodes: "5" }]) {
    assertThrows(() => parseLayerOptions(storageOpt, false, 0), DriverError);
  }
  assertThrows(() => parseLayerOptions({ other: "1" }, true, 0), DriverError);
});
