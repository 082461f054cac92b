"""Looks at directory trees and changes them, for the differential tests.

Reads one JSON array per line, [function, argument, …], and answers one JSON
value per line, {"error": text} if it failed. Independent of both drivers on
purpose: it shares no code with what it judges. Names that are not UTF-8 have
one lone surrogate U+DC80…U+DCFF per odd byte, as everywhere in the project.
"""

import hashlib
import json
import os
import stat
import sys

import mutations

KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "dir", stat.S_IFLNK: "symlink",
         stat.S_IFCHR: "char", stat.S_IFBLK: "block", stat.S_IFIFO: "fifo",
         stat.S_IFSOCK: "socket"}
# They hold inode handles, which differ from home to home.
OPAQUE_VALUES = ("trusted.overlay.origin", "trusted.overlay.uuid")


def listing(root, since):
    """Every path below root with all that can be seen of it, as text.

    Times from `since` (ns since 1970) on are shown as "now".
    """
    result, inodes = {}, {}
    here = os.open(".", os.O_RDONLY)
    try:
        os.chdir(root)
        result["."] = describe(".", ".", since, inodes)
        walk("", since, result, inodes)
    finally:
        os.fchdir(here)
        os.close(here)
    return result


def walk(prefix, since, result, inodes):
    fd = os.open(".", os.O_RDONLY)
    for name in sorted(os.listdir("."), key=os.fsencode):
        path = prefix + name
        result[path] = describe(name, path, since, inodes)
        if result[path].startswith("dir "):
            os.chdir(name)
            walk(path + "/", since, result, inodes)
            os.fchdir(fd)
    os.close(fd)


def describe(name, path, since, inodes):
    try:
        info = os.lstat(name)
    except OSError as error:
        return f"unreadable {error.strerror}"
    kind = KINDS[stat.S_IFMT(info.st_mode)]
    time = "now" if info.st_mtime_ns >= since else info.st_mtime_ns
    parts = [kind, f"{stat.S_IMODE(info.st_mode):04o}",
             f"{info.st_uid}:{info.st_gid}", f"mtime={time}"]
    if kind == "file":
        parts.append(f"size={info.st_size} {content(name)}")
    elif kind == "symlink":
        parts.append(f"-> {os.readlink(name)}")
    elif kind in ("char", "block"):
        parts.append(f"{os.major(info.st_rdev)},{os.minor(info.st_rdev)}")
    if kind != "dir" and info.st_nlink > 1:
        first = inodes.setdefault((info.st_dev, info.st_ino), path)
        if first != path:
            parts.append(f"same as {first}")
    return " ".join(parts + xattrs(name))


def content(name):
    digest = hashlib.sha256()
    with open(name, "rb") as source:
        while block := source.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()[:16]


def xattrs(name):
    result = []
    for key in sorted(os.listxattr(name, follow_symlinks=False)):
        if key in OPAQUE_VALUES:
            result.append(f"[{key}]")
            continue
        value = os.getxattr(name, key, follow_symlinks=False)
        text = value.hex() if len(value) <= 32 else hashlib.sha256(value).hexdigest()
        result.append(f"[{key}={text}]")
    return result


def home(root):
    """The layout of a home: what lies where, with modes, owners and texts.

    Short names are replaced by the id they lead to.
    """
    result = {".": brief(root), "l": brief(f"{root}/l")}
    short = {}
    for name in os.listdir(f"{root}/l"):
        target = os.readlink(f"{root}/l/{name}")
        owner = target.split("/")[1] if target.count("/") == 2 else target
        short[name] = owner
        form = "well formed" if well_formed(name) else "odd"
        result[f"l -> {owner}"] = f"{form} {target}"
    for name in sorted(os.listdir(root)):
        if name != "l":
            layer(root, name, short, result)
    return result


def well_formed(name):
    return len(name) == 26 and set(name) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")


def brief(path):
    info = os.lstat(path)
    return (f"{KINDS[stat.S_IFMT(info.st_mode)]} {stat.S_IMODE(info.st_mode):04o} "
            f"{info.st_uid}:{info.st_gid}")


def layer(root, name, short, result):
    where = f"{root}/{name}"
    result[name] = brief(where)
    if not os.path.isdir(where):
        return
    for part in sorted(os.listdir(where)):
        path = f"{where}/{part}"
        text = brief(path)
        if part == "link":
            text += " " + short.get(read(path), read(path))
        elif part == "lower":
            names = [entry.removeprefix("l/") for entry in read(path).split(":")]
            text += " " + ":".join(short.get(entry, entry) for entry in names)
        elif part == "committed":
            text += f" {os.path.getsize(path)} bytes"
        elif part in ("work", "merged"):
            text += " " + " ".join(sorted(os.listdir(path)))
        result[f"{name}/{part}"] = text


def read(path):
    with open(path, encoding="utf-8") as source:
        return source.read()


def mounts(root):
    """Overlay mounts below root: path, flags, and whether it has an upper."""
    result = {}
    with open("/proc/self/mountinfo", encoding="utf-8",
              errors="surrogateescape") as table:
        for line in table:
            fields = line.split()
            if not fields[4].startswith(root + "/"):
                continue
            dash = fields.index("-")
            form = "upper" if "upperdir=" in fields[dash + 3] else "no upper"
            result[fields[4][len(root) + 1:]] = f"{fields[dash + 1]} {fields[dash + 2]} {form}"
    return result


FUNCTIONS = {"listing": listing, "home": home, "mounts": mounts,
             "mutate": mutations.mutate, "mutations": mutations.names}


def main():
    for line in sys.stdin:
        function, *arguments = json.loads(line)
        try:
            answer = {"value": FUNCTIONS[function](*arguments)}
        except Exception as error:  # pylint: disable=broad-except
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


main()
