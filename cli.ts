/**
 * The command `overlay2`: Docker's overlay2 storage driver at the prompt.
 *
 * Run it as root, with `deno run -A cli.ts --help`, or as the program that
 * `deno compile` makes of it.
 *
 * @module
 */

import { runProcess } from "./src/cli/process.ts";

// In one file with all it imports, the program is also what its threads run.
if ("WorkerGlobalScope" in globalThis) {
  await import("./src/cli/decompress_thread.ts");
} else if (import.meta.main) Deno.exit(await runProcess());
