/**
 * What dockerd and a graph driver plugin say to each other, as values; pure.
 *
 * Source: docs/extend/plugins_graphdriver.md of Docker, and what dockerd 20.10
 * sends.
 *
 * @module
 */

import { DriverError } from "../../errors.ts";
import type { Change, DriverOptions, IdRange } from "../../types.ts";

/** Arguments of a call about a layer. */
export interface LayerCall {
  /** Id of the layer. */
  readonly id: string;
  /** Id of its parent; `""` for none. */
  readonly parent: string;
  /** SELinux label of a mount. */
  readonly label: string;
  /** Options of a new layer. */
  readonly storageOpt: Readonly<Record<string, string>>;
}

/** Where a plugin keeps its layers, and how. */
export interface Setup {
  /** Absolute path of the home. */
  readonly home: string;
  /** Options of the driver. */
  readonly options: DriverOptions;
}

type Json = Readonly<Record<string, unknown>>;

function malformed(what: string): DriverError {
  return new DriverError(
    "EINVAL",
    `Cannot understand the request: ${what}`,
  );
}

/**
 * Parses the body of a request; an empty one is an empty object. (dockerd sends
 * an empty body where it asks again after a connection broke.)
 *
 * @throws {DriverError} `EINVAL`.
 */
export function parseBody(text: string): Json {
  if (text.trim() === "") return {};
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {
    // Told below, as any other body that is none.
  }
  throw malformed("its body is no JSON object");
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(body: Json, key: string): string {
  const value = body[key] ?? "";
  if (typeof value === "string") return value;
  throw malformed(`${key} is no string`);
}

/**
 * Reads the arguments of a call about a layer.
 *
 * @throws {DriverError} `EINVAL`.
 */
export function layerCall(body: Json): LayerCall {
  if (Object.keys(body).length === 0) {
    throw malformed(
      "it has no body, as what dockerd sends again after its connection broke",
    );
  }
  const options = body.StorageOpt ?? {};
  if (!isObject(options)) throw malformed("StorageOpt is no object");
  const storageOpt: Record<string, string> = {};
  for (const key of Object.keys(options)) {
    storageOpt[key] = textOf(options, key);
  }
  return {
    id: textOf(body, "ID"),
    parent: textOf(body, "Parent"),
    label: textOf(body, "MountLabel"),
    storageOpt,
  };
}

/** Reads the arguments of `Init`. */
export function setupOf(body: Json): Setup {
  const home = textOf(body, "Home");
  if (!home.startsWith("/")) throw malformed("Home is no absolute path");
  return {
    home,
    options: {
      storageOpts: listOf(body, "Opts").map((option) => {
        if (typeof option === "string") return option;
        throw malformed("Opts holds something other than strings");
      }),
      uidMap: listOf(body, "UIDMaps").map(idRange),
      gidMap: listOf(body, "GIDMaps").map(idRange),
    },
  };
}

function listOf(body: Json, key: string): readonly unknown[] {
  const value = body[key] ?? [];
  if (Array.isArray(value)) return value;
  throw malformed(`${key} is no list`);
}

function idRange(value: unknown): IdRange {
  if (!isObject(value)) throw malformed("a map of ids is no object");
  return {
    containerId: numberOf(value, "container_id"),
    hostId: numberOf(value, "host_id"),
    size: numberOf(value, "size"),
  };
}

function numberOf(value: Json, key: string): number {
  const number = value[key];
  if (typeof number === "number" && Number.isSafeInteger(number)) return number;
  throw malformed(`${key} is no whole number`);
}

const KINDS = { C: 0, A: 1, D: 2 } as const;

/** A change as dockerd takes it. */
export function changeMessage(
  { path, kind }: Change,
): { Path: string; Kind: number } {
  return { Path: path, Kind: KINDS[kind] };
}

/**
 * Splits the address of a request: some builds of dockerd put the path of the
 * socket into it, so only its last part tells the call.
 *
 * @param url Address as the server got it.
 * @returns The call, such as `"GraphDriver.Get"`, and its parameters as they
 * were sent.
 */
export function parseAddress(
  url: string,
): { readonly call: string; readonly parameters: ReadonlyMap<string, string> } {
  const question = url.indexOf("?");
  const path = question < 0 ? url : url.slice(0, question);
  const query = question < 0 ? "" : url.slice(question + 1);
  const parameters = new Map<string, string>();
  for (const pair of query.split("&")) {
    const equals = pair.indexOf("=");
    if (equals >= 0) {
      parameters.set(pair.slice(0, equals), pair.slice(equals + 1));
    }
  }
  return { call: path.slice(path.lastIndexOf("/") + 1), parameters };
}

/** Undoes escapes of an address; a `%` that begins none stays what it is. */
export function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
