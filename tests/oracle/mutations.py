"""What programs do to a mounted layer, as named functions on its root.

All of them stand on the layer `base()` of corpus/archive.py. Times are set to
fixed values where the change is about something else.
"""

import os
import shutil
import socket
import struct

NS = 1_500_000_000_123_456_789
TABLE = {}


def mutation(function):
    TABLE[function.__name__.replace("_", " ")] = function
    return function


def names():
    return sorted(TABLE)


def mutate(name, root):
    here = os.open(".", os.O_RDONLY)
    try:
        os.chdir(root)
        TABLE[name]()
    finally:
        os.fchdir(here)
        os.close(here)


def write(path, data=b"changed\n"):
    with open(path, "wb") as out:
        out.write(data)
    os.utime(path, ns=(NS, NS))


@mutation
def nothing():
    pass


@mutation
def new_files():
    write("new")
    write("d/new")
    os.makedirs("x/y/z")
    write("x/y/z/f")


@mutation
def contents_replaced():
    write("foo")
    write("d/sub/deep", b"deep!\n")
    with open("bar", "ab") as out:
        out.write(b"more")
    os.truncate("etc/passwd", 0)


@mutation
def content_replaced_with_size_and_time_kept():
    info = os.stat("foo")
    with open("foo", "r+b") as out:
        out.write(b"FOO\n")
    os.utime("foo", ns=(info.st_atime_ns, info.st_mtime_ns))


@mutation
def modes_and_owners():
    os.chmod("foo", 0o4711)
    os.chmod("d/sub", 0o700)
    os.chown("bar", 77, 78)
    os.chown("q", 79, 80)
    os.lchown("s", 81, 82)
    os.chmod("pipe", 0o600)


@mutation
def mode_changed_and_back():
    os.chmod("foo", 0o600)
    os.chmod("foo", 0o644)


@mutation
def times_only():
    os.utime("foo", ns=(NS, NS))
    os.utime("bar", ns=(NS, 1_600_000_000_000_000_001))
    os.utime("hard1", ns=(NS, 1_600_000_000 * 10**9))
    os.utime("d", ns=(NS, NS))
    os.utime("s", ns=(NS, NS), follow_symlinks=False)


@mutation
def negative_and_future_times():
    write("old")
    os.utime("old", ns=(-5 * 10**9 + 1, -5 * 10**9 + 1))
    write("far")
    os.utime("far", (0, 9_000_000_000))


@mutation
def files_deleted():
    os.unlink("foo")
    os.unlink("bar")
    os.unlink("d/one")
    os.unlink("s")
    os.unlink("pipe")


@mutation
def directories_deleted():
    shutil.rmtree("d")
    shutil.rmtree("q/r")


@mutation
def directory_deleted_and_made_again():
    shutil.rmtree("d")
    os.mkdir("d", 0o750)
    write("d/two")
    write("d/other")


@mutation
def new_file_deleted_again():
    write("fresh")
    os.unlink("fresh")
    os.mkdir("freshdir")
    os.rmdir("freshdir")


@mutation
def file_deleted_and_made_again():
    info = os.stat("foo")
    os.unlink("foo")
    with open("foo", "wb") as out:
        out.write(b"foo\n")
    os.utime("foo", ns=(info.st_atime_ns, info.st_mtime_ns))


@mutation
def directory_replaced_by_file():
    shutil.rmtree("d")
    write("d")
    shutil.rmtree("full")
    os.symlink("real", "full")


@mutation
def file_replaced_by_directory():
    os.unlink("foo")
    os.mkdir("foo")
    write("foo/x")
    os.unlink("lnk")
    os.mkdir("lnk")


@mutation
def files_renamed():
    os.rename("foo", "foo2")
    os.rename("bar", "d/bar")
    os.rename("d/one", "d/two")


@mutation
def new_directory_renamed():
    os.mkdir("n1")
    write("n1/f")
    os.rename("n1", "n2")
    try:
        os.rename("d", "d2")
    except OSError:
        shutil.copytree("d", "d2", symlinks=True)
        shutil.rmtree("d")
        os.utime("d2", ns=(NS, NS))


@mutation
def links_made():
    os.link("foo", "foo-link")
    os.link("d/one", "one-link")
    write("a1")
    os.link("a1", "a2")
    os.symlink("s", "s1")
    os.link("s1", "s2", follow_symlinks=False)


@mutation
def hard_linked_file_changed():
    with open("hard1", "ab") as out:
        out.write(b"more")
    os.utime("hard1", ns=(NS, NS))


@mutation
def symlink_changed():
    info = os.lstat("s")
    os.unlink("s")
    os.symlink("bar", "s")
    os.utime("s", ns=(info.st_atime_ns, info.st_mtime_ns), follow_symlinks=False)
    os.unlink("lnk")
    os.symlink("etc", "lnk")


@mutation
def xattrs_set():
    os.setxattr("foo", "user.a", b"\0\xff")
    os.setxattr("d", "user.d", b"1")
    os.setxattr("etc", "trusted.e", b"1")


@mutation
def capability_set():
    value = struct.pack("<IIIII", 0x02000001, 0x400, 0, 0, 0)
    os.setxattr("foo", "security.capability", value)
    write("caps")
    os.setxattr("caps", "security.capability",
                struct.pack("<IIIIII", 0x03000001, 0x400, 0, 0, 0, 100000))
    os.link("caps", "caps-link")


@mutation
def special_files():
    os.mkfifo("p2")
    os.mknod("c2", 0o20640, os.makedev(1, 5))
    os.mknod("b2", 0o60640, os.makedev(259, 70000))
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("sock")
    os.unlink("tty")
    write("after-sock")


@mutation
def names_like_whiteouts():
    write(".wh.kept")
    write(".wh..wh..opq")
    os.mkdir("e")
    write("e/.wh.x")


@mutation
def names_odd():
    write(b"raw\xff")
    write("grün")
    write("n" * 130)
    os.mkdir("sub" * 30)
    write("sub" * 30 + "/" + "f" * 90)
    write(b"l" * 120 + b"\xfe")
    write("a-b")
    os.mkdir("a")
    write("a/x")


@mutation
def owners_beyond_octal():
    write("rich")
    os.chown("rich", 3_000_000, 2_500_000)


@mutation
def owners_mapped():
    write("root")
    os.chown("root", 100_000, 100_000)
    write("user")
    os.chown("user", 101_000, 101_001)
    write("outside")
    os.chown("outside", 5, 100_000)
    write("outside-group")
    os.chown("outside-group", 100_000, 5)
    os.mkdir("outside-dir")
    write("outside-dir/in")
    os.chown("outside-dir/in", 100_000, 100_000)
    os.unlink("foo")


@mutation
def sparse_and_large():
    with open("hole", "wb") as out:
        out.truncate(3 << 20)
    os.utime("hole", ns=(NS, NS))
    write("large", bytes(range(256)) * 5000)
    write("empty", b"")


@mutation
def everything_deleted():
    for name in os.listdir("."):
        if os.path.isdir(name) and not os.path.islink(name):
            shutil.rmtree(name)
        else:
            os.unlink(name)


@mutation
def root_changed():
    os.chmod(".", 0o711)
    os.chown(".", 31, 32)
    os.setxattr(".", "user.root", b"1")
    os.utime(".", ns=(NS, NS))


@mutation
def directories_only_touched():
    write("d/t")
    os.unlink("d/t")
    os.utime("d", ns=(NS, NS))
    os.chmod("q/r", 0o700)
    os.chmod("q/r", 0o755)
