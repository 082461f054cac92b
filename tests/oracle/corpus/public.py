"""Archives from the world: test data of Go and Python, npm, Debian.

What has to be downloaded is kept in the cache directory; a case whose source
cannot be had says why instead of giving layers.
"""

import base64
import bz2
import glob
import gzip
import io
import os
import subprocess
import tarfile

NPM = ("lodash@4.17.21", "left-pad@1.3.0", "yargs@17.7.2")
DEBS = ("coreutils", "tzdata", "base-files", "passwd")
# They unpack to 60 GB.
TOO_BIG = ("gnu-sparse-big.tar.base64", "pax-sparse-big.tar.base64")


def go_testdata():
    root = subprocess.run(["go", "env", "GOROOT"], capture_output=True, check=True,
                          text=True).stdout.strip()
    for path in sorted(glob.glob(f"{root}/src/archive/tar/testdata/*.tar*")):
        name = os.path.basename(path)
        if name in TOO_BIG:
            continue
        with open(path, "rb") as source:
            data = source.read()
        if name.endswith(".bz2"):
            data = bz2.decompress(data)
        if name.endswith(".base64"):
            data = base64.b64decode(data)
        yield f"Go test data, {name}", [data]


def find_testtar():
    for version in ("", "3.13", "3.12", "3.11", "3.10", "3.9"):
        try:
            where = subprocess.run(
                [f"python{version or 3}", "-c", "import test; print(test.__file__)"],
                capture_output=True, check=True, text=True).stdout.strip()
        except (OSError, subprocess.CalledProcessError):
            continue
        for name in ("archivetestdata/testtar.tar", "testtar.tar"):
            path = os.path.join(os.path.dirname(where), name)
            if os.path.exists(path):
                return path
    return None


def members(data):
    """Name, type and raw bytes of each member, extended headers included."""
    with tarfile.open(fileobj=io.BytesIO(data), encoding="iso8859-1") as archive:
        infos = archive.getmembers()
    starts = [info.offset for info in infos] + [len(data)]
    for info, start, end in zip(infos, starts, starts[1:]):
        yield info, data[start:end]


def python_testtar():
    path = find_testtar()
    if path is None:
        yield "Python test archive", "the interpreter has no testtar.tar"
        return
    with open(path, "rb") as source:
        data = source.read()
    yield "Python test archive, whole", [data]
    plain = b""
    for info, raw in members(data):
        odd = info.type in (tarfile.GNUTYPE_SPARSE, tarfile.CONTTYPE)
        if odd or info.uid == 0xFFFFFFFF:
            yield f"Python test archive, {info.name}", [raw + bytes(1024)]
        elif not (info.islnk() or info.isdev() or raw[156:157] == b"X"):
            plain += raw
    yield "Python test archive, plain members", [plain + bytes(1024)]


def cached(path, make):
    """The bytes at path, made first when they are not there."""
    if not os.path.exists(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        data = make()
        with open(path + ".part", "wb") as out:
            out.write(data)
        os.rename(path + ".part", path)
    with open(path, "rb") as source:
        return source.read()


def npm(cache, name):
    def make():
        out = subprocess.run(["npm", "pack", "--silent", name], cwd=cache, check=True,
                             capture_output=True, text=True, timeout=60).stdout
        path = os.path.join(cache, out.strip().splitlines()[-1])
        with gzip.open(path) as source:
            data = source.read()
        os.unlink(path)
        return data
    return cached(f"{cache}/npm-{name}.tar", make)


def deb(cache, name):
    def make():
        where = os.path.join(cache, f"deb-{name}")
        os.makedirs(where, exist_ok=True)
        subprocess.run(["apt-get", "download", "-o", "APT::Sandbox::User=root", name],
                       cwd=where, check=True, capture_output=True, timeout=60)
        (path,) = glob.glob(f"{where}/*.deb")
        return subprocess.run(["dpkg-deb", "--fsys-tarfile", path], check=True,
                              capture_output=True).stdout
    return cached(f"{cache}/deb-{name}.tar", make)


def debootstrap(cache):
    def make():
        root = os.path.join(cache, "debootstrap")
        subprocess.run(["debootstrap", "--variant=minbase", "stable", root],
                       check=True, capture_output=True)
        tar = subprocess.run(["tar", "-C", root, "-c", "--format=posix", "--xattrs",
                              "--xattrs-include=*", "."], check=True,
                             capture_output=True).stdout
        subprocess.run(["rm", "-rf", "--one-file-system", root], check=True)
        return tar
    return cached(f"{cache}/debootstrap.tar", make)


def attempt(name, make, *args):
    try:
        return name, [make(*args)]
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        text = getattr(error, "stderr", None) or str(error)
        return name, f"cannot be had: {str(text).strip()[:200]}"


def cases(cache):
    yield from go_testdata()
    yield from python_testtar()
    for name in NPM:
        yield attempt(f"npm package {name}", npm, cache, name)
    for name in DEBS:
        yield attempt(f"Debian package {name}", deb, cache, name)
    if os.environ.get("OVERLAY2_ORACLE_DEBOOTSTRAP") == "1":
        yield attempt("Debian root file system", debootstrap, cache)
