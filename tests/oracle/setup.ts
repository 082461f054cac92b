/**
 * What the differential tests need, and where they keep it.
 *
 * Variables: `OVERLAY2_ORACLE_DIR` is the directory in which homes are made
 * (default: a file system in memory), `OVERLAY2_ORACLE_CACHE` keeps downloads,
 * `OVERLAY2_ORACLE_DEBOOTSTRAP=1` adds a Debian root file system, and
 * `OVERLAY2_ORACLE_SELF=1` puts Docker's driver on both sides, which tests the
 * tests.
 *
 * @module
 */

/** Whether Docker's driver plays both parts. */
export const SELF: boolean = Deno.env.get("OVERLAY2_ORACLE_SELF") === "1";

/** Directory that outlives the run, for downloads. */
export const CACHE: string = Deno.env.get("OVERLAY2_ORACLE_CACHE") ??
  `${Deno.env.get("HOME") ?? "/root"}/.cache/overlay2-oracle`;

/** Environment of every Python process: names are UTF-8, no files beside. */
export const PYTHON: Record<string, string> = {
  LC_ALL: "C.UTF-8",
  PYTHONDONTWRITEBYTECODE: "1",
};

/**
 * Registers a differential test, which is skipped, with the reason in its
 * name, where something it needs is missing.
 *
 * @param name The property.
 * @param fn The test.
 */
export function oracleTest(
  name: string,
  fn: (t: Deno.TestContext) => Promise<void>,
): void {
  const reason = missing();
  const suffix = reason === undefined ? "" : ` (skipped: ${reason})`;
  Deno.test({ name: name + suffix, ignore: reason !== undefined, fn });
}

function missing(): string | undefined {
  if (Deno.build.os !== "linux") return "it needs Linux";
  if (Deno.uid() !== 0) return "it needs root";
  for (const program of ["go", "python3"]) {
    if (!runs(program)) return `${program} is not installed`;
  }
}

function runs(program: string): boolean {
  const args = program === "go" ? ["version"] : ["--version"];
  try {
    const command = new Deno.Command(program, {
      args,
      stdout: "null",
      stderr: "null",
    });
    return command.outputSync().success;
  } catch {
    return false;
  }
}
