"""Directories, roots, types that follow each other, devices, metadata."""

from archive import MTIME, Archive, base

A = Archive


def directories():
    yield "implied directories", [A().file("a/b/c/d").symlink("e/f", "x").end()]
    yield "implied directories over a private one", [
        base().end(), A().file("d/new").file("d/sub/new").end()]
    yield "implied directory before its entry", [
        A().file("a/x").dir("a", 0o700, uid=1, gid=2, mtime=5).end()]
    yield "directory time survives its content", [
        A().dir("a", mtime=77).file("a/x").dir("a/b", mtime=88).file("a/b/y")
        .link("a/z", "a/x").end()]
    yield "directory twice", [
        A().dir("a", 0o700, mtime=1).file("a/x").dir("a", 0o755, mtime=2).end()]
    yield "directory without a slash", [A().add("a", "5", mode=0o755).end()]
    yield "directory with a size", [
        A().header("a/", "5", mode=0o755, size=1024).file("b").end()]
    yield "read-only directories", [
        A().dir("a", 0o555).file("a/x", mode=0).dir("a/b", 0o000).file("a/b/y")
        .end()]
    yield "empty directories", [A().dir("a").dir("b").dir("b/c").end()]
    yield "file below a file", [A().file("a").file("a/b").end()]
    yield "file below a fifo", [A().fifo("a").file("a/b").end()]


def roots():
    for name in ("./", ".", "/", "", "a/.."):
        yield f"root entry {name!r}", [
            A().add(name, "5", mode=0o700, uid=7, gid=8, mtime=99,
                    pax=[("SCHILY.xattr.user.root", "1")])
            .file("./x").end()]
    yield "root entry that is a file", [A().file(".", "x").file("y").end()]
    yield "root entry that is a symlink", [A().symlink("./", "/etc").end()]
    yield "root entry after content", [
        A().file("x").add("./", "5", mode=0o711, mtime=98).end()]
    for name in ("/abs/x", "//abs//x", "./a/./b", "a//b", "a/../b", "../x",
                 "../../../x", "/../x", "a/../../x", "..x/..y", "a/b/../../c",
                 "...", "./-x", "a/./", "x/"):
        yield f"file named {name!r}", [A().file(name, "n").end()]
    yield "directory named '..'", [A().add("..", "5", mode=0o700).end()]
    yield "directory named '../..'", [A().dir("../..").file("ok").end()]


KINDS = {
    "file": lambda a, n: a.file(n, "file"),
    "dir": lambda a, n: a.dir(n, 0o711),
    "full": lambda a, n: a.dir(n).file(n + "/in").dir(n + "/sub"),
    "link": lambda a, n: a.symlink(n, "target-dir"),
    "dangling": lambda a, n: a.symlink(n, "no/where"),
    "fifo": lambda a, n: a.fifo(n),
    "char": lambda a, n: a.char(n, 1, 7),
    "block": lambda a, n: a.block(n, 7, 200),
    "hard": lambda a, n: a.link(n, "other"),
}


def lost(first, second):
    """Docker's driver fails: it sets the times of directories in the end."""
    return (first == "dir" and second == "dangling" or
            first == "full" and second not in ("dir", "full"))


def pairs():
    for first in KINDS:
        for second in KINDS:
            yield first, second, f"{first}-{second}"


def type_changes():
    one, below, above = (A().dir("target-dir").file("other") for _ in range(3))
    for first, second, name in pairs():
        if not lost(first, second):
            KINDS[second](KINDS[first](one, name), name)
        KINDS[first](below, name)
        KINDS[second](above, name)
    yield "every type after every type in one archive", [one.end()]
    yield "directory replaced by a dangling symlink", [
        A().dir("d").symlink("d", "nowhere").end()]
    yield "directory with a directory in it replaced by a file", [
        A().dir("d").dir("d/sub").file("d/x").file("d", "f").end()]
    yield "every type over every type below", [below.end(), above.end()]


def devices():
    yield "devices", [
        A().char("c", 12, 5).block("b", 7, 1).fifo("f", mode=0o620, uid=3, gid=4)
        .char("suid", 1, 3, mode=0o6666).char("big", 4095, 0xFFFFF)
        .block("wide", 255, 4096).end()]
    yield "character device 0:0", [
        base().end(), A().char("foo", 0, 0).char("new", 0, 0, mode=0).end()]
    yield "block device 0:0", [base().end(), A().block("foo", 0, 0).end()]
    yield "device with a large major number", [A().char("c", 1 << 20, 0).end()]
    yield "device with numbers beyond 32 bits", [
        A().char("c", 1 << 40, 1 << 40).end()]
    yield "device with a size", [
        A().header("c", "3", size=512, major=1, minor=3).file("x").end()]
    yield "fifo with a size", [A().header("f", "6", size=512).file("x").end()]


def modes():
    a = A()
    for mode in (0, 1, 0o777, 0o1777, 0o2755, 0o4755, 0o6711, 0o7777, 0o4000):
        a.file(f"f{mode:o}", mode=mode, uid=11, gid=12).dir(f"d{mode:o}", mode)
    yield "permission bits", [a.end()]
    yield "mode with type bits", [
        A().file("f", mode=0o100644).dir("d", 0o40755).file("odd", mode=0o170777)
        .end()]
    yield "mode beyond 16 bits", [A().file("f", mode=0o7777777).end()]
    yield "negative mode", [A().file("f", mode=-1).end()]


def owners():
    yield "owners", [
        A().file("a", uid=1, gid=2).file("b", uid=65535, gid=65534)
        .file("big", uid=3_000_000, gid=3_000_001)
        .symlink("s", "a", uid=3, gid=4).dir("d", uid=5, gid=6)
        .file("remapped", uid=100_000, gid=100_000).end()]
    yield "owners in PAX records", [
        A().file("a", pax=[("uid", "3000000"), ("gid", "42")])
        .file("b", pax=[("uname", "root"), ("gname", "wheel")]).end()]
    yield "owners by name only", [
        A().file("a", uname="daemon", gname="daemon").end()]
    for uid in (0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF, 1 << 32, -1, -2):
        yield f"owner {uid}", [A().file("a", uid=uid, gid=0).end()]
    yield "owner of a suid file", [A().file("a", mode=0o6755, uid=1, gid=1).end()]


def times():
    a = A()
    for text in ("1600000000.123456789", "1600000000.5", "0.000000001",
                 "1600000000.1234567891234", "-1", "-1.5", "-0.1", "0",
                 "9223372036", "9223372037", "99999999999", "4294967296.25"):
        a.file(f"t{text}", pax=[("mtime", text)])
        a.symlink(f"s{text}", "x", pax=[("mtime", text)])
        a.dir(f"d{text}", pax=[("mtime", text)])
    yield "times in PAX records", [a.end()]
    yield "times in the header", [
        A().file("zero", mtime=0).file("one", mtime=1).file("max", mtime=0o77777777777)
        .file("neg", mtime=-7).file("huge", mtime=1 << 62).end()]
    yield "access times", [
        A().file("later", pax=[("atime", "1700000000.5")])
        .file("earlier", pax=[("atime", "1500000000")])
        .dir("d", pax=[("atime", "1700000000.5"), ("ctime", "5")]).end()]
    for text in ("", "abc", "1.2.3", "1e9", ".5", "1.", "- 1", "+1"):
        yield f"time {text!r} in a PAX record", [
            A().file("t", pax=[("mtime", text)]).end()]
    yield "time of a whiteout's directory", [
        base().end(), A().dir("d", mtime=MTIME + 1).whiteout("d/one").end()]


def cases():
    for part in (directories, roots, type_changes, devices, modes, owners, times):
        yield from part()
