"""Extended attributes and capabilities."""

import struct

from archive import Archive, base

A = Archive


def x(*pairs):
    return [(b"SCHILY.xattr." + key.encode(), value) for key, value in pairs]


def capability(revision, extra=b""):
    return struct.pack("<IIIII", revision << 24 | 1, 0x400, 0, 0, 0) + extra


V2 = capability(2)
V3 = capability(3, struct.pack("<I", 100000))


def plain():
    yield "user xattrs", [
        A().file("f", pax=x(("user.a", b"1"), ("user.bin", bytes(range(256)))))
        .dir("d", pax=x(("user.d", b"dir"))).end()]
    yield "trusted and security xattrs", [
        A().file("f", pax=x(("trusted.t", b"1"), ("security.note", b"2"))).end()]
    yield "xattr with an empty value", [A().file("f", pax=x(("user.e", b""))).end()]
    yield "xattr with odd names", [
        A().file("f", pax=x(("user.sp ace", b"1"), ("user.ünï", b"2"),
                            ("user.\n", b"3"))).end()]
    yield "xattr whose value has a newline", [
        A().file("f", pax=x(("user.n", b"a\nb=c\n"))).end()]
    yield "user xattr on a symlink", [A().symlink("s", "x", pax=x(("user.a", b"1"))).end()]
    yield "trusted xattr on a symlink", [
        A().symlink("s", "x", pax=x(("trusted.a", b"1"))).end()]
    yield "user xattr on a fifo and a device", [
        A().fifo("p", pax=x(("user.a", b"1")))
        .char("c", 1, 3, pax=x(("user.a", b"1"))).end()]
    yield "xattr in an unknown namespace", [A().file("f", pax=x(("foo.bar", b"1"))).end()]
    yield "xattr without a name", [A().file("f", pax=x(("", b"1"))).end()]
    yield "xattr with a name of 300 bytes", [
        A().file("f", pax=x(("user." + "n" * 300, b"1"))).end()]
    yield "xattr of 2000 bytes", [A().file("f", pax=x(("user.v", b"v" * 2000))).end()]
    yield "xattr of 70000 bytes", [A().file("f", pax=x(("user.v", b"v" * 70000))).end()]
    yield "xattrs as libarchive writes them", [
        A().file("f", pax=[("LIBARCHIVE.xattr.user.l", "MQ=="),
                           ("SCHILY.xattr.user.s", "1")]).end()]
    yield "xattrs over a lower layer's", [
        A().file("f", pax=x(("user.a", b"1"))).end(),
        A().file("f", pax=x(("user.b", b"2"))).end()]
    yield "xattr on a read-only file", [
        A().file("f", mode=0o400, uid=3, pax=x(("user.a", b"1"))).end()]


def capabilities():
    yield "capability, revision 2", [
        A().file("f", mode=0o755, pax=x(("security.capability", V2))).end()]
    yield "capability, revision 3", [
        A().file("f", mode=0o755, pax=x(("security.capability", V3))).end()]
    yield "capability on an owned suid file", [
        A().file("f", mode=0o6755, uid=1, gid=2,
                 pax=x(("security.capability", V2))).end()]
    yield "capability with a long name and a hard link", [
        A().file("n" * 120, pax=x(("security.capability", V2)))
        .link("h", "n" * 120).end()]
    yield "capability that is malformed", [
        A().file("f", pax=x(("security.capability", b"\x01"))).end()]
    yield "capability added above", [
        A().file("f").end(), A().file("f", pax=x(("security.capability", V2))).end()]
    yield "capability on a directory", [
        A().dir("d", pax=x(("security.capability", V2))).end()]


def acl(*entries):
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *e) for e in entries)


def acls():
    none = 0xFFFFFFFF
    full = acl((1, 6, none), (2, 4, 1000), (4, 4, none), (16, 4, none), (32, 0, none))
    yield "access control list", [
        A().file("f", pax=x(("system.posix_acl_access", full))).end()]
    yield "default access control list", [
        A().dir("d", pax=x(("system.posix_acl_default", full))).file("d/f").end()]
    yield "malformed access control list", [
        A().file("f", pax=x(("system.posix_acl_access", b"junk"))).end()]


def overlay():
    for space in ("trusted", "user"):
        for key, value in (("opaque", b"y"), ("redirect", b"/x"), ("metacopy", b""),
                           ("whiteout", b"y"), ("origin", b"x")):
            name = f"{space}.overlay.{key}"
            yield f"xattr {name}", [
                base().end(), A().dir("d", pax=x((name, value or b"\0"))).end()]
    yield "xattr user.overlayx", [A().file("f", pax=x(("user.overlayx", b"1"))).end()]


def cases():
    for part in (plain, capabilities, acls, overlay):
        yield from part()
