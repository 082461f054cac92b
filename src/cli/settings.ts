/**
 * From the global options and the environment to the driver's options.
 *
 * @module
 */

import { decodeName, printableName } from "../text.ts";
import type { DriverOptions, IdRange } from "../types.ts";
import type { GlobalValues } from "./arguments.ts";
import { UsageError } from "./command.ts";

/** Where layers live unless the user says otherwise. */
const DEFAULT_HOME = "/var/lib/overlay2";

/** Largest number of an id range: ids have 32 bits. */
const MAX_ID = 0xffffffff;

/**
 * Tells the arguments of this process, with every byte that was typed.
 *
 * `Deno.args` has U+FFFD in place of bytes that are not UTF-8, by which a
 * directory of another name would be made; the kernel knows better.
 *
 * @returns The arguments, as names are held in this program.
 */
export function processArguments(): string[] {
  const args = Deno.args;
  if (!args.some((arg) => arg.includes("\ufffd"))) return args;
  const all = nulSeparated("/proc/self/cmdline");
  return all.slice(all.length - args.length);
}

/**
 * Tells the value of `$OVERLAY2_HOME`, with every byte that it has.
 *
 * @returns The value, if it is set and not empty.
 */
export function homeVariable(): string | undefined {
  try {
    return Deno.env.get("OVERLAY2_HOME") || undefined;
  } catch (error) {
    if (!(error instanceof Deno.errors.InvalidData)) throw error;
    const prefix = "OVERLAY2_HOME=";
    return nulSeparated("/proc/self/environ")
      .find((entry) => entry.startsWith(prefix))?.slice(prefix.length);
  }
}

function nulSeparated(path: string): string[] {
  const text = decodeName(Deno.readFileSync(path));
  return text.split("\0").slice(0, -1);
}

/**
 * Tells the driver's home directory.
 *
 * @param values The global options.
 * @param variable Value of `$OVERLAY2_HOME`, if set.
 * @returns An absolute path.
 * @throws {UsageError} if `--home` is empty.
 */
export function homeOf(
  values: GlobalValues,
  variable: string | undefined,
): string {
  const home = values.home ?? variable ?? DEFAULT_HOME;
  if (home === "") throw new UsageError("Option --home is empty");
  return home.startsWith("/") ? home : `${Deno.cwd()}/${home}`;
}

/**
 * Makes the driver's options.
 *
 * @param values The global options.
 * @returns What `init` takes.
 * @throws {UsageError} if an option is malformed.
 */
export function driverOptionsOf(values: GlobalValues): DriverOptions {
  const storageOpts = values["storage-opt"] ?? [];
  const bad = storageOpts.find((option) => !option.includes("="));
  if (bad !== undefined) {
    throw new UsageError(
      `Option --storage-opt takes K=V, not "${printableName(bad)}"`,
    );
  }
  const uidMap = parseMap("uid-map", values["uid-map"]);
  const gidMap = parseMap("gid-map", values["gid-map"]);
  return {
    ...storageOpts.length > 0 && { storageOpts },
    ...uidMap.length > 0 && { uidMap },
    ...gidMap.length > 0 && { gidMap },
  };
}

/**
 * Writes the driver's options as words of a command line again.
 *
 * @param options What {@linkcode driverOptionsOf} made.
 */
export function optionWords(options: DriverOptions): string[] {
  const { storageOpts = [], uidMap = [], gidMap = [] } = options;
  return [
    ...storageOpts.map((option) => `--storage-opt=${option}`),
    ...uidMap.map((range) => `--uid-map=${rangeWord(range)}`),
    ...gidMap.map((range) => `--gid-map=${rangeWord(range)}`),
  ];
}

function rangeWord({ containerId, hostId, size }: IdRange): string {
  return `${containerId}:${hostId}:${size}`;
}

function parseMap(option: string, texts: readonly string[] = []): IdRange[] {
  return texts.map((text) => parseRange(option, text));
}

function parseRange(option: string, text: string): IdRange {
  const match = /^(\d{1,10}):(\d{1,10}):(\d{1,10})$/.exec(text);
  const [containerId = -1, hostId = -1, size = -1] =
    match?.slice(1).map(Number) ?? [];
  const last = Math.max(containerId, hostId) + size - 1;
  if (match === null || size < 1 || last > MAX_ID) {
    throw new UsageError(
      `Option --${option} takes C:H:N, three numbers of 32 bits, not "${
        printableName(text)
      }"`,
    );
  }
  return { containerId, hostId, size };
}
