"""Whiteouts and opaque directories."""

from archive import Archive, as_bytes, base

A = Archive


def over_base(name, archive):
    return name, [base().end(), archive.end()]


def plain():
    yield over_base("whiteout of a file", A().whiteout("foo"))
    yield over_base("whiteout of a directory", A().whiteout("d"))
    yield over_base("whiteout of several names",
                    A().whiteout("foo").whiteout("bar").whiteout("s")
                    .whiteout("pipe").whiteout("tty").whiteout("hard1"))
    yield over_base("whiteout in a directory", A().dir("d", 0o700, uid=5, gid=6)
                    .whiteout("d/one"))
    yield over_base("whiteout in an implied directory", A().whiteout("d/one"))
    yield over_base("whiteout of nothing", A().dir("d").whiteout("d/gone"))
    yield over_base("whiteout of nothing in an unknown directory",
                    A().whiteout("new/gone"))
    yield over_base("whiteout with an owner and a time",
                    A().whiteout("foo", uid=7, gid=8, mtime=1_234_567))
    yield over_base("whiteout of a dotfile", A().whiteout(".hidden"))
    yield over_base("whiteout through a lower layer's symlink",
                    A().whiteout("lnk/f"))
    yield over_base("whiteout through a symlink of the same archive",
                    A().dir("t").symlink("u", "t").whiteout("u/f"))
    yield "whiteout in a base layer", [A().dir("d").whiteout("d/x").end()]
    yield over_base("whiteout of a name that looks like a whiteout",
                    A().add(".wh..wh.aufs").add("d/.wh..wh.orph"))
    yield over_base("name with a whiteout in its middle",
                    A().dir(".wh.d").file(".wh.d/x"))


def odd_entries():
    yield over_base("whiteout with content", A().file(".wh.foo", "content"))
    yield over_base("whiteout that is a directory", A().dir(".wh.foo"))
    yield over_base("whiteout that is a symlink", A().symlink(".wh.foo", "bar"))
    yield over_base("whiteout that is a hard link",
                    A().file("z").link(".wh.foo", "z"))
    yield over_base("whiteout that is a device", A().char(".wh.foo", 1, 3))
    yield over_base("whiteout with xattrs", A().add(
        ".wh.foo", pax=[("SCHILY.xattr.user.x", "1")]))
    yield over_base("whiteout that is opaque and a directory",
                    A().dir("d").dir("d/.wh..wh..opq"))
    for name in (".wh.", ".wh..", ".wh..."):
        yield over_base(f"degenerate {name}", A().add(name))
        yield over_base(f"degenerate q/{name}", A().dir("q").add(f"q/{name}"))
        yield over_base(f"degenerate q/r/{name}", A().add(f"q/r/{name}"))


def together():
    yield over_base("file then its whiteout", A().file("foo", "new").whiteout("foo"))
    yield over_base("whiteout then its file", A().whiteout("foo").file("foo", "new"))
    yield over_base("new file then its whiteout",
                    A().file("fresh", "new").whiteout("fresh"))
    yield over_base("whiteout twice", A().whiteout("foo").whiteout("foo"))
    yield over_base("whiteout then directory of that name",
                    A().whiteout("d").dir("d").file("d/new"))
    yield over_base("directory then whiteout of that name",
                    A().dir("d").file("d/new").whiteout("d"))
    yield over_base("whiteout then implied directory of that name",
                    A().whiteout("d").file("d/new"))
    yield over_base("file in a directory then whiteout of the directory",
                    A().file("d/new").whiteout("d"))
    yield over_base("whiteout then symlink of that name",
                    A().whiteout("d").symlink("d", "etc"))
    yield over_base("symlink then whiteout of that name",
                    A().symlink("d", "etc").whiteout("d"))
    yield over_base("whiteout then fifo of that name", A().whiteout("foo").fifo("foo"))
    yield over_base("whiteout then hard link of that name",
                    A().file("a").whiteout("foo").link("foo", "a"))
    yield over_base("whiteout then whiteout below it",
                    A().whiteout("d").whiteout("d/one"))
    yield over_base("whiteout twice with a file between",
                    A().whiteout("foo").file("foo", "new").whiteout("foo"))


def opaque():
    yield over_base("opaque directory",
                    A().dir("d", 0o700).opaque("d").file("d/new"))
    yield over_base("opaque marker after the content",
                    A().dir("d", 0o700).file("d/new").opaque("d"))
    yield over_base("opaque marker before its directory",
                    A().opaque("d").dir("d", 0o750).file("d/new"))
    yield over_base("opaque marker alone", A().opaque("d"))
    yield over_base("opaque marker twice", A().dir("d").opaque("d").opaque("d"))
    yield over_base("opaque root", A().opaque("").file("new"))
    yield over_base("opaque root after content",
                    A().file("new").dir("d").file("d/new").opaque(""))
    yield over_base("opaque marker after an implied directory",
                    A().file("foo2/bar/file").opaque("foo2"))
    yield over_base("opaque marker in a file's place",
                    A().file("d").opaque("d"))
    yield over_base("whiteout below a file that replaces a directory",
                    A().file("d").whiteout("d/one"))
    yield over_base("opaque marker below a lower layer's symlink",
                    A().opaque("lnk"))
    yield over_base("opaque marker and whiteouts beside it",
                    A().dir("d").opaque("d").whiteout("d/one").file("d/x"))
    yield over_base("opaque directory replaced by a file",
                    A().dir("d").opaque("d").file("d"))
    yield over_base("opaque directory with suid bits",
                    A().dir("d", 0o7751, uid=9, gid=10).opaque("d"))
    yield over_base("nested opaque directories",
                    A().dir("d").opaque("d").dir("d/sub").opaque("d/sub")
                    .file("d/sub/x"))
    yield "opaque directory in a base layer", [
        A().dir("d").opaque("d").file("d/x").end()]


def aufs():
    yield over_base("AUFS link directory",
                    A().dir(".wh..wh.plnk").file(".wh..wh.plnk/1.2", "linked")
                    .link("a", ".wh..wh.plnk/1.2").link("b", ".wh..wh.plnk/1.2"))
    yield over_base("AUFS link to nothing", A().link("a", ".wh..wh.plnk/9.9"))
    yield over_base("AUFS orphan directory", A().dir(".wh..wh.orph"))


def chains():
    yield "deleted, then made again", [
        base().end(), A().whiteout("foo").whiteout("d").end(),
        A().file("foo", "again").dir("d").file("d/new").end()]
    yield "deleted twice in a row", [
        base().end(), A().whiteout("foo").end(), A().whiteout("foo").end()]
    yield "opaque in the middle", [
        base().end(), A().dir("d").opaque("d").file("d/mid").end(),
        A().dir("d", 0o711).file("d/top").whiteout("d/mid").end()]
    yield "directory to file and back", [
        base().end(), A().file("d").end(), A().dir("d").file("d/x").end()]


def cases():
    for part in (plain, odd_entries, together, opaque, aufs, chains):
        yield from part()
