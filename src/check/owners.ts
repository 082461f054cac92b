/**
 * Who the files of a home belong to, by what most of them say; pure.
 *
 * @module
 */

import type { Owner } from "../store/files.ts";
import type { View } from "./view.ts";

/** Who the driver runs as that wrote the home: root, or the user of a rootless one. */
export function ownerOfHome(view: View): Owner {
  const files = [...view.layers.values()].flatMap(({ link, lower }) =>
    [link, lower].flatMap((file) => file ? [file.status] : [])
  );
  return {
    uid: commonest(files.map(({ uid }) => uid)),
    gid: commonest(files.map(({ gid }) => gid)),
  };
}

/** Who root of the containers is, if nobody says so. */
export function containerRoot(view: View): Owner {
  const users: number[] = [];
  const groups = [view.facts.self.gid];
  for (const { self, work } of view.layers.values()) {
    groups.push(self.gid);
    if (work?.type !== "dir") continue;
    users.push(work.uid);
    groups.push(work.gid);
  }
  return { uid: commonest(users), gid: commonest(groups) };
}

/** The id that most have; 0 unless another has more. */
function commonest(ids: readonly number[]): number {
  const votes = new Map([[0, 0]]);
  for (const id of ids) votes.set(id, (votes.get(id) ?? 0) + 1);
  return [...votes].sort(([, a], [, b]) => b - a)[0]![0];
}
