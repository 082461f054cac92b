"""The archive itself: ends, truncations, extended headers, number forms."""

from archive import Archive, checksum, octal, pax_records

A = Archive


def ends():
    one = A().file("f", "x" * 700).dir("d")
    yield "empty stream", [b""]
    yield "one zero block", [bytes(512)]
    yield "two zero blocks", [bytes(1024)]
    yield "no end marker", [one.data]
    yield "one zero block at the end", [one.data + bytes(512)]
    yield "half a zero block at the end", [one.data + bytes(256)]
    yield "garbage after the end", [one.end() + b"garbage" * 300]
    yield "entries after the end", [one.end() + A().file("late").end()]
    yield "entries after one zero block", [
        one.data + bytes(512) + A().file("late").end()]
    yield "record padding", [one.data + bytes(10240)]
    yield "a megabyte of zeroes", [bytes(1 << 20)]
    for size in (1, 100, 511, 513, 1023, 1024 + 100):
        yield f"cut to {size} bytes", [one.data[:size]]
    yield "cut in the padding", [one.data[:512 + 700]]
    yield "cut before the padding ends", [one.data[:512 + 1000]]


def damage():
    good = A().file("a").end()
    yield "bad checksum", [good[:148] + b"0000000\0" + good[156:]]
    yield "bad checksum in the second header", [
        A().file("a").data + good[:148] + b"0000000\0" + good[156:]]
    yield "signed checksum", [signed_checksum(A().header("é").data) + bytes(1024)]
    yield "garbage", [b"not a tar archive at all. " * 100]
    yield "gzip", [b"\x1f\x8b\x08\0" + b"\0" * 600]
    yield "bad octal digits in the size", [
        A().header("a", fields=[(124, b"00000000999\0")]).end()]
    yield "bad octal digits in the mode", [
        A().header("a", fields=[(100, b"xyz4567\0")]).end()]
    yield "negative size", [
        A().header("a", fields=[(124, octal(-1, 12))]).end()]
    yield "huge size", [A().header("a", size=1 << 62).end()]
    yield "size beyond the end", [A().header("a", size=4096).raw(b"x" * 1000).data]


def signed_checksum(block):
    total = sum(b - 256 if b > 127 else b for b in block[:148] + block[156:])
    return block[:148] + b"%06o\0 " % (total + 256) + block[156:]


def numbers():
    def field(at, data):
        return A().header("a", fields=[(at, data)]).end()

    yield "mode with spaces", [field(100, b" 644 \0\0\0")]
    yield "mode without an end", [field(100, b"00000644")]
    yield "mode empty", [field(100, bytes(8))]
    yield "size with leading spaces", [
        A().header("a", fields=[(124, b"          7 ")]).body(b"1234567").end()]
    yield "size in base 256", [
        A().header("a", fields=[(124, b"\x80" + (7).to_bytes(11, "big"))])
        .body(b"1234567").end()]
    yield "owner in base 256", [field(108, b"\x80\0\0\0\0\x2d\xc6\xc0")]
    yield "time in base 256", [
        field(136, b"\x80" + (1_600_000_000).to_bytes(11, "big"))]
    yield "device numbers missing", [
        A().header("a", "3", fields=[(329, bytes(16))]).end()]


def magics():
    yield "v7 header", [A().header("a", "\0", magic=b"").header("d/", "\0", magic=b"")
                        .header("l", "2", link="a", magic=b"").end()]
    yield "GNU header", [A().header("a", magic=b"ustar  \0").end()]
    yield "GNU header with times in its prefix", [
        A().header("a", magic=b"ustar  \0",
                   fields=[(345, octal(1_700_000_000, 12))]).end()]
    yield "star header", [
        A().header("a", prefix="pre", fields=[
            (476, octal(5, 12)), (488, octal(6, 12)), (508, b"tar\0")]).end()]
    yield "ustar header with another version", [
        A().header("a", prefix="pre", magic=b"ustar\0  ").end()]
    yield "slash at the end of a NUL entry", [A().header("d/", "\0", mode=0o755).end()]
    yield "slash at the end of a file", [A().header("d/", "0", mode=0o755).end()]


def types():
    for type in "78AVMNSDIXZ@":
        yield f"type {type}", [A().file("before").add("t", type, b"data").end()]
    yield "type D with names", [A().add("t", "D", b"Yx\0\0").end()]
    yield "byte 200 as the type", [A().header("t", b"\xc8").end()]


def globals_():
    yield "global header", [
        A().pax([("comment", "hello"), ("path", "global-name"), ("mtime", "5")], "g")
        .file("a").end()]
    yield "global header alone", [A().pax([("comment", "x")], "g").end()]
    yield "global header between PAX and entry", [
        A().pax([("path", "renamed")]).pax([("comment", "x")], "g").file("a").end()]
    yield "global header with bad records", [
        A().header("g", "g", size=4).body(b"junk").file("a").end()]
    yield "global header named like a directory's file", [
        A().file("PaxHeaders").pax([("comment", "x")], "g").file("a").end()]


def pax():
    a = A()
    yield "PAX header without an entry", [A().pax([("path", "x")]).end()]
    yield "PAX header twice", [
        A().pax([("path", "one")]).pax([("mtime", "5")]).file("two").end()]
    yield "PAX size", [
        A().pax([("size", "7")]).header("a", size=0).body(b"1234567").file("b").end()]
    yield "PAX empty values", [
        A().pax([("path", ""), ("uid", ""), ("linkpath", "")]).file("a", uid=3).end()]
    yield "PAX same key twice", [
        A().file("a", pax=[("path", "one"), ("path", "two")]).end()]
    yield "PAX binary charset", [
        A().file("a", pax=[("hdrcharset", "BINARY"), ("path", b"\xff")]).end()]
    yield "PAX unknown keys", [
        A().file("a", pax=[("foo", "bar"), ("GNU.x", "1"), ("comment", "c")]).end()]
    yield "PAX path of a directory", [
        A().add("x", "5", mode=0o755, pax=[("path", "d/")])
        .add("y", "5", mode=0o755, pax=[("path", "e")]).end()]
    for key in ("uid", "gid", "size"):
        for value in ("abc", "-1", "1.5", "99999999999999999999"):
            yield f"PAX {key} {value}", [A().file("a", pax=[(key, value)]).end()]
    for bad in (b"junk", b"5 a=\n", b"6 a=b", b"99 a=b\n", b"-6 a=b\n", b"06 a=b\n",
                b"6  a=b\n", b"5 =b\n", b"4 ab\n", b"0 \n", b"6 a=b\nx"):
        yield f"PAX record {bad!r}", [
            a.header("x", "x", size=len(bad)).body(bad).file("a").end()]
        a = A()
    yield "PAX header cut short", [pax_cut()]
    yield "PAX header of 2 MiB", [
        A().pax([("comment", "x" * (2 << 20))]).file("a").end()]


def pax_cut():
    records = pax_records([("path", "p" * 600)])
    return A().header("x", "x", size=len(records)).raw(records[:512]).data


def contents():
    a = A()
    for size in (0, 1, 511, 512, 513, 4096, 32768, 65537, 300_000):
        a.file(f"f{size}", (b"0123456789abcdef" * (size // 16 + 1))[:size])
    yield "files of many sizes", [a.end()]
    a = A()
    for n in range(600):
        a.file(f"dir{n % 20:02}/file{n:03}", f"{n}\n" * (n % 7))
    yield "many small files", [a.end()]
    yield "same file twice, shorter", [
        A().file("a", "long content").file("a", "short").end()]
    assert checksum(bytes(512))


def cases():
    for part in (ends, damage, numbers, magics, types, globals_, pax, contents):
        yield from part()
