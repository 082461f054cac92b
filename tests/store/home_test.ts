import { openHome, openLinks } from "../../src/store/home.ts";
import { prepareHome } from "../../src/store/prepare.ts";
import { assertEquals, assertThrows } from "../assert.ts";
import { DriverError } from "../../src/errors.ts";

const GID = Deno.gid()!;

function inTemp(run: (dir: string) => void): void {
  const dir = Deno.makeTempDirSync({ prefix: "overlay2_home_" });
  try {
    run(dir);
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
}

function codeOf(run: () => unknown): string {
  return assertThrows(run, DriverError).code;
}

Deno.test("prepareHome() makes a home, and takes an empty directory or a fresh disk for one", () => {
  inTemp((dir) => {
    Deno.mkdirSync(`${dir}/empty`, { mode: 0o755 });
    Deno.mkdirSync(`${dir}/disk/lost+found`, { recursive: true });

    for (const name of ["new", "empty", "disk"]) {
      prepareHome(`${dir}/${name}`, GID);

      assertEquals(Deno.statSync(`${dir}/${name}`).mode! & 0o7777, 0o710);
      assertEquals(Deno.statSync(`${dir}/${name}/l`).mode! & 0o7777, 0o700);
    }
  });
});

Deno.test("prepareHome() leaves a directory of somebody else's as it is", () => {
  inTemp((dir) => {
    Deno.mkdirSync(`${dir}/alice`);
    Deno.chmodSync(dir, 0o1777);

    assertEquals(codeOf(() => prepareHome(dir, GID)), "EINVAL");

    assertEquals(Deno.statSync(dir).mode! & 0o7777, 0o1777);
    assertEquals([...Deno.readDirSync(dir)].map(({ name }) => name), ["alice"]);
  });
});

Deno.test("openHome() and openLinks() say what is no home", () => {
  inTemp((dir) => {
    assertEquals(codeOf(() => openHome(`${dir}/none`)), "ENOENT");
    using home = openHome(dir);
    assertEquals(codeOf(() => openLinks(home)), "ENOENT");
  });
});
