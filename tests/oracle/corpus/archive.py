"""Tar archives written byte by byte, so that a case can say anything.

Python's own tarfile refuses or repairs much of what a driver must cope with;
here every field can be given, the odd ones included.
"""

MTIME = 1_600_000_000


def octal(value, width):
    """A number field: octal digits, NUL; base-256 when it does not fit."""
    text = b"%0*o" % (width - 1, value) if value >= 0 else b"x" * width
    if len(text) < width:
        return text + b"\0"
    raw = (value & (1 << 8 * width) - 1).to_bytes(width, "big")
    return bytes([raw[0] | 0x80]) + raw[1:]


def as_bytes(text):
    return text if isinstance(text, bytes) else text.encode()


def checksum(block):
    total = sum(block[:148]) + 8 * 32 + sum(block[156:])
    return block[:148] + b"%06o\0 " % total + block[156:]


def pax_records(records):
    out = b""
    for key, value in records:
        body = b" %s=%s\n" % (as_bytes(key), as_bytes(value))
        length = len(body)
        while length != len(body) + len(b"%d" % length):
            length = len(body) + len(b"%d" % length)
        out += b"%d" % length + body
    return out


class Archive:
    """An archive under construction; every method returns the archive."""

    def __init__(self):
        self.data = b""

    def raw(self, data):
        self.data += data
        return self

    def header(self, name, type="0", mode=0o644, uid=0, gid=0, size=0,
               mtime=MTIME, link="", major=0, minor=0, magic=b"ustar\x0000",
               prefix="", uname="", gname="", fields=()):
        """One header block; fields are (offset, bytes) to overwrite."""
        block = bytearray(512)
        for at, value in (
            (0, as_bytes(name)[:100]), (100, octal(mode, 8)),
            (108, octal(uid, 8)), (116, octal(gid, 8)),
            (124, octal(size, 12)), (136, octal(mtime, 12)),
            (156, as_bytes(type)), (157, as_bytes(link)[:100]), (257, magic),
            (265, as_bytes(uname)), (297, as_bytes(gname)),
            (329, octal(major, 8)), (337, octal(minor, 8)),
            (345, as_bytes(prefix)), *fields,
        ):
            block[at:at + len(value)] = value
        return self.raw(checksum(bytes(block)))

    def body(self, data):
        return self.raw(data + b"\0" * (-len(data) % 512))

    def pax(self, records, type="x"):
        data = pax_records(records)
        return self.header("PaxHeaders/x", type, size=len(data)).body(data)

    def add(self, name, type="0", data=b"", pax=(), **more):
        """A whole entry; PAX records are added for what does not fit."""
        records = list(pax)
        link = as_bytes(more.get("link", ""))
        if len(as_bytes(name)) > 100:
            records.append(("path", name))
        if len(link) > 100:
            records.append(("linkpath", link))
        if records:
            self.pax(records)
        more.setdefault("size", len(data))
        return self.header(name, type, **more).body(data)

    def dir(self, name, mode=0o755, **more):
        return self.add(name if as_bytes(name).endswith(b"/") else
                        as_bytes(name) + b"/", "5", mode=mode, **more)

    def file(self, name, data=b"content\n", **more):
        return self.add(name, "0", as_bytes(data), **more)

    def symlink(self, name, target, **more):
        more.setdefault("mode", 0o777)
        return self.add(name, "2", link=target, **more)

    def link(self, name, target, **more):
        return self.add(name, "1", link=target, **more)

    def fifo(self, name, **more):
        return self.add(name, "6", **more)

    def char(self, name, major, minor, **more):
        return self.add(name, "3", major=major, minor=minor, **more)

    def block(self, name, major, minor, **more):
        return self.add(name, "4", major=major, minor=minor, **more)

    def whiteout(self, name, **more):
        head, _, base = as_bytes(name).rpartition(b"/")
        path = (head + b"/" if head else b"") + b".wh." + base
        return self.add(path, "0", mode=0, **more)

    def opaque(self, directory, **more):
        path = as_bytes(directory) + b"/" if directory else b""
        return self.add(path + b".wh..wh..opq", "0", mode=0o644, **more)

    def end(self):
        """The bytes of the archive, with its end marker."""
        return self.data + bytes(1024)


def base():
    """The layer that most two-layer cases stand on."""
    return (
        Archive().dir("d", 0o700, uid=5, gid=6).file("d/one").file("d/two")
        .dir("d/sub").file("d/sub/deep", "deep\n").dir("d/sub/empty")
        .file("foo", "foo\n").file("bar", "bar\n", mode=0o600)
        .dir("etc").file("etc/passwd", "root\n").dir("real").file("real/f")
        .symlink("lnk", "real").symlink("abs", "/real")
        .symlink("dangling", "nowhere").fifo("pipe").char("tty", 5, 0)
        .file("hard1", "linked\n").link("hard2", "hard1")
        .symlink("s", "foo").file("suid", "x", mode=0o4755).dir("full")
        .file("full/x").file("full/y").dir("q").dir("q/r").file("q/r/x")
    )
