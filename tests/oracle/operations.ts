/**
 * Calls that Docker's driver answers and ours refuses, or refuses better.
 *
 * @module
 */

import type { DriverErrorCode } from "../../src/errors.ts";
import type { Ground } from "./fixtures.ts";
import type { Home } from "./pair.ts";
import type { Outcome } from "./side.ts";

/** The layers that an operation finds: `base`, and `top` over it. */
export interface Stand {
  /** Archives and homes. */
  readonly ground: Ground;
  /** The home it is tried in. */
  readonly home: Home;
  /** Id of a filled layer that has a child. */
  readonly base: string;
  /** Id of its child, empty. */
  readonly top: string;
}

/** A call whose outcome differs on purpose. */
export interface Operation {
  /** What is tried. */
  readonly name: string;
  /** Prepares the home. */
  prepare?(stand: Stand): Promise<unknown>;
  /** Tries it. */
  attempt(stand: Stand): Promise<Outcome<unknown>>;
  /** Undoes the preparation. */
  restore?(stand: Stand): Promise<unknown>;
  /** What Docker's driver does; "not asked" where that destroys the home. */
  readonly docker: "done" | "fails" | "not asked";
  /** The code with which ours refuses. */
  readonly ours: DriverErrorCode;
}

const NUL = String.fromCharCode(0);

/** Ids that are no names. Docker's driver resolves them as paths. */
const BAD_IDS = ["", ".", "..", "l", "a/b", "../x", "/", `a${NUL}b`];

const badIds: Operation[] = BAD_IDS.flatMap((id) => [
  {
    name: `create ${JSON.stringify(id)}`,
    attempt: ({ home }) => home.own.create(id),
    docker: "not asked",
    ours: "EINVAL",
  },
  {
    name: `remove ${JSON.stringify(id)}`,
    attempt: ({ home }) => home.own.remove(id),
    docker: "not asked",
    ours: "EINVAL",
  },
  {
    name: `get ${JSON.stringify(id)}`,
    attempt: ({ home }) => home.own.get(id),
    docker: "not asked",
    ours: "EINVAL",
  },
]);

const create: Operation[] = [
  {
    name: "create a layer whose id is longer than a name",
    attempt: ({ home }) => home.own.create("x".repeat(256)),
    docker: "fails",
    ours: "EINVAL",
  },
  {
    name: "create a layer that exists",
    attempt: ({ home, top, base }) => home.own.create(top, base),
    docker: "done",
    ours: "EEXIST",
  },
  {
    name: "create a writable layer that exists",
    attempt: ({ home, base }) => home.own.createReadWrite(base),
    docker: "done",
    ours: "EEXIST",
  },
  {
    name: "create over a parent that does not exist",
    attempt: ({ home, top }) => home.own.create(`${top}-new`, "no-such"),
    docker: "fails",
    ours: "ENOENT",
  },
];

const unknown = "no-such";

const unknownIds: Operation[] = [
  {
    name: "get an unknown layer",
    attempt: ({ home }) => home.own.get(unknown),
    docker: "fails",
    ours: "ENOENT",
  },
  {
    name: "put an unknown layer",
    attempt: ({ home }) => home.own.put(unknown),
    docker: "done",
    ours: "ENOENT",
  },
  {
    name: "remove an unknown layer",
    attempt: ({ home }) => home.own.remove(unknown),
    docker: "done",
    ours: "ENOENT",
  },
  {
    name: "metadata of an unknown layer",
    attempt: ({ home }) => home.own.metadata(unknown),
    docker: "fails",
    ours: "ENOENT",
  },
  {
    name: "diff of an unknown layer",
    attempt: ({ home }) => home.own.diff("no-such-diff", ""),
    docker: "done",
    ours: "ENOENT",
  },
  {
    name: "diff against an unknown parent",
    attempt: ({ home, top }) => home.own.diff(top, unknown),
    docker: "fails",
    ours: "ENOENT",
  },
  {
    name: "changes of an unknown layer",
    attempt: ({ home }) => home.own.changes(unknown, ""),
    docker: "fails",
    ours: "ENOENT",
  },
  {
    name: "size of an unknown layer",
    attempt: ({ home }) => home.own.diffSize(unknown, ""),
    docker: "fails",
    ours: "ENOENT",
  },
  {
    name: "apply into an unknown layer",
    attempt: ({ home, ground }) =>
      home.own.applyDiff("no-such-apply", "", ground.archive("base")),
    docker: "done",
    ours: "ENOENT",
  },
];

const busy: Operation[] = [
  {
    name: "apply into a layer that has children",
    attempt: ({ home, base, ground }) =>
      home.own.applyDiff(base, "", ground.archive("other")),
    docker: "done",
    ours: "EBUSY",
  },
  {
    name: "apply into a layer that is mounted",
    prepare: ({ home, top }) => home.own.get(top),
    attempt: ({ home, top, base, ground }) =>
      home.own.applyDiff(top, base, ground.archive("small")),
    restore: ({ home, top }) => home.own.put(top),
    docker: "done",
    ours: "EBUSY",
  },
  {
    name: "remove a layer that is mounted",
    prepare: ({ home, top }) => home.own.get(top),
    attempt: ({ home, top }) => home.own.remove(top),
    restore: ({ home, top }) => home.own.put(top),
    docker: "done",
    ours: "EBUSY",
  },
  {
    name: "remove a layer that has children",
    attempt: ({ home, base }) => home.own.remove(base),
    docker: "done",
    ours: "EBUSY",
  },
];

/** Replaces a file of a layer for the time of one attempt. */
function corrupt(
  file: "link" | "lower",
  text: string,
): Pick<Operation, "prepare" | "restore"> {
  let kept = "";
  return {
    prepare: async ({ home, top }) => {
      const path = `${home.path}/${top}/${file}`;
      kept = await Deno.readTextFile(path);
      await Deno.writeTextFile(path, text);
    },
    restore: async ({ home, top }) => {
      await home.own.put(top);
      await Deno.writeTextFile(`${home.path}/${top}/${file}`, kept);
    },
  };
}

const corrupted: Operation[] = [
  {
    name: "get a layer whose lower is empty",
    ...corrupt("lower", ""),
    attempt: ({ home, top }) => home.own.get(top),
    docker: "done",
    ours: "EUCLEAN",
  },
  {
    name: "get a layer whose lower leads elsewhere",
    ...corrupt("lower", "../../etc"),
    attempt: ({ home, top }) => home.own.get(top),
    docker: "fails",
    ours: "EUCLEAN",
  },
  {
    name: "create over a layer whose link is empty",
    ...corrupt("link", ""),
    attempt: ({ home, top }) => home.own.create(`${top}-child`, top),
    docker: "done",
    ours: "EUCLEAN",
  },
  {
    name: "create over a layer whose link has a slash",
    ...corrupt("link", "../x"),
    attempt: ({ home, top }) => home.own.create(`${top}-child2`, top),
    docker: "done",
    ours: "EUCLEAN",
  },
];

/** All of them; each finds new layers. */
export const OPERATIONS: readonly Operation[] = [
  ...badIds,
  ...create,
  ...unknownIds,
  ...busy,
  ...corrupted,
];
