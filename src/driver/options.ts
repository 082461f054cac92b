/**
 * Options as dockerd passes them, `key=value`.
 *
 * @module
 */

import { DriverError } from "../errors.ts";
import { MOST_LOWERS } from "../overlay/data.ts";
import type { DriverOptions } from "../types.ts";

/** Lowers that Docker allows. */
const DOCKER_DEPTH = 128;

/** Limits of a writable layer; 0 means none. */
export interface SizeLimits {
  /** Bytes. */
  readonly bytes: number;
  /** Inodes. */
  readonly inodes: number;
}

/**
 * When data is forced to the disk: `"none"`, only the files that describe a
 * layer, as Docker does; `"layer"`, also what an apply wrote, before it shows;
 * `"strict"`, also every layer made or removed.
 */
export type Sync = "none" | "layer" | "strict";

const SYNCS: readonly Sync[] = ["none", "layer", "strict"];

/** Options after parsing. */
export interface Settings {
  /** Size in bytes that writable layers get unless they ask for another; 0 for none. */
  readonly defaultSize: number;
  /** Most lowers that a layer may have. */
  readonly maxDepth: number;
  /** When data is forced to the disk. */
  readonly sync: Sync;
  /** Whether writable mounts leave it to the kernel when data goes to the disk. */
  readonly volatile: boolean;
  /** Whether an apply records what it wrote. */
  readonly manifest: boolean;
  /** Whether an apply keeps the archive, so that a diff gives the same bytes. */
  readonly exact: boolean;
}

function invalid(message: string): DriverError {
  return new DriverError("EINVAL", message);
}

const UNITS = "kmgtp";

/**
 * Parses a size as Docker does: a decimal number and a unit of powers of 1024.
 *
 * @param text Text such as `"10G"`, `"1.5k"`, `"512 MiB"`.
 * @returns Bytes.
 * @throws {DriverError} `EINVAL`.
 */
export function parseSize(text: string): number {
  const end = /[0-9. ](?=[^0-9. ]*$)/.exec(text);
  if (end === null) {
    throw invalid(`Cannot read the size: invalid size: '${text}'`);
  }
  const number = text.slice(0, end.index + 1).replace(/ $/, "");
  const unit = text.slice(end.index + 1).toLowerCase();
  if (!/^\+?(\d+\.?\d*|\.\d+)$/.test(number)) {
    throw invalid(`Cannot read the size: invalid size: '${text}'`);
  }
  const bytes = Math.trunc(Number(number) * scaleOf(unit));
  if (Number.isSafeInteger(bytes)) return bytes;
  throw invalid(`Cannot read the size: invalid size: '${text}'`);
}

function scaleOf(unit: string): number {
  if (unit === "" || unit === "b") return 1;
  const power = UNITS.indexOf(unit[0]!);
  if (power < 0 || !/^.(i?b)?$/.test(unit)) {
    throw invalid(`Cannot read the size: invalid suffix: '${unit}'`);
  }
  return 1024 ** (power + 1);
}

function parseCount(text: string, key: string, most: number): number {
  const count = /^\d+$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= most) return count;
  throw invalid(
    `Cannot use option ${key}: "${text}" is not a number from 1 to ${most}`,
  );
}

/** Splits `key=value`; keys are not case-sensitive. */
function splitOption(option: string): [key: string, value: string] {
  const cut = option.indexOf("=");
  if (cut < 0) {
    throw invalid(
      `Cannot use storage option: unable to parse storage-opt key/value: ${option}`,
    );
  }
  return [
    option.slice(0, cut).trim().toLowerCase(),
    option.slice(cut + 1).trim(),
  ];
}

function parseChoice<T extends string>(
  text: string,
  key: string,
  choices: readonly T[],
): T {
  const choice = choices.find((word) => word === text);
  if (choice !== undefined) return choice;
  throw invalid(
    `Cannot use option ${key}: "${text}" is none of ${choices.join(", ")}`,
  );
}

function parseSwitch(text: string, key: string): boolean {
  return parseChoice(text, key, ["true", "false"]) === "true";
}

/** What each storage option sets; the last of several wins. */
const OPTIONS: Readonly<
  Record<string, (value: string, key: string) => Partial<Settings>>
> = {
  "overlay2.size": (value) => ({ defaultSize: parseSize(value) }),
  "overlay2.max_depth": (value, key) => ({
    maxDepth: parseCount(value, key, MOST_LOWERS),
  }),
  "overlay2.sync": (value, key) => ({ sync: parseChoice(value, key, SYNCS) }),
  "overlay2.volatile": (value, key) => ({ volatile: parseSwitch(value, key) }),
  "overlay2.manifest": (value, key) => ({ manifest: parseSwitch(value, key) }),
  "overlay2.exact": (value, key) => ({ exact: parseSwitch(value, key) }),
};

/** Keys of all storage options. */
export const OPTION_KEYS: readonly string[] = Object.keys(OPTIONS);

const DEFAULTS: Settings = {
  defaultSize: 0,
  maxDepth: DOCKER_DEPTH,
  sync: "layer",
  volatile: false,
  manifest: false,
  exact: false,
};

/**
 * Parses the options of a driver.
 *
 * @throws {DriverError} `EINVAL` for an unknown option or a bad value.
 */
export function parseOptions(options: DriverOptions): Settings {
  let settings = DEFAULTS;
  for (const option of options.storageOpts ?? []) {
    const [key, value] = splitOption(option);
    if (!Object.hasOwn(OPTIONS, key)) {
      throw invalid(
        `Cannot use storage option: overlay2: unknown option ${key}`,
      );
    }
    settings = { ...settings, ...OPTIONS[key]!(value, key) };
  }
  return settings;
}

/**
 * Parses the options of one layer.
 *
 * @param storageOpt Options by name, such as `{ size: "10G" }`.
 * @param writable Whether the layer is writable; others take no limits.
 * @param defaultSize Bytes if no size is given; 0 for none.
 * @returns The limits, also one of 0 that was asked for; `undefined` if there are none.
 * @throws {DriverError} `EINVAL`.
 */
export function parseLayerOptions(
  storageOpt: Readonly<Record<string, string>>,
  writable: boolean,
  defaultSize: number,
): SizeLimits | undefined {
  let bytes = writable ? defaultSize : 0;
  let inodes = 0;
  for (const [name, value] of Object.entries(storageOpt)) {
    const key = name.toLowerCase();
    if (key !== "size" && key !== "inodes") {
      throw invalid(`Cannot create the layer: Unknown option ${key}`);
    }
    if (!writable) {
      throw invalid(
        `Cannot create the layer: --storage-opt ${key} is only supported for ReadWrite Layers`,
      );
    }
    if (key === "size") bytes = parseSize(value);
    else inodes = parseCount(value, key, Number.MAX_SAFE_INTEGER);
  }
  const asked = Object.keys(storageOpt).length > 0;
  return asked || bytes > 0 ? { bytes, inodes } : undefined;
}
