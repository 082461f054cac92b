/**
 * Programs to compare with, built once for a run.
 *
 * @module
 */

import { buildLimit } from "./limit.ts";
import { buildPeer } from "./peer.ts";
import { hasProgram } from "./program.ts";
import { onSignal } from "./signals.ts";
import { note } from "./timing.ts";

const PORTABLE = new URL("../dist/overlay2", import.meta.url).pathname;

/** Paths of programs; those that cannot be had are left out. */
export interface Tools extends AsyncDisposable {
  /** Docker's driver. */
  readonly peer: string | undefined;
  /** The bare system calls. */
  readonly limit: string | undefined;
  /** The portable file that `deno task compile --portable` made. */
  readonly portable: string | undefined;
}

/** Builds what can be built, and says what cannot. */
export async function buildTools(): Promise<Tools> {
  const dir = await Deno.makeTempDir({ prefix: "overlay2_bench_" });
  const forget = onSignal(() => Deno.removeSync(dir, { recursive: true }));
  const portable = isFile(PORTABLE) ? PORTABLE : undefined;
  if (!portable) {
    note("No dist/overlay2 (deno task compile --portable): it is left out");
  }
  return {
    peer: await built("go", "Docker's driver", `${dir}/peer`, buildPeer),
    limit: await built("gcc", "C", `${dir}/limit`, buildLimit),
    portable,
    async [Symbol.asyncDispose]() {
      await Deno.remove(dir, { recursive: true });
      forget();
    },
  };
}

async function built(
  compiler: string,
  what: string,
  output: string,
  build: (output: string) => Promise<void>,
): Promise<string | undefined> {
  if (!hasProgram(compiler)) {
    note(`No ${compiler}: ${what} is left out`);
    return undefined;
  }
  try {
    await build(output);
    return output;
  } catch (error) {
    note(`${what} is left out: ${error instanceof Error ? error.message : ""}`);
    return undefined;
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
