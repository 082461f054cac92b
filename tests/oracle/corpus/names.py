"""Names: long, odd, not UTF-8, and in an order that matters."""

from archive import Archive

A = Archive


def long_name(archive, name, type="0", link=b"", kind="L"):
    """An entry whose name is in a GNU long-name header."""
    data = name + b"\0"
    archive.header("././@LongLink", kind, size=len(data)).body(data)
    return archive.header(name[:100], type, link=link[:100])


def lengths():
    for length in (99, 100, 101, 155, 156, 255):
        yield f"name of {length} bytes", [A().file("n" * length).end()]
        yield f"directory name of {length} bytes", [A().dir("n" * length).end()]
    yield "name of 256 bytes", [A().file("n" * 256).end()]
    for head, tail in ((60, 60), (155, 100), (155, 99), (156, 99), (100, 1),
                       (100, 100), (1, 100), (99, 1), (200, 200), (154, 101)):
        path = "h" * head + "/" + "t" * tail
        yield f"path of {head}/{tail} bytes", [
            A().file(path).dir("d" + path).end()]
    deep = "/".join(["deep"] * 60)
    yield "path of 60 directories", [A().file(deep + "/f").end()]
    yield "path of 4000 bytes", [A().file("/".join(["p" * 199] * 20)).end()]
    yield "path of 4200 bytes", [A().file("/".join(["p" * 199] * 21)).end()]
    yield "link target of 101 bytes", [
        A().file("t" * 101).link("l", "t" * 101).symlink("s", "u" * 101).end()]
    yield "name in the ustar prefix", [
        A().header("x", prefix="a/b").header("y", prefix="p" * 155).end()]


def odd():
    a = A()
    for name in (b" lead", b"trail ", b"new\nline", b"tab\t", b"\x01\x7f", b"q\"uote",
                 b"back\\slash", b"a:b,c", b"*?[", b"..gitme", b"...x", b".whx",
                 b"x.wh.y", b"%s%d", b"-rf", b"~", b"a=b"):
        a.file(name)
    yield "odd names", [a.end()]
    a = A()
    for name in ("ünï", "日本語", "🦕", "e\u0301", "\u00e9", "\ufffd", "\ufeffbom",
                 "\U0010ffff", "\uffff"):
        a.file(name).dir("d" + name)
    yield "unicode names", [a.end()]
    raw = (b"\xff", b"\xc3", b"a\x80b", b"\xed\xb2\x80", b"\xf5\x80\x80\x80",
           b"\xc0\xaf", b"ok\xe2\x82", b"\xed\xa0\x80")
    a = A()
    for name in raw:
        a.file(name).dir(b"d" + name).symlink(b"s" + name, name)
        a.link(b"h" + name, name)
    yield "names that are not UTF-8", [a.end()]
    a = A()
    for n, name in enumerate(raw):
        a.file(b"l" * 100 + b"%d" % n + name)
    yield "long names that are not UTF-8", [a.end()]
    yield "name with a NUL in a PAX record", [
        A().file("x", pax=[("path", b"a\0b")]).end()]
    yield "empty name", [A().file("").end()]


def gnu():
    a = long_name(A(), b"g" * 150)
    a = long_name(a, b"dir/" * 50 + b"f")
    a = long_name(a, b"\xff" * 120)
    yield "GNU long names", [a.end()]
    a = A().file("x" * 30)
    long_name(a, b"t" * 200, "2", b"t", "K").raw(b"")
    yield "GNU long link without a name", [a.end()]
    a = A()
    data = b"k" * 180 + b"\0"
    a.header("././@LongLink", "K", size=len(data)).body(data)
    long_name(a, b"n" * 180, "2", b"k" * 100)
    yield "GNU long name and long link", [a.end()]
    a = A()
    long = b"first" * 30 + b"\0"
    a.header("././@LongLink", "L", size=len(long)).body(long)
    yield "GNU long name twice", [long_name(a, b"second" * 25).end()]
    a = A().pax([("path", "pax-name")])
    yield "GNU long name after a PAX path", [long_name(a, b"g" * 120).end()]
    a = A()
    data = b"g" * 120 + b"\0"
    a.header("././@LongLink", "L", size=len(data)).body(data)
    yield "PAX path after a GNU long name", [
        a.file("short", pax=[("path", "pax-name")]).end()]


def order():
    a = A()
    for name in ("b", "a-b", "a.b", "a0", "Z", "é", "zz", "a!"):
        a.file(name)
    a.dir("a").file("a/x").file("a/-").dir("a/b").file("a/b/c").dir("a b")
    a.file(b"\xf0\x9f\xa6\x95").file(b"\xef\xbf\xbd").file(b"\xff")
    yield "names in an order that matters", [a.end()]
    a = A().file("zz", "1").dir("m").link("aa", "zz").link("m/x", "zz")
    yield "hard links in an order that matters", [a.end()]


def cases():
    for part in (lengths, odd, gnu, order):
        yield from part()
