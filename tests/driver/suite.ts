/**
 * Properties of a driver that hold in every configuration.
 *
 * @module
 */

import { Dir } from "../../src/linux/dir.ts";
import { DriverError, init } from "../../mod.ts";
import { settled } from "../../src/driver/init.ts";
import { assert, assertEquals } from "../assert.ts";
import {
  assertCode,
  bytesOf,
  fill,
  inLayer,
  inLayers,
  openDescriptors,
  streamOf,
  type TempDriver,
} from "../fixtures.ts";
import {
  archive,
  archiveNames,
  dir,
  file,
  link,
  symlink,
} from "../tar_builder.ts";
import { assertSameTree, changeLines, namesIn } from "../trees.ts";

/** What a property may know of its configuration. */
export interface Surroundings {
  /** Another owner that files may have here, as the host sees it. */
  readonly owner: { readonly uid: number; readonly gid: number };
  /** Owner of what is mapped to root, as the host sees it. */
  readonly root: { readonly uid: number; readonly gid: number };
  /** What `status` says of reading upper directories directly. */
  readonly native: boolean;
}

/** Something that a driver on an empty home does. */
export type Property = (
  temp: TempDriver,
  surroundings: Surroundings,
) => Promise<void>;

function write(path: string, text = ""): void {
  Deno.writeTextFileSync(path, text);
}

/** Gives what this process made to the mapped root. */
function give(path: string, { root }: Pick<Surroundings, "root">): void {
  using dir = Dir.open(path);
  for (const { name } of dir.names()) {
    const { type, uid } = dir.stat(name);
    if (uid !== root.uid && uid === Deno.uid()) {
      dir.chown(name, root.uid, root.gid);
    }
    if (type === "dir") give(`${path}/${name}`, { root });
  }
}

/** Makes "base" and "top", which changes it in every way. */
async function family(
  { driver }: TempDriver,
  surroundings: Surroundings,
): Promise<void> {
  const { owner } = surroundings;
  await fill(driver, "base", undefined, (root) => {
    for (const name of ["kept", "replaced", "opaque/inner"]) {
      Deno.mkdirSync(`${root}/${name}`, { recursive: true });
      write(`${root}/${name}/file`, name);
    }
    for (const name of ["changed", "deleted", "mode", "owned"]) {
      write(`${root}/${name}`, name);
    }
    Deno.symlinkSync("kept", `${root}/link`);
    give(root, surroundings);
  });
  await fill(driver, "top", "base", (root) => {
    write(`${root}/changed`, "changed by the child");
    Deno.removeSync(`${root}/deleted`);
    Deno.chmodSync(`${root}/mode`, 0o4755);
    Deno.chownSync(`${root}/owned`, owner.uid, owner.gid);
    Deno.removeSync(`${root}/replaced`, { recursive: true });
    write(`${root}/replaced`, "a file now");
    Deno.removeSync(`${root}/opaque`, { recursive: true });
    Deno.mkdirSync(`${root}/opaque`);
    write(`${root}/opaque/new`, "new");
    Deno.linkSync(`${root}/opaque/new`, `${root}/hard`);
    Deno.removeSync(`${root}/link`);
    Deno.symlinkSync("elsewhere", `${root}/link`);
    write(`${root}/kept/${"n".repeat(200)}`, "long");
    write(`${root}/kept/ünï`, "not ASCII");
    give(root, surroundings);
  });
}

/** What "top" changes; a new owner does where there is another one. */
function changesOf({ owner, root }: Surroundings): string[] {
  return CHANGES.filter((line) =>
    line !== "C /owned" || owner.uid !== root.uid
  );
}

const CHANGES = [
  "C /changed",
  "D /deleted",
  "A /hard",
  "C /kept",
  `A /kept/${"n".repeat(200)}`,
  "A /kept/ünï",
  "C /link",
  "C /mode",
  "C /opaque",
  "D /opaque/inner",
  "A /opaque/new",
  "C /owned",
  "C /replaced",
];

/** Properties by what they say of the driver. */
export const PROPERTIES: Readonly<Record<string, Property>> = {
  async "shows an empty layer as an empty directory of the mapped root"(
    { driver },
    { root },
  ) {
    await driver.create("base");
    await driver.create("child", "base");
    for (const id of ["base", "child"]) {
      await inLayer(driver, id, (path) => {
        const { uid, gid, mode } = Deno.statSync(path);
        assertEquals([uid, gid, mode! & 0o7777], [root.uid, root.gid, 0o755]);
        assertEquals(namesIn(path), []);
      });
    }
  },

  async "shows a parent's files in its child with modes and owners"(
    { driver },
    { owner },
  ) {
    await fill(driver, "base", undefined, (root) => {
      Deno.mkdirSync(`${root}/a subdir`);
      Deno.chownSync(`${root}/a subdir`, owner.uid, owner.gid);
      Deno.chmodSync(`${root}/a subdir`, 0o1705);
      write(`${root}/a file`, "content");
      Deno.chmodSync(`${root}/a file`, 0o4222);
    });
    await driver.createReadWrite("snap", "base");
    await inLayers(driver, "base", "snap", (base, snap) => {
      assertSameTree(snap, base);
      const { uid, gid, mode } = Deno.statSync(`${snap}/a subdir`);
      assertEquals(
        [uid, gid, mode! & 0o7777],
        [owner.uid, owner.gid, 0o1705],
      );
    });
  },

  async "keeps a child's changes out of its parent"(temp, surroundings) {
    await family(temp, surroundings);
    await inLayers(temp.driver, "base", "top", (base, top) => {
      assertEquals(Deno.readTextFileSync(`${base}/changed`), "changed");
      assertEquals(
        Deno.readTextFileSync(`${top}/changed`),
        "changed by the child",
      );
      assertEquals(namesIn(base).includes("replaced/file"), true);
    });
  },

  async "mounts a parent read-only"({ driver }) {
    await fill(driver, "base");
    await fill(driver, "middle", "base", (root) => write(`${root}/file`));
    await driver.create("top", "middle");
    await inLayer(driver, "middle", async (root) => {
      await assertCode(() => write(`${root}/file`, "x"), "EROFS");
    });
  },

  async "counts uses of a mount"({ driver, temp }) {
    await fill(driver, "base");
    await fill(driver, "top", "base");
    const { path } = await driver.get("top");
    await driver.get("top");
    await driver.put("top");
    assertEquals(temp.mounts, [path]);
    await driver.put("top");
    assertEquals(temp.mounts, []);
  },

  async "lists what a child changes"(temp, surroundings) {
    await family(temp, surroundings);
    assertEquals(
      changeLines(await temp.driver.changes("top")),
      changesOf(surroundings),
    );
  },

  async "lists what a child changes while it is mounted"(temp, surroundings) {
    await family(temp, surroundings);
    await inLayer(temp.driver, "top", async () => {
      assertEquals(
        changeLines(await temp.driver.changes("top")),
        changesOf(surroundings),
      );
    });
  },

  async "lists everything as added against nothing"(temp, surroundings) {
    await family(temp, surroundings);
    const changes = await temp.driver.changes("top", "");
    await inLayer(temp.driver, "top", (root) => {
      const names = namesIn(root).map((name) => name.replace(/\/$/, ""));
      assertEquals(
        changeLines(changes).toSorted(),
        names.map((name) => `A /${name}`).toSorted(),
      );
    });
  },

  async "makes a sibling the same by its diff"(temp, surroundings) {
    const { driver } = temp;
    await family(temp, surroundings);
    await driver.create("sibling", "base");
    await driver.applyDiff("sibling", "base", driver.diff("top"));
    await inLayers(driver, "top", "sibling", (top, sibling) => {
      assertSameTree(sibling, top, "", { dirTimes: false });
    });
    assertEquals(
      changeLines(await driver.changes("sibling")),
      changesOf(surroundings),
    );
  },

  async "makes a sibling of an older layer the same by a diff against that"(
    temp,
    surroundings,
  ) {
    const { driver } = temp;
    await family(temp, surroundings);
    await fill(driver, "next", "top", (root) => {
      write(`${root}/deleted`, "is back");
      Deno.removeSync(`${root}/hard`);
      give(root, surroundings);
    });
    await driver.create("sibling", "base");
    await driver.applyDiff("sibling", "base", driver.diff("next", "base"));
    await inLayers(driver, "next", "sibling", (next, sibling) => {
      assertSameTree(sibling, next, "", { dirTimes: false });
    });
  },

  async "hides lower files by whiteouts in an archive"(temp, surroundings) {
    const { driver } = temp;
    await family(temp, surroundings);
    await driver.create("applied", "base");
    const bytes = archive(
      file(".wh.changed"),
      file("mode", "stays"),
      file(".wh.mode"),
      file("opaque/own"),
      file("opaque/.wh..wh..opq"),
      file(".wh.replaced"),
      file("replaced/inner"),
      link("again", "mode"),
      symlink("dangling", "/nowhere"),
    );
    await driver.applyDiff("applied", "base", streamOf(bytes));
    await inLayer(driver, "applied", (root) => {
      const names = namesIn(root);
      assertEquals(names.filter((name) => /^(opaque|replaced)/.test(name)), [
        "opaque/",
        "opaque/own",
        "replaced/",
        "replaced/inner",
      ]);
      assertEquals(names.includes("changed"), false);
      assertEquals(Deno.readTextFileSync(`${root}/mode`), "stays");
      assertEquals(Deno.readTextFileSync(`${root}/again`), "stays");
    });
  },

  async "takes an archive that is broken back"(temp, surroundings) {
    const { driver, home } = temp;
    await family(temp, surroundings);
    await driver.create("applied", "base");
    const good = archive(dir("d"), file("d/f", "x".repeat(5000)));
    for (
      const bytes of [good.slice(0, 2000), archive(file("f"), file(".wh."))]
    ) {
      const task = () => driver.applyDiff("applied", "base", streamOf(bytes));
      await assertCode(task, "EBADMSG");
      assertEquals(namesIn(`${home}/applied/diff`), []);
    }
    await driver.applyDiff("applied", "base", streamOf(good));
    assertEquals(namesIn(`${home}/applied/diff`), ["d/", "d/f"]);
  },

  async "keeps an archive inside its layer"(temp, surroundings) {
    const { driver, temp: { path } } = temp;
    await family(temp, surroundings);
    await driver.create("applied", "base");
    write(`${path}/victim`, "untouched");
    for (
      const members of [
        [file("../../../victim", "pwned")],
        [symlink("x", path), file("x/victim", "pwned")],
        [link("x", `${path}/victim`), file("x", "pwned")],
      ]
    ) {
      await driver.applyDiff("applied", "base", streamOf(archive(...members)))
        .catch((error) => {
          assert(error instanceof DriverError, `${error}`);
          assertEquals(error.code, "EBADMSG");
        });
    }
    assertEquals(Deno.readTextFileSync(`${path}/victim`), "untouched");
  },

  async "gives archives whose owners are those inside the container"(
    { driver },
    { owner, root },
  ) {
    await fill(driver, "base");
    await fill(driver, "top", "base", (path) => {
      write(`${path}/file`);
      Deno.chownSync(`${path}/file`, owner.uid, owner.gid);
    });
    const bytes = await bytesOf(driver.diff("top"));
    assertEquals(archiveNames(bytes), ["file"]);
    const uid = parseInt(new TextDecoder().decode(bytes.subarray(108, 115)), 8);
    assertEquals(uid, owner.uid - root.uid);
  },

  async "refuses to remove what is in use"(temp, surroundings) {
    const { driver } = temp;
    await family(temp, surroundings);
    await assertCode(() => driver.remove("base"), "EBUSY");
    await driver.get("top");
    await assertCode(() => driver.remove("top"), "EBUSY");
    await driver.put("top");
    await driver.remove("top");
    await driver.remove("base");
    await settled(driver);
    assertEquals(namesIn(temp.home), ["l/"]);
  },

  async "reads through many layers"({ driver }) {
    let parent: string | undefined;
    for (let depth = 0; depth < 70; depth++) {
      const id = `${"layer".padEnd(60, "-")}${depth}`;
      await driver.createReadWrite(id, parent);
      write(`${driver.home}/${id}/diff/${depth}`, `${depth}`);
      parent = id;
    }
    await inLayer(driver, parent!, (root) => {
      assertEquals(namesIn(root).length, 70);
      assertEquals(Deno.readTextFileSync(`${root}/0`), "0");
    });
  },

  async "gives another driver on the same home the same layers"(
    temp,
    surroundings,
  ) {
    await family(temp, surroundings);
    await using other = await init(temp.home);
    await inLayers(other, "base", "top", (base, top) => {
      assert(namesIn(base).length > 5);
      assertEquals(Deno.readTextFileSync(`${top}/replaced`), "a file now");
    });
    assertEquals(
      await other.getMetadata("top"),
      await temp.driver.getMetadata("top"),
    );
  },

  // deno-lint-ignore require-await -- properties are asynchronous
  async "says how it reads upper directories"({ driver }, { native }) {
    const status = new Map(driver.status());
    assertEquals(status.get("Native Overlay Diff"), `${native}`);
    assertEquals(status.get("Supports d_type"), "true");
  },

  async "leaves no mount and no descriptor behind"(temp, surroundings) {
    const { driver } = temp;
    await family(temp, surroundings);
    const everything = async () => {
      await driver.changes("top");
      await driver.changes("top", "");
      await driver.diffSize("top");
      await driver.diffSize("top", "");
      await bytesOf(driver.diff("top"));
      await bytesOf(driver.diff("top", ""));
      const reader = driver.diff("top").getReader();
      await reader.read();
      await reader.cancel();
      await driver.create("applied", "base");
      await driver.applyDiff("applied", "base", driver.diff("top"));
      await driver.applyDiff("applied", "", driver.diff("top"));
      await assertCode(() => driver.changes("none"), "ENOENT");
      await assertCode(
        () =>
          driver.applyDiff(
            "applied",
            "base",
            streamOf(new Uint8Array(700).fill(1)),
          ),
        "EBADMSG",
      );
      await driver.remove("applied");
      await settled(driver);
    };
    // The runtime opens some descriptors once, for itself.
    await everything();
    const before = openDescriptors();
    await everything();
    assertEquals(openDescriptors(), before);
    assertEquals(temp.temp.mounts, []);
  },

  async "works with names that are not UTF-8"({ driver }, surroundings) {
    await fill(driver, "base");
    await fill(driver, "top", "base", (root) => {
      using dir = Dir.open(root);
      dir.mkdir("\udcff", 0o755);
      give(root, surroundings);
    });
    assertEquals(changeLines(await driver.changes("top")), ["A /\udcff"]);
    assertEquals(archiveNames(await bytesOf(driver.diff("top"))), ["\udcff/"]);
  },
};
