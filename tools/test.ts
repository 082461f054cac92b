/**
 * `deno task test`: builds the portable file, runs all tests, those of the
 * command line also against that file, and looks for what they left behind.
 *
 * Words on the command line are passed on to the first `deno test`, such as
 * `--filter=NAME` or paths.
 *
 * @module
 */

import { compilePortable } from "./compile.ts";
import { denoTest } from "./deno_test.ts";
import { leftovers, remove, watch } from "./leftovers.ts";
import { complain, say } from "./say.ts";
import { FAILURE, formatTally, NOTHING, sum, type Tally } from "./tally.ts";

const PORTABLE = "dist/overlay2";
/** Variable that every process of the run inherits. */
const MARK = "OVERLAY2_TEST_RUN";

/** Says in one line what the tests need and do not have, if anything. */
export async function findObstacle(): Promise<string | undefined> {
  if (Deno.build.os !== "linux") return "Cannot test: this is not Linux";
  if (Deno.uid() !== 0) return "Cannot test: the tests mount, and need root";
  const dir = await Deno.makeTempDir({ prefix: "overlay2_probe_" });
  try {
    return await findMountObstacle(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function findMountObstacle(dir: string): Promise<string | undefined> {
  for (const name of ["lower", "upper", "work", "merged"]) {
    await Deno.mkdir(`${dir}/${name}`);
  }
  const data = "lowerdir=lower,upperdir=upper,workdir=work";
  const { success, stderr } = await new Deno.Command("mount", {
    args: ["-t", "overlay", "overlay", "-o", data, "merged"],
    cwd: dir,
  }).output();
  if (success) {
    await new Deno.Command("umount", { args: ["merged"], cwd: dir }).output();
    return undefined;
  }
  const why = new TextDecoder().decode(stderr).trim().split("\n")[0];
  return "Cannot test: no overlay can be mounted in the directory for " +
    `temporary files, which TMPDIR chooses (${why})`;
}

async function buildPortable(): Promise<Tally> {
  try {
    await compilePortable({ program: "cli.ts", output: PORTABLE });
    return NOTHING;
  } catch (error) {
    complain(`Cannot build ${PORTABLE}: ${error}`);
    return FAILURE;
  }
}

/**
 * Reports what the run left behind; each thing counts as a failure. Only what
 * is surely of this run is removed: in its directory, or a process of it.
 */
async function countLeftovers(
  run: ReturnType<typeof watch>,
  dir: string,
): Promise<Tally> {
  const left = leftovers(run);
  for (const leftover of left) {
    complain(`Left behind: ${leftover.text}`);
    const { kind, place = "" } = leftover;
    const own = kind === "process" || place.startsWith(`${dir}/`);
    if (own) await remove(leftover);
  }
  return { passed: 0, failed: left.length, skipped: 0 };
}

/** Directory of the modules that `deno` has cached, which the tests share. */
async function denoDir(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json"],
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}

async function main(args: string[]): Promise<number> {
  const obstacle = await findObstacle();
  if (obstacle !== undefined) {
    complain(obstacle);
    return 1;
  }
  const dir = await Deno.realPath(
    await Deno.makeTempDir({ prefix: "overlay2_test_" }),
  );
  const temp = `${dir}/tmp`;
  await Deno.mkdir(temp);
  const env = {
    TMPDIR: temp,
    XDG_CACHE_HOME: `${dir}/cache`,
    DENO_DIR: await denoDir(),
    [MARK]: dir,
  };
  // On a machine of its own, whatever is new was left by the tests.
  const scope = Deno.env.get("CI") === "true" ? "/" : dir;
  const run = watch(scope, temp, `${MARK}=${dir}`);

  const all = args.length > 0 ? args : ["mod.ts", "src", "tests"];
  const tally = sum([
    await buildPortable(),
    await denoTest(["--doc", ...all], env),
    args.length > 0 ? NOTHING : await denoTest(["tests/cli"], {
      ...env,
      OVERLAY2_BIN: await Deno.realPath(PORTABLE).catch(() => PORTABLE),
    }),
    await countLeftovers(run, dir),
  ]);
  await Deno.remove(dir, { recursive: true });
  say(formatTally(tally));
  return tally.failed === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
