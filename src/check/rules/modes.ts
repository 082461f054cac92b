/**
 * Modes and owners of what the driver makes.
 *
 * @module
 */

import type { FileStatus } from "../../linux/stat.ts";
import type { Owner } from "../../store/files.ts";
import {
  COMMITTED,
  LINK,
  LINKS,
  LOWER,
  quote,
  WORK,
} from "../../store/layout.ts";
import { printableName } from "../../text.ts";
import type { DirFacts, Expected } from "../facts.ts";
import type { Fault } from "../fault.ts";
import { containerRoot, ownerOfHome } from "../owners.ts";
import type { View } from "../view.ts";

/** Modes of layers that Docker made at one time or another. */
const LAYER_MODES = [0o710, 0o701, 0o700];
/** What some versions of Docker gave the files of the record. */
const OPEN_MODE = 0o666;

/** Faults of modes and owners. */
export function* modeFaults(view: View, expected: Expected): Generator<Fault> {
  if (!view.isHome) return;
  const { facts } = view;
  const owner = ownerOfHome(view);
  const root = expected.root ?? containerRoot(view);
  const home = { uid: owner.uid, gid: root.gid };
  yield* compare("home", "", facts.self, 0o710, [home]);
  if (facts.links?.type === "dir") {
    yield* compare("links", LINKS, facts.links, 0o700, [owner]);
  }
  for (const layer of view.layers.values()) {
    yield* layerFaults(layer, owner, root);
  }
}

function* layerFaults(
  layer: DirFacts,
  owner: Owner,
  root: Owner,
): Generator<Fault> {
  const { name: id, self, link, lower, committed, work } = layer;
  const home = { uid: owner.uid, gid: root.gid };
  const mode = LAYER_MODES.includes(self.mode) ? self.mode : 0o710;
  // Before 20.10.3 Docker gave layers to the containers' root.
  const owners = mode === 0o710 ? [home, root] : [home, root, owner];
  yield* compare("layer", id, self, mode, owners, id);
  const files = [[LINK, link?.status], [LOWER, lower?.status]] as const;
  for (const [name, status] of files) {
    if (status?.type !== "file") continue;
    yield* compare(name, `${id}/${name}`, status, 0o644, [owner], id);
  }
  if (committed?.type === "file") {
    const path = `${id}/${COMMITTED}`;
    yield* compare(COMMITTED, path, committed, 0o600, [owner], id);
  }
  if (work?.type === "dir") {
    yield* compare(WORK, `${id}/${WORK}`, work, 0o700, [root], id);
  }
}

function* compare(
  what: string,
  path: string,
  status: FileStatus,
  mode: number,
  owners: readonly Owner[],
  id?: string,
): Generator<Fault> {
  const { type, uid, gid } = status;
  const right = owners.find((each) => each.uid === uid && each.gid === gid);
  const owner = right ?? owners[0]!;
  const where = path === "" ? "The home" : quote(path);
  const base = { path, ...id !== undefined && { id } };
  const action = { do: "attributes", path, type, mode, owner } as const;
  if (status.mode !== mode) {
    const harmless = status.mode === OPEN_MODE &&
      (what === LINK || what === LOWER);
    yield {
      ...base,
      name: `${what}-mode`,
      severity: harmless ? "note" : "warning",
      message: `${where} has mode ${octal(status.mode)} instead of ${
        octal(mode)
      }${
        harmless
          ? ", as some versions of Docker made it"
          : effect(status.mode, mode)
      }`,
      repair: { says: `set its mode to ${octal(mode)}`, action },
    };
  }
  if (right === undefined) {
    yield {
      ...base,
      name: `${what}-owner`,
      severity: "warning",
      message: `${where} belongs to ${uid}:${gid} instead of ${
        printableName(`${owner.uid}:${owner.gid}`)
      }, so others than root can reach it, or containers cannot`,
      repair: { says: `give it to ${owner.uid}:${owner.gid}`, action },
    };
  }
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}

function effect(mode: number, right: number): string {
  return (mode & ~right) === 0
    ? ", so those who need it may be kept out"
    : ", so others may reach what only root should";
}
