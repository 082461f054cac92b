"""Archives that other programs write: Python, GNU tar and bsdtar."""

import io
import os
import shutil
import subprocess
import tarfile
import tempfile

from archive import MTIME

TIMES = (MTIME * 10**9, MTIME * 10**9 + 123456789)


def write(path, data=b"content\n", mode=0o644):
    with open(path, "wb") as out:
        out.write(data)
    os.chmod(path, mode)


def tree(root):
    """A directory tree with something for every corner of a format."""
    os.makedirs(f"{root}/dir/sub", 0o755)
    os.makedirs(f"{root}/" + "/".join(["longer-directory"] * 9))
    os.mkdir(f"{root}/private", 0o700)
    write(f"{root}/empty", b"")
    write(f"{root}/file", b"hello\n" * 300, 0o640)
    write(f"{root}/suid", mode=0o4755)
    write(f"{root}/dir/sub/deep")
    write(f"{root}/ünï")
    write(os.fsencode(root) + b"/raw\xff")
    write(f"{root}/" + "n" * 120)
    write(f"{root}/" + "/".join(["longer-directory"] * 9) + "/f")
    os.link(f"{root}/file", f"{root}/hard")
    os.symlink("dir/sub", f"{root}/link")
    os.symlink("t" * 150, f"{root}/longlink")
    os.mkfifo(f"{root}/fifo")
    os.mknod(f"{root}/null", 0o20666, os.makedev(1, 3))
    os.mknod(f"{root}/loop", 0o60660, os.makedev(7, 9))
    os.chown(f"{root}/empty", 1234, 4321)
    os.chown(f"{root}/suid", 3_000_000, 3_000_000)
    os.chmod(f"{root}/suid", 0o4755)
    for name, value in (("user.note", b"x\0y"), ("trusted.t", b"1")):
        os.setxattr(f"{root}/file", name, value)
    os.setxattr(f"{root}/dir", "user.dir", b"d")
    for where, dirs, files in os.walk(os.fsencode(root), topdown=False):
        for name in dirs + files:
            os.utime(os.path.join(where, name), ns=TIMES, follow_symlinks=False)
    os.utime(root, ns=TIMES)


def sparse(root):
    """Files with holes at the start, in the middle and at the end."""
    os.mkdir(root)
    block = b"d" * 4096
    with open(f"{root}/middle", "wb") as out:
        out.write(block)
        out.seek(1 << 20)
        out.write(block)
    with open(f"{root}/ends", "wb") as out:
        out.seek(256 << 10)
        out.write(block)
        out.truncate(1 << 20)
    with open(f"{root}/hole", "wb") as out:
        out.truncate(300_000)
    with open(f"{root}/many", "wb") as out:
        for n in range(40):
            out.seek(n * 32768)
            out.write(block)
    for name in os.listdir(root):
        os.utime(f"{root}/{name}", ns=TIMES)


def run(*command):
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]}: {done.stderr.decode(errors='replace')}")
    return done.stdout


def python_formats(root):
    for name, form in (("ustar", tarfile.USTAR_FORMAT), ("gnu", tarfile.GNU_FORMAT),
                       ("pax", tarfile.PAX_FORMAT)):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=form,
                          errors="surrogateescape") as archive:
            archive.add(root, arcname=".", filter=_fits if name == "ustar" else None)
        yield f"Python tarfile, {name}", [out.getvalue()]
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT,
                      pax_headers={"comment": "global", "path": "no"}) as archive:
        archive.add(f"{root}/file", arcname="file")
    yield "Python tarfile, pax with a global header", [out.getvalue()]


def _fits(info):
    """Leaves out what ustar cannot hold."""
    odd = len(info.name) > 100 and len(os.path.basename(info.name)) > 99
    return None if odd or len(info.linkname) > 100 or info.uid > 0o7777777 else info


GNU_TAR = {
    "v7": [], "oldgnu": [], "gnu": [], "ustar": [], "posix": [],
    "gnu, numeric": ["--format=gnu", "--numeric-owner"],
    "posix, xattrs": ["--format=posix", "--xattrs", "--xattrs-include=*"],
    "posix, no times": ["--format=posix",
                        "--pax-option=delete=atime,delete=ctime"],
    "posix, binary names": ["--format=posix", "--pax-option=exthdr.name=%d/P/%f"],
    "incremental": ["--format=gnu", "--listed-incremental={root}.snar"],
    "labelled": ["--format=gnu", "--label=volume"],
    "absolute": ["--format=gnu", "--transform=s,^\\.,/top,", "-P"],
}


def gnu_tar(root):
    for name, options in GNU_TAR.items():
        if not options:
            options = [f"--format={name}"]
        options = [option.replace("{root}", root) for option in options]
        small = ["--ignore-failed-read", "--exclude=n*n", "--exclude=longer*",
                 "--exclude=longlink", "--exclude=suid"]
        extra = small if name in ("v7", "ustar") else []
        yield f"GNU tar, {name}", [run("tar", "-C", root, "-cf", "-", "--sort=name",
                                       *extra, *options, ".")]


def gnu_sparse(root):
    for name in ("gnu", "oldgnu"):
        yield f"GNU tar, sparse {name}", [
            run("tar", "-C", root, "-cSf", "-", f"--format={name}", "--sort=name", ".")]
    for version in ("0.0", "0.1", "1.0"):
        yield f"GNU tar, sparse posix {version}", [
            run("tar", "-C", root, "-cSf", "-", "--format=posix", "--sort=name",
                f"--sparse-version={version}", ".")]


def bsdtar(root):
    plain = ["file", "hard", "dir", "link", "fifo", "null", "empty"]
    for name, options, names in (
        ("ustar", ["--format=ustar"], plain), ("v7", ["--format=v7tar"], plain),
        ("pax", ["--format=pax"], ["."]), ("gnutar", ["--format=gnutar"], ["."]),
        ("pax without xattrs", ["--format=pax", "--no-xattrs"], ["."]),
        ("restricted pax", [], plain),
    ):
        yield f"bsdtar, {name}", [
            run("bsdtar", "-C", root, "-cf", "-", *options, *names)]


def cases():
    where = tempfile.mkdtemp(prefix="overlay2_corpus_")
    try:
        tree(f"{where}/tree")
        sparse(f"{where}/sparse")
        yield from python_formats(f"{where}/tree")
        yield from gnu_tar(f"{where}/tree")
        yield from gnu_sparse(f"{where}/sparse")
        if shutil.which("bsdtar"):
            yield from bsdtar(f"{where}/tree")
            yield "bsdtar, sparse pax", [
                run("bsdtar", "-C", f"{where}/sparse", "-cf", "-", "--format=pax", ".")]
        else:
            yield "bsdtar", "bsdtar is not installed (libarchive-tools)"
    finally:
        shutil.rmtree(where)
