"""Hard links, symlinks, and paths that lead through them."""

from archive import Archive, base

A = Archive


def hard_links():
    yield "hard links", [
        A().file("a", "1").link("b", "a").link("d/c", "a").link("e", "./a")
        .link("f", "d/../a").end()]
    yield "hard link with an absolute target", [A().file("a").link("b", "/a").end()]
    yield "hard link above the root", [A().file("a").link("b", "../a").end()]
    yield "hard link far above the root", [
        A().file("etc/hosts").link("b", "../../../etc/hosts").end()]
    yield "hard links to symlink, device and fifo", [
        A().symlink("s", "x").link("s2", "s").char("c", 1, 3).link("c2", "c")
        .fifo("p").link("p2", "p").symlink("dir", "/").link("dir2", "dir").end()]
    yield "hard link to a whiteout's device", [
        base().end(), A().whiteout("foo").link("x", "foo").end()]
    yield "hard link to a directory", [A().dir("d").link("b", "d").end()]
    yield "hard link to nothing", [A().link("b", "a").end()]
    yield "hard link to nothing after content", [
        A().file("x").dir("y").file("y/z").link("b", "a").end()]
    yield "hard link to itself", [A().file("a").link("a", "a").end()]
    yield "hard link without a target", [A().file("a").link("b", "").end()]
    yield "hard link that comes before its target", [
        A().link("b", "a").file("a").end()]
    yield "hard link that changes mode, owner and time", [
        A().file("a", mode=0o600, uid=1, gid=1, mtime=5)
        .link("b", "a", mode=0o4711, uid=2, gid=3, mtime=6).end()]
    yield "hard link with a size and no data", [
        A().file("a").header("b", "1", link="a", size=8).file("c").end()]
    yield "hard link with data", [
        A().file("a").add("b", "1", b"content\n", link="a").file("c").end()]
    yield "hard link with xattrs", [
        A().file("a").link("b", "a", pax=[("SCHILY.xattr.user.l", "1")]).end()]
    yield "hard link replaced by a file", [
        A().file("a", "one").link("b", "a").file("b", "two").end()]
    yield "file replaced by a hard link", [
        A().file("a", "one").file("b", "two").link("b", "a").end()]
    yield "hard link to a lower layer's file", [
        base().end(), A().link("new", "foo").end()]
    yield "hard link through a symlinked directory", [
        A().dir("d").file("d/a").symlink("l", "d").link("b", "l/a").end()]
    yield "hard link through an absolute symlink", [
        A().dir("d").file("d/a").symlink("l", "/d").link("b", "l/a").end()]
    yield "hard link target that needs cleaning", [
        A().file("a").link("b", ".//./a").end()]
    yield "many hard links", [_many().end()]


def _many():
    archive = A().file("first", "x" * 1000)
    for n in range(40):
        archive.link(f"l{n:02}", "first")
    return archive


def symlinks():
    yield "symlinks", [
        A().symlink("rel", "a/b").symlink("abs", "/etc/passwd")
        .symlink("up", "../../../etc").symlink("dot", ".").symlink("dots", "..")
        .symlink("root", "/").symlink("slash", "a/").symlink("self", "self")
        .symlink("long", "x/" * 200 + "y").symlink("hundred", "h" * 100)
        .symlink("utf", "grüß").symlink("raw", b"\xff\xfe").end()]
    yield "symlink with a target of 4095 bytes", [
        A().symlink("l", "t" * 4095).end()]
    yield "symlink with a target of 4096 bytes", [
        A().symlink("l", "t" * 4096).end()]
    yield "symlink without a target", [A().symlink("l", "").end()]
    yield "symlink with a size", [
        A().header("l", "2", mode=0o777, link="x", size=5).file("a").end()]
    yield "symlink with a mode, owner and time", [
        A().symlink("l", "x", mode=0o600, uid=4, gid=5, mtime=7).end()]
    yield "symlink twice", [A().symlink("l", "a").symlink("l", "b").end()]


def through():
    yield "path through a symlink", [
        A().dir("d").symlink("l", "d").file("l/x").dir("l/sub").end()]
    yield "path through an absolute symlink", [
        A().dir("d/e").symlink("l", "/d/e").file("l/x").symlink("l/s", "x").end()]
    yield "path through a symlink that leads above the root", [
        A().dir("d").symlink("l", "../../d").file("l/x").end()]
    yield "path through a symlink to the root", [
        A().symlink("l", "/").file("l/x").dir("d").symlink("d/up", "..")
        .file("d/up/y").end()]
    yield "path through a chain of symlinks", [
        A().dir("inner").symlink("inner/go_up", "..")
        .symlink("inner/go_up/escape", "../victim").file("escape/x").end()]
    yield "path through a dangling absolute symlink", [
        base().end(), A().symlink("s", "/etc").file("s/x").end()]
    yield "path through a dangling relative symlink", [
        A().symlink("s", "missing").file("s/x").end()]
    yield "path deep through a dangling symlink", [
        A().symlink("s", "missing").file("s/a/b/x").end()]
    yield "path through a symlink to a file", [
        A().file("f").symlink("s", "f").file("s/x").end()]
    yield "path through a symlink loop", [
        A().symlink("a", "b").symlink("b", "a").file("a/x").end()]
    yield "path through a lower layer's symlink", [
        base().end(), A().file("lnk/x").end()]
    yield "path through a lower layer's absolute symlink", [
        base().end(), A().file("abs/x").file("abs/sub/y").end()]
    yield "directory entry over a lower layer's symlink", [
        base().end(), A().dir("lnk").file("lnk/x").end()]
    yield "directory entry over a symlink", [
        A().dir("d").symlink("l", "d").dir("l").file("l/x").end()]
    yield "file entry over a symlink", [
        A().file("d").symlink("l", "d").file("l", "new").end()]
    yield "symlink to the host, then a file through it", [
        A().symlink("l", "/tmp").file("l/oracle-escape").end()]
    yield "hard link and file through an escaping symlink", [
        A().symlink("l", "../../..").file("l/x").link("l/y", "x").end()]
    yield "times of a directory reached through a symlink", [
        A().dir("d", mtime=5).symlink("l", "d").dir("l/sub", mtime=6)
        .file("l/sub/x").end()]
    yield "device through a symlink", [
        A().dir("d").symlink("l", "d").char("l/c", 1, 3).fifo("l/p").end()]


def cases():
    for part in (hard_links, symlinks, through):
        yield from part()
