/**
 * Archives that try to get out of the layer they are unpacked into.
 *
 * The directory that is unpacked into has a sibling `victim` with a file
 * `hello`, whatever its own name is.
 *
 * @module
 */

import { dir, file, link, type Member, node, symlink } from "../tar_builder.ts";

/** What must never come to light. */
export const SECRET = "a secret that is not for layers";

/** Attempts by name; `victim` is the absolute path of the victim. */
export function breakouts(victim: string): Record<string, Member[]> {
  return {
    ...byName(),
    ...byHardLink(victim),
    ...bySymlink("relative", "../victim"),
    ...bySymlink("absolute", victim),
    ...bySymlink("climbing", "../../../../../../../..".concat(victim)),
    ...byChain(),
    ...byLowerLink(),
    ...byReplacement(victim),
    ...byProc(),
  };
}

function byName(): Record<string, Member[]> {
  return {
    "name ../victim/dotdot": [file("../victim/dotdot", "pwned")],
    "name /../victim/slash-dotdot": [file("/../victim/slash-dotdot", "pwned")],
    "name a/../../victim/inner": [file("a/../../victim/inner", "pwned")],
    "name ../victim/hello": [file("../victim/hello", "pwned")],
    "name ..": [file("..", "pwned")],
    "directory ..": [dir("..", { mode: 0o700, uid: 7 })],
    "name ../pwned": [file("../pwned", "pwned")],
    "name ../../pwned": [file("../../pwned", "pwned")],
    "directory ../victim": [dir("../victim", { mode: 0, uid: 7 })],
    "symbolic link ../victim/link": [symlink("../victim/link", "hello")],
    "device ../victim/null": [node("../victim/null", "3", 1, 3)],
    "fifo ../victim/fifo": [node("../victim/fifo", "6")],
    "whiteout ../victim/.wh.hello": [file("../victim/.wh.hello")],
    "whiteout ../.wh.victim": [file("../.wh.victim")],
    "opaque marker ../victim": [file("../victim/.wh..wh..opq")],
    "opaque marker ..": [file("../.wh..wh..opq")],
  };
}

function byHardLink(victim: string): Record<string, Member[]> {
  const targets = ["../victim/hello", "/../victim/hello", `${victim}/hello`];
  const plain = targets.map((target) =>
    [`hard link to ${target}`, [link("stolen", target)]] as const
  );
  return {
    ...Object.fromEntries(plain.map(([name, members]) => [
      name.replace(victim, "the victim"),
      members,
    ])),
    "hard link that changes mode": [
      link("stolen", "../victim/hello", { mode: 0o777, uid: 7 }),
    ],
    "hard link to victim, file below": [
      link("loophole", "../victim"),
      file("loophole/file", "pwned"),
    ],
    "hard link to victim, symbolic link to what is below": [
      link("loophole", "../victim"),
      symlink("symlink", "loophole/hello"),
    ],
    "hard link to a hard link": [
      link("loophole", "../victim/hello"),
      link("hardlink", "loophole"),
    ],
    "hard link to victim, replaced": [
      link("loophole", "../victim"),
      file("loophole", "pwned"),
    ],
    "hard link beside a sibling with the same prefix": [
      link("pwned", "../diff-evil/secret"),
      link("pwned2", "../merged-evil/secret"),
    ],
    "hard link from outside": [file("in", "in"), link("../victim/out", "in")],
  };
}

function bySymlink(kind: string, target: string): Record<string, Member[]> {
  const loophole = symlink("loophole", target);
  const deep = target.startsWith("/") ? target : `../${target}`;
  return {
    [`${kind} symbolic link to a file`]: [symlink("stolen", `${target}/hello`)],
    [`${kind} symbolic link, file below`]: [
      loophole,
      file("loophole/file", "pwned"),
    ],
    [`${kind} symbolic link, existing file below`]: [
      loophole,
      file("loophole/hello", "pwned"),
    ],
    [`${kind} symbolic link, directories below`]: [
      dir("dir"),
      symlink("dir/loophole", deep),
      file("dir/loophole/newdir/newfile", "pwned"),
    ],
    [`${kind} symbolic link, hard link to what is below`]: [
      loophole,
      link("stolen", "loophole/hello", { mode: 0o777 }),
    ],
    [`${kind} symbolic link, hard link of it`]: [
      symlink("loophole", `${target}/hello`),
      link("stolen", "loophole", { mode: 0o777 }),
    ],
    [`${kind} symbolic link, written through`]: [
      symlink("loophole", `${target}/hello`),
      file("loophole", "pwned", { mode: 0o777 }),
    ],
    [`${kind} symbolic link, directory in its place`]: [
      loophole,
      dir("loophole", { mode: 0o777, uid: 7 }),
      file("loophole/file", "pwned"),
    ],
    [`${kind} symbolic link, symbolic link below`]: [
      loophole,
      symlink("loophole/link", "hello"),
    ],
    [`${kind} symbolic link, device and fifo below`]: [
      loophole,
      node("loophole/null", "3", 1, 3),
      node("loophole/fifo", "6"),
    ],
    [`${kind} symbolic link, whiteout below`]: [
      loophole,
      file("loophole/.wh.hello"),
    ],
    [`${kind} symbolic link, opaque marker below`]: [
      loophole,
      file("loophole/.wh..wh..opq"),
    ],
    [`${kind} symbolic link, attribute through it`]: [
      loophole,
      {
        ...dir("loophole"),
        xattrs: new Map([["user.pwned", new Uint8Array([1])]]),
      },
    ],
    [`${kind} symbolic link, whiteout in its place`]: [
      loophole,
      file(".wh.loophole"),
      file("loophole/file", "pwned"),
    ],
  };
}

function byChain(): Record<string, Member[]> {
  return {
    "chain of two links": [
      dir("inner"),
      symlink("inner/go_up", ".."),
      symlink("inner/go_up/escape", "../victim"),
      file("escape/file", "pwned"),
      file("inner/go_up/escape/hello", "pwned"),
    ],
    "chain of links upwards": [
      symlink("up", ".."),
      symlink("upper", "up/.."),
      file("upper/victim/file", "pwned"),
      file("up/victim/file", "pwned"),
    ],
    "relative escape before an absolute link": [
      symlink("escape", ".."),
      symlink("absolute", "/escape/victim"),
      file("absolute/file", "pwned"),
      file("escape/victim/file", "pwned"),
    ],
    "link to the root": [
      symlink("root", "/"),
      file("root/../victim/file", "pwned"),
      file("root/file", "fine"),
    ],
    "hard link to a dangling link whose target comes later": [
      symlink("dangling", "target"),
      link("hard", "dangling"),
      file("target", "fine"),
    ],
  };
}

/** The lower layer holds links out of the layer. */
function byLowerLink(): Record<string, Member[]> {
  const found: Record<string, Member[]> = {};
  for (const name of ["lower-relative", "lower-absolute"]) {
    found[`${name} link, file below`] = [file(`${name}/file`, "pwned")];
    found[`${name} link, existing file below`] = [
      file(`${name}/hello`, "pwned"),
    ];
    found[`${name} link, hard link to what is below`] = [
      link("stolen", `${name}/hello`),
    ];
    found[`${name} link, whiteout below`] = [file(`${name}/.wh.hello`)];
    found[`${name} link, opaque marker below`] = [
      file(`${name}/.wh..wh..opq`),
    ];
    found[`${name} link, directory in its place`] = [
      dir(name, { mode: 0o700, uid: 7 }),
    ];
  }
  return found;
}

function byReplacement(victim: string): Record<string, Member[]> {
  const times = { mtime: { seconds: 1, nanoseconds: 0 } };
  return {
    "directory replaced by a link, file below": [
      dir("d", times),
      file("d/one", "fine"),
      symlink("d", "../victim"),
      file("d/two", "pwned"),
    ],
    "directory replaced by a link, time set last": [
      dir("d", times),
      symlink("d", victim),
    ],
    "parent replaced by a link": [
      dir("a/b/c", times),
      file("a/b/c/one", "fine"),
      symlink("a/b", "../../victim"),
      file("a/b/c/two", "pwned"),
      file("a/b/hello", "pwned"),
    ],
    "parent hidden, then replaced by a link": [
      file("a/b/one", "fine"),
      file(".wh.a"),
      symlink("a", "../victim"),
      file("a/hello", "pwned"),
    ],
  };
}

function byProc(): Record<string, Member[]> {
  return {
    "link to /proc/self/root": [
      symlink("p", "/proc/self/root"),
      file("p/tmp/pwned-by-layer", "pwned"),
    ],
    "link to /proc/self/cwd": [
      symlink("p", "/proc/self/cwd"),
      file("p/pwned-by-layer", "pwned"),
    ],
  };
}
