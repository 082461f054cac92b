/**
 * `deno task compile [--portable] [-o FILE] [PROGRAM]`: builds the command as
 * one executable file, `dist/overlay2` from `cli.ts` by default.
 *
 * Plain, it runs `deno compile`, which downloads a second runtime (or takes the
 * one that `DENORT_BIN` names). With `--portable` it needs neither: the file
 * carries the `deno` that runs this script.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { withLateBuiltins } from "./late_builtins.ts";
import { withPackedModule } from "./packed_module.ts";
import { packPortable } from "./portable.ts";
import { complain, say } from "./say.ts";

/** What to build. */
export interface CompileOptions {
  /** Path of the program's main module. */
  readonly program: string;
  /** Path of the executable file to make. */
  readonly output: string;
}

const decoder = new TextDecoder();

/**
 * Bundles a program and the running `deno` into one executable file.
 *
 * @param options What to build.
 * @throws {Error} If `deno bundle` fails; the message is what it says.
 */
export async function compilePortable(options: CompileOptions): Promise<void> {
  const file = packPortable({
    version: await readVersion(),
    program: await bundle(options.program),
    deno: await Deno.readFile(Deno.execPath()),
  });
  await makeParent(options.output);
  const half = `${options.output}.tmp-${Deno.pid}`;
  await Deno.writeFile(half, file, { mode: 0o755 });
  await Deno.rename(half, options.output);
}

/** What only `serve containerd` loads, as that names it and where it is. */
const GRPC = {
  specifier: "../../grpc.ts",
  path: new URL("../src/grpc.ts", import.meta.url).pathname,
};

/**
 * Bundles a program and all it imports into one module, which loads modules of
 * the runtime, and gRPC, when it uses them.
 *
 * @param program Path of the main module.
 * @returns The bytes of a JavaScript module.
 * @throws {Error} If `deno bundle` fails; the message is what it says.
 */
export async function bundle(
  program: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const { specifier, path } = GRPC;
  let text = await bundleText(program, "--external", specifier);
  if (text.includes(`import("${specifier}")`)) {
    text = withPackedModule(text, specifier, await bundleText(path));
  }
  return new TextEncoder().encode(text);
}

async function bundleText(
  program: string,
  ...options: readonly string[]
): Promise<string> {
  const dir = await Deno.makeTempDir({ prefix: "overlay2_bundle_" });
  try {
    const file = `${dir}/bundle.js`;
    const given = ["--quiet", "--platform=deno", ...options, "-o", file];
    const { success, stderr } = await deno(["bundle", ...given, program]);
    if (!success) throw new Error(decoder.decode(stderr).trimEnd());
    return withLateBuiltins(await Deno.readTextFile(file));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/**
 * Builds a program with `deno compile`.
 *
 * @param options What to build.
 * @throws {Error} If that fails. When the runtime cannot be had, the message is
 * one line that names the two ways out.
 */
export async function compilePlain(options: CompileOptions): Promise<void> {
  await makeParent(options.output);
  // `deno compile` does not replace a file that it did not make.
  const half = `${options.output}.tmp-${Deno.pid}`;
  const args = ["compile", "-A", "-o", half, options.program];
  await makeParent(options.output);
  const { success, stderr } = await deno(args);
  if (success) return await Deno.rename(half, options.output);
  const text = decoder.decode(stderr).trimEnd();
  if (!/denort|base binary/i.test(text)) throw new Error(text);
  throw new Error(
    "Cannot get the runtime that `deno compile` embeds: set DENORT_BIN to " +
      `the path of a denort ${Deno.version.deno}, or run ` +
      "`deno task compile --portable`",
  );
}

function deno(args: string[]): Promise<Deno.CommandOutput> {
  return new Deno.Command(Deno.execPath(), {
    args,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
}

async function makeParent(file: string): Promise<void> {
  const slash = file.lastIndexOf("/");
  if (slash > 0) await Deno.mkdir(file.slice(0, slash), { recursive: true });
}

async function readVersion(): Promise<string> {
  const text = await Deno.readTextFile(
    new URL("../deno.json", import.meta.url),
  );
  const { version }: { version: string } = JSON.parse(text);
  return version;
}

async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    options: {
      portable: { type: "boolean" },
      output: { type: "string", short: "o" },
    },
    allowPositionals: true,
  });
  const options = {
    program: positionals[0] ?? "cli.ts",
    output: values.output ?? "dist/overlay2",
  };
  try {
    await (values.portable ? compilePortable : compilePlain)(options);
    const { size } = await Deno.stat(options.output);
    say(`${options.output} (${Math.round(size / 1e6)} MB)`);
    return 0;
  } catch (error) {
    complain(error instanceof Error ? error.message : `${error}`);
    return 1;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
