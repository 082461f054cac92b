/**
 * Marks that the kernel itself makes.
 *
 * @module
 */

import { mountOverlay, unmount } from "../../src/linux/mount.ts";
import { encodeName } from "../../src/text.ts";
import { assertEquals } from "../assert.ts";
import { Family, lines } from "./fixture.ts";

/** Runs `task` on a layer mounted with features that leave marks. */
function mounted(
  family: Family,
  id: string,
  features: string,
  task: (root: string) => void,
): void {
  const lowers = family.read(`${id}/lower`).split(":")
    .map((lower) => `${family.home}/${lower}`).join(":");
  const root = `${family.home}/${id}/merged`;
  Deno.mkdirSync(root);
  const options = `${features},lowerdir=${lowers},upperdir=${
    family.path(`${id}/diff`)
  },workdir=${family.path(`${id}/work`)}\0`;
  mountOverlay(root, encodeName(options));
  try {
    task(root);
  } finally {
    unmount(root);
    Deno.removeSync(root);
  }
}

/** Changes of each kind that leaves a mark. */
function change(root: string, tag: string): void {
  const at = (name: string) => `${root}/${name}`;
  Deno.renameSync(at("dir-base"), at(`moved-${tag}`));
  Deno.mkdirSync(at("dir-base"));
  Deno.writeTextFileSync(at("dir-base/new"), "text");
  Deno.chmodSync(at("base"), 0o640);
  Deno.renameSync(at("base"), at(`base-${tag}`));
  Deno.renameSync(at(`base-${tag}`), at("base"));
  Deno.removeSync(at("dir-mid"), { recursive: true });
  Deno.mkdirSync(at("dir-mid"));
  Deno.removeSync(at("shared"));
  Deno.mkdirSync(at("shared"));
  Deno.mkdirSync(at(`deep-${tag}/er`), { recursive: true });
  Deno.removeSync(at("mid"));
  Deno.symlinkSync("base", at("mid"));
  Deno.linkSync(at("base"), at(`link-${tag}`));
}

for (
  const features of [
    "index=off",
    "redirect_dir=on",
    "metacopy=on,redirect_dir=on",
    "index=on,nfs_export=on,redirect_dir=on",
    "xino=on",
  ]
) {
  Deno.test(`Driver.check() finds nothing in what the kernel leaves with ${features}`, async () => {
    await using family = await Family.make();
    // Without redirects, a directory that others hold cannot be renamed.
    const rename = features.includes("redirect_dir");
    mounted(family, "leaf", features, (root) => {
      if (rename) change(root, "one");
      else {
        Deno.chmodSync(`${root}/base`, 0o640);
        Deno.removeSync(`${root}/dir-base`, { recursive: true });
        Deno.mkdirSync(`${root}/dir-base`);
        Deno.removeSync(`${root}/shared`);
        Deno.mkdirSync(`${root}/shared`);
      }
    });

    assertEquals(lines(await family.check()), []);
  });
}

Deno.test("Driver.check() follows redirects that lead through redirected directories", async () => {
  await using family = await Family.make();
  const features = "metacopy=on,redirect_dir=on";
  mounted(family, "leaf", features, (root) => change(root, "one"));
  await family.driver.createReadWrite("next", "leaf");
  mounted(family, "next", features, (root) => {
    Deno.renameSync(`${root}/moved-one`, `${root}/moved-two`);
    Deno.renameSync(`${root}/moved-two/kept`, `${root}/kept-two`);
    Deno.chmodSync(`${root}/kept-two`, 0o600);
    Deno.chmodSync(`${root}/base`, 0o600);
  });

  assertEquals(lines(await family.check()), []);

  family.remove("leaf/diff/moved-one");
  assertEquals(lines(await family.check()), [
    "error metacopy-gone next/diff/kept-two",
    "error redirect-gone next/diff/moved-two",
    "note whiteout-useless next/diff/moved-one",
  ]);
});
