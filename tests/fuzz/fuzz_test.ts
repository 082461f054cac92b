/**
 * The fuzzer: the same for the same seed, and it finds what is wrong.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "../assert.ts";
import { WAYS } from "../driver/apply_ways.ts";
import { openAt } from "../../src/linux/file.ts";
import { Dir } from "../../src/linux/dir.ts";
import { setXattrAt } from "../../src/linux/xattr.ts";
import { encodeName } from "../../src/text.ts";
import { TarReader } from "../../src/tar/reader.ts";
import { DriverError } from "../../mod.ts";
import { archive, file, symlink } from "../tar_builder.ts";
import { bytesOfParts } from "./archives.ts";
import { type Apply, caseOf, play, type Setting } from "./case.ts";
import { parseOptions } from "./options.ts";
import { Violation } from "./oracles.ts";
import { run } from "./run.ts";
import { shrink } from "./shrink.ts";
import { World } from "./world.ts";

const OUTSIDE = "/outside";
const SETTING: Setting = {
  way: WAYS[0]!,
  chunk: 65536,
  filling: 1,
  limits: {},
  check: false,
};

Deno.test("Fuzzer makes the same cases for the same seed, and others for others", () => {
  const all = (seed: number) =>
    Array.from({ length: 200 }, (_, number) => {
      const { archive, ...setting } = caseOf(seed, number, "all");
      return [setting, bytesOfParts(archive(OUTSIDE))];
    });

  const first = all(7);

  assertEquals(all(7), first);
  assert(JSON.stringify(all(8)) !== JSON.stringify(first));
});

Deno.test("Fuzzer makes archives that are taken and refused by every way", async () => {
  for (const way of ["beside", "in-place", "mounted"] as const) {
    const codes: string[] = [];
    await using world = await World.make(3);
    for (let number = 0; number < 30; number++) {
      const test = caseOf(3, number, way);
      codes.push(await play(world, test, test.archive(world.outside)));
    }
    for (const code of ["", "EBADMSG"]) {
      const count = codes.filter((each) => each === code).length;
      assert(count > 5, `${way}: ${codes.join()}`);
    }
  }
});

Deno.test("Fuzzer plays one case, and tells how it went", async () => {
  const begun: number[] = [];

  const { passed, failed } = await run(parseOptions(["--seed=3", "--case=7"]), {
    begin: (number) => void begun.push(number),
    end: () => {},
    fail: () => {},
  });

  assertEquals([passed, failed, begun], [1, 0, [7]]);
});

/** Unpacks as a careless program does, but only below the test's directory. */
const CARELESS: Apply = (world, bytes) => {
  const top = `${world.home}/top/diff`;
  const room = world.home.slice(0, world.home.lastIndexOf("/"));
  const reader = new TarReader({
    entry({ name, type, linkname }) {
      try {
        const path = `${top}/${name}`;
        const parent = Deno.realPathSync(path.slice(0, path.lastIndexOf("/")));
        if (!parent.startsWith(room)) return;
        if (type === "5") Deno.mkdirSync(path);
        else if (type === "2") Deno.symlinkSync(linkname, path);
        else if (Deno.lstatSync(parent).isDirectory) {
          Deno.writeTextFileSync(path, "pwned", { createNew: true });
        }
      } catch {
        // It goes on with the next entry.
      }
    },
    data() {},
    hole() {},
    end() {},
  });
  reader.push(bytes);
  return Promise.resolve();
};

Deno.test("Fuzzer finds the escapes of a careless program by itself", async () => {
  let escapes = 0;
  for (let number = 0; number < 150 && escapes === 0; number++) {
    await using world = await World.make(0);
    const test = { ...caseOf(1, number, "beside") };
    try {
      await play(world, test, test.archive(world.outside), CARELESS);
    } catch (error) {
      if (!`${error}`.includes("Something outside changed")) continue;
      escapes++;
    }
  }
  assert(escapes > 0, "no escape was noticed");
});

/** Faults by what the oracle says of them. */
const FAULTS: Readonly<Record<string, Apply>> = {
  "Something outside changed": ({ outside }) =>
    Deno.writeTextFile(`${outside}/hello`, "pwned"),
  "outside changed:\n  - /home/sibling": ({ home }) =>
    Deno.chmod(`${home}/sibling/diff/secret`, 0o777),
  "/home/top/victim/dir": ({ home }) =>
    Deno.link(`${home}/top/victim/hello`, `${home}/top/victim/dir/third`),
  "/home/l": ({ home }) => Deno.symlink("nowhere", `${home}/l/NEW`),
  "/home/base/link": ({ home }) => Deno.writeTextFile(`${home}/base/link`, "X"),
  "Not empty": async ({ home }) => {
    await Deno.writeTextFile(`${home}/top/diff/left`, "left");
    throw new DriverError("EBADMSG", "half done");
  },
  "not a documented one": () => Promise.reject(new TypeError("a bug")),
  "Descriptors stayed open": ({ outside }) => {
    using dir = Dir.open(outside);
    openAt(dir, "hello", 0);
    return Promise.resolve();
  },
  "A secret of the host": ({ home, outside }) =>
    Deno.copyFile(`${outside}/hello`, `${home}/top/diff/stolen`),
  "own diff is refused": ({ home }) => Deno.mkdir(`${home}/top/diff/.wh.`),
  "makes another tree": ({ home }) => Deno.mkdir(`${home}/top/diff/.wh.a`),
};

for (const [said, apply] of Object.entries(FAULTS)) {
  Deno.test(`Fuzzer notices a fault: ${said.split("\n").at(-1)}`, async () => {
    await using world = await World.make(0);

    const error = await assertRejects(
      () => play(world, SETTING, [archive(file("x"))], apply),
      Violation,
    );

    assert(error.message.includes(said), error.message);
  });
}

Deno.test("Fuzzer notices that a limit is passed over", async () => {
  await using world = await World.make(0);
  const limited = { ...SETTING, limits: { maxBytes: 512 } };

  await assertRejects(
    () => play(world, limited, [archive(file("x"))], () => Promise.resolve()),
    Violation,
    "bytes were taken",
  );
});

Deno.test("Fuzzer notices what a check of the home finds", async () => {
  await using world = await World.make(0);
  const checked = { ...SETTING, way: WAYS[1]!, check: true };

  await assertRejects(
    () => play(world, checked, [archive(file("x"))], redirecting),
    Violation,
    "check() found faults",
  );
});

/** Says of a directory that its content is somewhere else, and nowhere. */
const redirecting: Apply = async ({ home }) => {
  await Deno.mkdir(`${home}/top/diff/redirected`);
  using dir = Dir.open(`${home}/top/diff`);
  const value = encodeName("/nowhere");
  setXattrAt(dir, "redirected", "trusted.overlay.redirect", value);
  throw new DriverError("EBADMSG", "half done");
};

Deno.test("shrink() keeps what it takes to fail", async () => {
  const parts = Array.from({ length: 13 }, (_, i) => i);
  const fails = (some: readonly number[]) =>
    Promise.resolve(some.includes(4) && some.includes(11));

  assertEquals(await shrink(parts, fails), [4, 11]);
});

Deno.test("parseOptions() of the fuzzer refuses what it does not know", () => {
  const options = parseOptions(["--seconds", "5", "--way=mounted", "--case=9"]);

  assertEquals([options.seconds, options.way, options.only], [5, "mounted", 9]);
  assert(Number.isInteger(options.seed));
  for (const words of [["--way=none"], ["--seed=x"], ["fast"], ["--sed=1"]]) {
    assert(refuses(words), words.join());
  }
});

function refuses(words: string[]): boolean {
  try {
    parseOptions(words);
    return false;
  } catch (error) {
    return error instanceof TypeError;
  }
}

Deno.test("World around a layer holds links that lead out of it", async () => {
  await using world = await World.make(0);
  const bytes = archive(symlink("x", world.outside), file("x/hello", "pwned"));

  for (const way of WAYS) {
    assertEquals(await play(world, { ...SETTING, way }, [bytes]), "");
  }
});
