/**
 * The portable file: what it passes on, and what it does to the cache.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { type Echo, namesIn, tempPlace } from "./fixture.ts";
import { HEADER_SIZE } from "../../tools/portable.ts";

const ROOT_ONLY = { ignore: Deno.uid() !== 0 };

function cacheOf(dir: string): { cache: string; deno: string; main: string } {
  const cache = `${dir}/.cache/overlay2`;
  const find = (pattern: RegExp): string =>
    namesIn(cache).find((name) => pattern.test(name)) ?? "missing";
  return {
    cache,
    deno: `${cache}/${find(/^deno-[0-9a-f]{64}$/)}`,
    main: `${cache}/${find(/^overlay2-[0-9a-f]{64}\.js$/)}`,
  };
}

async function mounted(
  options: string,
  target: string,
): Promise<AsyncDisposable> {
  await Deno.mkdir(target);
  await command("mount", "-t", "tmpfs", "-o", options, "tmpfs", target);
  return { [Symbol.asyncDispose]: () => command("umount", "-l", target) };
}

async function command(name: string, ...args: string[]): Promise<void> {
  const { success } = await new Deno.Command(name, { args }).output();
  if (!success) throw new Error(`Cannot run ${name} ${args.join(" ")}`);
}

Deno.test("A portable file passes on arguments, input, directory, umask and status", async () => {
  await using place = await tempPlace();
  const args = ["--help", "", "a b", "--", "-A", "$HOME", "*", "ü\n"];

  const first = await place.start({
    args,
    input: "one\ntwo",
    env: { STATUS: "7" },
  });
  const second = await place.start({ args, input: "one\ntwo" });

  const echo: Echo = JSON.parse(first.stdout);
  assertEquals(first.stderr, "");
  assertEquals(first.code, 7);
  assertEquals(echo.args, args);
  assertEquals(echo.input, "one\ntwo");
  assertEquals(echo.cwd, place.dir);
  assertEquals(echo.umask, Deno.umask());
  assertEquals(second.code, 0);
  assertEquals(JSON.parse(second.stdout).umask, Deno.umask());
});

Deno.test("A portable file becomes the program, so that signals reach it", async () => {
  await using place = await tempPlace();
  await place.start();
  const child = place.spawn();
  const writer = child.stdin.getWriter();
  await writer.close();
  const { stdout } = await child.output();
  const waiting = place.spawn();

  waiting.kill("SIGTERM");
  const { signal } = await waiting.output();
  await waiting.stdin.abort();

  const echo: Echo = JSON.parse(new TextDecoder().decode(stdout));
  assertEquals(echo.pid, child.pid);
  assertEquals(signal, "SIGTERM");
});

Deno.test("A portable file unpacks once, into a private directory", async () => {
  await using place = await tempPlace();
  await place.start();
  const { cache, deno, main } = cacheOf(place.dir);
  const before = [Deno.statSync(deno), Deno.statSync(main)];

  await place.start();

  const after = [Deno.statSync(deno), Deno.statSync(main)];
  assertEquals(after.map((file) => file.ino), before.map((file) => file.ino));
  assertEquals(after.map((file) => file.mtime), before.map((f) => f.mtime));
  assertEquals(Deno.statSync(cache).mode! & 0o7777, 0o700);
  assertEquals(after.map((file) => file.mode! & 0o7777), [0o500, 0o400]);
  assertEquals(namesIn(cache).length, 3);
});

Deno.test("A portable file can be started many times at once from nothing", async () => {
  await using place = await tempPlace();

  const outcomes = await Promise.all(
    Array.from({ length: 4 }, (_, i) => place.start({ args: [`${i}`] })),
  );

  assertEquals(outcomes.map((outcome) => outcome.stderr), ["", "", "", ""]);
  assertEquals(
    outcomes.map(({ stdout }) => (JSON.parse(stdout) as Echo).args),
    [["0"], ["1"], ["2"], ["3"]],
  );
  const { cache } = cacheOf(place.dir);
  assertEquals(namesIn(cache).filter((name) => name.startsWith(".")), []);
});

Deno.test("A portable file repairs a cache that was cut short or opened up", async () => {
  await using place = await tempPlace();
  await place.start();
  const { cache, deno, main } = cacheOf(place.dir);
  const size = Deno.statSync(deno).size;

  await Deno.chmod(deno, 0o700);
  await Deno.truncate(deno, 4096);
  const cut = await place.start();
  await Deno.chmod(main, 0o666);
  await Deno.writeTextFile(main, "throw new Error('not the program')");
  await Deno.chmod(cache, 0o777);
  const opened = await place.start();

  assertEquals([cut.code, cut.stderr], [0, ""]);
  assertEquals([opened.code, opened.stderr], [0, ""]);
  assertEquals(Deno.statSync(deno).size, size);
  assertEquals(Deno.statSync(cache).mode! & 0o7777, 0o700);
});

Deno.test("A portable file that was killed while unpacking starts again, and leaves nothing", async () => {
  await using place = await tempPlace();
  const cache = `${place.dir}/.cache/overlay2`;
  await Deno.mkdir(cache, { recursive: true, mode: 0o700 });
  // What a kill leaves, since a half-unpacked file has no other name.
  await Deno.writeTextFile(`${cache}/.new.abcdefghij`, "half");
  const killed = place.spawn();
  while (namesIn(cache).length < 2) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  killed.kill("SIGKILL");
  await killed.output();
  await killed.stdin.abort();

  const { code, stderr } = await place.start();

  assertEquals([code, stderr], [0, ""]);
  assertEquals(namesIn(cache).filter((name) => name.startsWith(".")), []);
});

Deno.test("A portable file that is damaged says so, and leaves nothing", async () => {
  await using place = await tempPlace();
  const bytes = await Deno.readFile(place.program);
  bytes[HEADER_SIZE + 10]! ^= 1;
  await Deno.writeFile(place.program, bytes);

  const { code, stderr } = await place.start();

  assertEquals(code, 1);
  assertStringIncludes(stderr, `${place.program} is damaged`);
  assertEquals(stderr.trimEnd().split("\n").length, 1);
  assertEquals(namesIn(`${place.dir}/.cache/overlay2`), []);
});

Deno.test("A portable file that was cut short does not start, and leaves nothing", async () => {
  await using place = await tempPlace();
  await Deno.truncate(place.program, 20_000_000);

  const { code, stderr } = await place.start();

  assertEquals(code, 1);
  assertStringIncludes(stderr, "unexpected end of file");
  const { cache, deno } = cacheOf(place.dir);
  assertEquals(deno, `${cache}/missing`);
  assertEquals(namesIn(cache).filter((name) => name.startsWith(".")), []);
});

Deno.test(
  "A portable file says when the disk is full, and leaves nothing",
  ROOT_ONLY,
  async () => {
    await using place = await tempPlace();
    const disk = `${place.dir}/disk`;
    await using _ = await mounted("size=40m,mode=0700", disk);

    const { code, stderr } = await place.start({
      env: { HOME: disk, TMPDIR: disk },
    });

    assertEquals(code, 1);
    assertStringIncludes(
      stderr,
      `overlay2: Cannot unpack into ${disk}/.cache/overlay2: `,
    );
    assertStringIncludes(stderr, "No space left on device");
    assertEquals(namesIn(`${disk}/.cache/overlay2`).length, 1);
    assertEquals(
      namesIn(`${disk}/.cache/overlay2`).filter((name) => name.startsWith(".")),
      [],
    );
  },
);

Deno.test(
  "A portable file goes elsewhere when the cache may not hold programs",
  ROOT_ONLY,
  async () => {
    await using place = await tempPlace();
    const disk = `${place.dir}/disk`;
    await using _ = await mounted("noexec,mode=0700", disk);

    const { code, stderr } = await place.start({ env: { HOME: disk } });

    assertEquals([code, stderr], [0, ""]);
    assert(Deno.statSync(`${place.dir}/overlay2-0`).isDirectory);
  },
);

Deno.test("A portable file needs no HOME", async () => {
  await using place = await tempPlace();

  const { code, stderr } = await place.start({ env: { HOME: "" } });

  assertEquals([code, stderr], [0, ""]);
  const cache = `${place.dir}/overlay2-${Deno.uid()}`;
  assertEquals(Deno.statSync(cache).mode! & 0o7777, 0o700);
});

Deno.test(
  "A portable file takes no directory that another user controls",
  ROOT_ONLY,
  async () => {
    await using place = await tempPlace();
    const home = `${place.dir}/home`;
    const tmp = `${place.dir}/tmp`;
    await Deno.mkdir(`${home}/.cache/overlay2`, { recursive: true });
    await Deno.chown(home, 1234, 1234);
    await Deno.mkdir(tmp);
    await Deno.chmod(tmp, 0o1777);
    await Deno.mkdir(`${tmp}/target`);
    const start = (): ReturnType<typeof place.start> =>
      place.start({ env: { HOME: home, TMPDIR: tmp } });

    await Deno.mkdir(`${tmp}/overlay2-0`);
    await Deno.chown(`${tmp}/overlay2-0`, 1234, 1234);
    const foreign = await start();
    await Deno.remove(`${tmp}/overlay2-0`);
    await Deno.symlink(`${tmp}/target`, `${tmp}/overlay2-0`);
    const linked = await start();
    await Deno.remove(`${tmp}/overlay2-0`);
    await Deno.chmod(tmp, 0o777);
    const open = await start();
    await Deno.chmod(tmp, 0o1777);
    const sticky = await start();

    for (const refused of [foreign, linked, open]) {
      assertEquals(refused.code, 1);
      assertEquals(
        refused.stderr,
        `overlay2: Cannot unpack into ${tmp}/overlay2-0: ` +
          "another user could write there; set XDG_CACHE_HOME to a directory of yours\n",
      );
    }
    assertEquals([sticky.code, sticky.stderr], [0, ""]);
    assertEquals(namesIn(`${home}/.cache/overlay2`), []);
    assertEquals(namesIn(`${tmp}/target`), []);
  },
);

Deno.test("A portable file accepts a cache whose path has special characters", async () => {
  await using place = await tempPlace();
  const cache = `${place.dir}/a b%20#?'"$`;

  const { code, stderr } = await place.start({
    env: { XDG_CACHE_HOME: cache },
  });

  assertEquals([code, stderr], [0, ""]);
  assert(Deno.statSync(`${cache}/overlay2`).isDirectory);
});
