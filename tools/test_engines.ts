/**
 * `deno task test:engines`: container engines at work on this driver.
 *
 * Words on the command line are passed on to `deno test`.
 *
 * @module
 */

import { denoTest } from "./deno_test.ts";
import { leftovers, remove, watch } from "./leftovers.ts";
import { complain, say } from "./say.ts";
import { findObstacle } from "./test.ts";
import { FAILURE, formatTally, sum } from "./tally.ts";

/** Programs by where Debian installs them, with their packages. */
const NEEDS: readonly (readonly [path: string, name: string])[] = [
  ["/usr/sbin/dockerd", "docker.io"],
  ["/usr/bin/docker", "docker.io"],
  ["/usr/bin/containerd", "containerd"],
  ["/usr/sbin/runc", "runc"],
  ["/bin/busybox", "busybox-static"],
  ["/usr/bin/containers-storage", "containers-storage"],
  ["/usr/bin/skopeo", "skopeo"],
  ["/usr/bin/umoci", "umoci"],
];

const SUITES = "tests/engines";
/** Variable that every process of the run inherits. */
const MARK = "OVERLAY2_TEST_RUN";

/** Says in one line which packages are missing, if any. */
export function missingPackages(
  isThere: (path: string) => boolean,
): string | undefined {
  const packages = NEEDS.filter(([path]) => !isThere(path))
    .map(([, name]) => name);
  if (packages.length === 0) return undefined;
  const names = [...new Set(packages)].join(" ");
  return `Cannot test engines: install ${names} (apt-get install --no-install-recommends)`;
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Files of tests: they have no name that `deno task test` would take. */
function suites(dir: string): string[] {
  return [...Deno.readDirSync(dir)].flatMap(({ name, isDirectory }) => {
    const path = `${dir}/${name}`;
    if (isDirectory) return suites(path);
    return name.endsWith("_suite.ts") ? [path] : [];
  }).sort();
}

async function main(args: string[]): Promise<number> {
  const obstacle = await findObstacle() ?? missingPackages(exists);
  if (obstacle !== undefined) {
    complain(obstacle);
    return 1;
  }
  // Sockets below it must stay within 107 bytes.
  const dir = await Deno.realPath(await Deno.makeTempDir({ prefix: "o2e" }));
  const temp = `${dir}/t`;
  await Deno.mkdir(temp);
  // A remapped root has to come through.
  for (const path of [dir, temp]) await Deno.chmod(path, 0o711);
  const run = watch(dir, temp, `${MARK}=${dir}`);
  const tests = await denoTest(
    args.length > 0 ? args : ["--parallel", ...suites(SUITES)],
    {
      TMPDIR: temp,
      PATH: `${Deno.env.get("PATH")}:/usr/sbin:/sbin`,
      [MARK]: dir,
    },
  );
  const left = leftovers(run);
  for (const leftover of left) {
    complain(`Left behind: ${leftover.text}`);
    await remove(leftover);
  }
  await Deno.remove(dir, { recursive: true });
  const tally = sum([tests, ...left.map(() => FAILURE)]);
  say(formatTally(tally));
  return tally.failed === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
