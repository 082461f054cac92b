/**
 * Every code of the driver's errors, as the program reports it.
 *
 * @module
 */

import { init } from "../../mod.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { execute, type Home, rootTest } from "./program.ts";
import { tarOf } from "./tar_bytes.ts";

/** Runs a command that has to fail with `code`, plain and as JSON. */
async function assertFails(
  home: Home,
  code: string,
  args: string[],
  stdin?: Uint8Array,
): Promise<void> {
  const before = home.listing();
  const plain = await home.run(args, { stdin });
  const json = await home.run(["--json", ...args], { stdin });

  const [command, id] = args;
  const what = args.join(" ");
  assertEquals([what, plain.status, plain.stdout], [what, 1, ""]);
  assertEquals([what, json.status, json.stdout], [what, 1, ""]);
  assertStringIncludes(plain.stderr, `overlay2: ${command} ${id}: Cannot `);
  assert(plain.stderr.endsWith(` (${code})\n`), plain.stderr);
  assertEquals(plain.stderr.split("\n").length, 2, plain.stderr);
  const { error, ...others } = JSON.parse(json.stderr);
  assertEquals(others, {});
  assertEquals([error.code, error.command, error.id], [code, command, id]);
  assertEquals(
    plain.stderr,
    `overlay2: ${command} ${id}: ${error.message} (${code})\n`,
  );
  assertEquals(home.listing(), before);
  assertEquals(home.mounts(), []);
}

const UNKNOWN = [
  ["get"],
  ["put"],
  ["metadata"],
  ["changes"],
  ["diff-size"],
  ["diff"],
  ["remove"],
] as const;

rootTest("a layer that is not there is ENOENT", async (home) => {
  await home.ok(["init"]);
  for (const [command] of UNKNOWN) {
    await assertFails(home, "ENOENT", [command, "nope"]);
  }
  await assertFails(home, "ENOENT", ["apply-diff", "nope"], tarOf());
  await assertFails(home, "ENOENT", ["create", "a", "nope"]);
  await assertFails(home, "ENOENT", ["create-rw", "a", "nope"]);
});

rootTest("a layer that is there is EEXIST", async (home) => {
  await home.ok(["create", "a"]);
  await assertFails(home, "EEXIST", ["create", "a"]);
  await assertFails(home, "EEXIST", ["create-rw", "a"]);
});

rootTest("an id that is none is EINVAL", async (home) => {
  await home.ok(["init"]);
  for (const id of ["", ".", "..", "l", "a/b", "x".repeat(256)]) {
    await assertFails(home, "EINVAL", ["create", id]);
    await assertFails(home, "EINVAL", ["get", id]);
  }
});

rootTest("a layer with children, or mounted, is EBUSY", async (home) => {
  await home.ok(["create", "base"]);
  await home.ok(["create-rw", "work", "base"]);
  await assertFails(home, "EBUSY", ["remove", "base"]);
  await assertFails(home, "EBUSY", ["apply-diff", "base"], tarOf());

  await home.ok(["get", "work"]);
  const removal = await home.run(["remove", "work"]);
  assertEquals(removal.status, 1);
  assertStringIncludes(removal.stderr, "(EBUSY)\n");
  assertEquals(home.mounts(), [`${home.path}/work/merged`]);
  await home.ok(["put", "work"]);
  await home.ok(["remove", "work"]);
});

rootTest("an archive that is broken or hostile is EBADMSG", async (home) => {
  await home.ok(["create", "a"]);
  const good = tarOf({ name: "f", content: "some text" });
  const bad = good.slice();
  bad[0]! ^= 1;
  const archives = [
    bad,
    good.subarray(0, 515),
    new TextEncoder().encode("this is not an archive ".repeat(100)),
    tarOf({ name: "f" }, { name: ".wh..", content: "" }),
    tarOf({ name: "f" }, { name: "d/.wh.", content: "" }),
  ];
  for (const archive of archives) {
    await assertFails(home, "EBADMSG", ["apply-diff", "a"], archive);
  }
});

rootTest("a chain that becomes too deep is EMLINK", async (home) => {
  {
    await using driver = await init(home.path);
    await driver.create("0");
    for (let i = 1; i <= 128; i++) await driver.create(`${i}`, `${i - 1}`);
  }
  await assertFails(home, "EMLINK", ["create", "129", "128"]);
});

rootTest("a layer whose files are damaged is EUCLEAN", async (home) => {
  await home.ok(["create", "base"]);
  await home.ok(["create-rw", "work", "base"]);

  await Deno.writeTextFile(`${home.path}/work/lower`, "");
  await assertFails(home, "EUCLEAN", ["get", "work"]);
  await Deno.writeTextFile(`${home.path}/base/link`, "a/b");
  await assertFails(home, "EUCLEAN", ["create", "other", "base"]);
});

rootTest("a size is granted by quotas, or ENOTSUP", async (home) => {
  await home.ok(["create", "base"]);
  const limited = ["create-rw", "a", "base", "--size", "1G"];
  const { status } = await home.run(limited);
  if (status === 0) {
    assertEquals((await home.run(["exists", "a"])).status, 0);
    return;
  }

  await assertFails(home, "ENOTSUP", limited);
  const all = await home.run(["--storage-opt", "overlay2.size=1G", "init"]);
  assertEquals(all.status, 1);
  assertStringIncludes(all.stderr, "overlay2: init: Cannot ");
  assertStringIncludes(all.stderr, "(ENOTSUP)\n");
});

rootTest("a size or an option that is none is EINVAL", async (home) => {
  await home.ok(["create", "base"]);
  await assertFails(home, "EINVAL", ["create-rw", "a", "--size", "lots"]);
  const unknown = await home.run(["--storage-opt", "overlay2.x=1", "init"]);
  assertEquals(unknown.status, 1);
  assertStringIncludes(unknown.stderr, "(EINVAL)\n");
});

rootTest("a process without rights gets EPERM, on one line", async (home) => {
  await home.ok(["create", "base"]);
  await home.ok(["create-rw", "work", "base"]);
  const drop = ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-all"];

  for (const command of [["init"], ["get", "work"]]) {
    const { status, stdout, stderr } = await execute(
      [...drop, ...home.words(...command)],
    );
    assertEquals([status, stdout], [1, ""]);
    assertEquals(stderr.split("\n").length, 2, stderr);
    assertStringIncludes(stderr, `overlay2: ${command.join(" ")}: Cannot `);
    assertStringIncludes(stderr, "(EPERM)\n");
  }
}, "setpriv");

rootTest("a home that cannot be is an error on one line", async (home) => {
  await Deno.writeTextFile(`${home.room}/file`, "");
  for (const path of [`${home.room}/file`, "/proc/nope/home"]) {
    const { status, stderr } = await home.run(["--home", path, "init"]);
    assertEquals(status, 1);
    assert(/^overlay2: init: Cannot [^\n]* \([A-Z]+\)\n$/.test(stderr), stderr);
  }
});

rootTest("OVERLAY2_TRACE shows where an error arose", async (home) => {
  const env = { OVERLAY2_TRACE: "1" };
  const { stderr } = await home.run(["get", "nope"], { env });

  const [first, second, third] = stderr.split("\n");
  assertStringIncludes(first!, "overlay2: get nope: Cannot ");
  assertStringIncludes(second!, "DriverError: ");
  assertStringIncludes(third!, "    at ");
});

rootTest("a home that cannot be used is not left behind", async (home) => {
  const { status, stderr } = await home.run(["init"], {
    env: { _DOCKERD_ROOTLESS_SELINUX: "1" },
  });

  assertEquals(status, 1, stderr);
  assertEquals([...Deno.readDirSync(home.room)], []);
});

rootTest(
  "a kernel is tried out within the home, where cleanup finds what is left",
  async (home) => {
    const log = `${home.room}/trace`;
    await execute([
      ...["strace", "-f", "-qq", "-y", "-o", log, "-e", "trace=mkdirat"],
      ...home.words("init"),
    ]);

    const trials = Deno.readTextFileSync(log).split("\n")
      .filter((line) => /"\.tmp-probe-/.test(line));
    assert(trials.length > 0);
    for (const line of trials) assertStringIncludes(line, `<${home.path}>`);
  },
  "strace",
);
