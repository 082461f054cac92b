/**
 * Every property of the suite in every configuration.
 *
 * @module
 */

import { contextOf } from "../../src/driver/driver.ts";
import type { IdRange } from "../../mod.ts";
import { assert, assertEquals } from "../assert.ts";
import {
  type TempDriver,
  tempDriver,
  type TempDriverOptions,
} from "../fixtures.ts";
import { PROPERTIES, type Surroundings } from "./suite.ts";

interface Configuration extends Partial<Surroundings> {
  readonly options: TempDriverOptions;
  /** Changes the driver before the property is tried. */
  readonly change?: (temp: TempDriver) => void;
}

const MAP: readonly IdRange[] = [
  { containerId: 0, hostId: 100_000, size: 65_536 },
];

const CONFIGURATIONS: Readonly<Record<string, Configuration>> = {
  "on disk": { options: { onDisk: true } },
  "in memory": { options: {} },
  "with id maps": {
    options: { uidMap: MAP, gidMap: MAP },
    root: { uid: 100_000, gid: 100_000 },
    owner: { uid: 101_000, gid: 100_005 },
  },
  "on a kernel whose upper directories must not be read": {
    options: {},
    native: false,
    change: ({ driver }) => {
      Object.defineProperty(contextOf(driver).support, "nativeDiffObstacle", {
        value: "redirect_dir is on",
      });
    },
  },
  "on a kernel that takes all lowers in one string": {
    options: {},
    change: ({ driver }) => {
      Object.defineProperty(contextOf(driver).support, "oneByOne", {
        value: false,
      });
    },
  },
  "below a very long path": {
    options: {
      homeName: Array.from({ length: 4 }, () => "long".repeat(25)).join("/"),
    },
  },
  "below a path with odd characters": {
    options: { homeName: "a:b,c d\\e=f/é:,/ho:me,\\" },
  },
};

for (const [where, configuration] of Object.entries(CONFIGURATIONS)) {
  const { options, change, ...known } = configuration;
  for (const [what, property] of Object.entries(PROPERTIES)) {
    Deno.test(`Driver ${where} ${what}`, async () => {
      await using temp = await tempDriver(options);
      change?.(temp);

      await property(temp, {
        owner: { uid: 1000, gid: 5 },
        root: { uid: 0, gid: 0 },
        native: true,
        ...known,
      });

      assertEquals(temp.temp.mounts, []);
    });
  }
}

Deno.test("The suite's long path does not fit a string of fsconfig(2)", async () => {
  await using temp = await tempDriver(
    CONFIGURATIONS["below a very long path"]!.options,
  );

  assert(temp.home.length > 300, `${temp.home.length}`);
});

/** Whether this machine lets root make a user namespace that mounts. */
async function hasUserNamespaces(): Promise<boolean> {
  const { success } = await new Deno.Command("unshare", {
    args: ["-Ur", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"],
    stderr: "null",
  }).output().catch(() => ({ success: false }));
  return success;
}

Deno.test({
  name: "Driver in a user namespace has every property of the suite",
  // Some kernels and containers forbid user namespaces.
  ignore: !await hasUserNamespaces(),
  fn: async () => {
    const program = new URL("./suite_main.ts", import.meta.url).pathname;
    const { stdout, stderr } = await new Deno.Command("unshare", {
      args: ["-Ur", "--mount", Deno.execPath(), "run", "-A", program],
    }).output();
    const text = new TextDecoder().decode(stdout);

    assertEquals(
      text.trim().split("\n"),
      Object.keys(PROPERTIES).map((what) => `ok ${what}`),
      new TextDecoder().decode(stderr),
    );
  },
});
