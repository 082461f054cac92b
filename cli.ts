/**
 * The command `overlay2`: Docker's overlay2 storage driver at the prompt.
 *
 * Run it as root, with `deno run -A cli.ts --help`, or as the program that
 * `deno compile` makes of it.
 *
 * @module
 */

import { runProcess } from "./src/cli/process.ts";

if (import.meta.main) Deno.exit(await runProcess());
