"""Writes the corpus: make.py OUTPUT CACHE [GROUP…]; prints an index as JSON lines.

Each line is {"group", "name", "layers": [file, …]} or, when its source cannot
be had, {"group", "name", "reason"}.
"""

import json
import os
import sys

import entries
import formats
import links
import names
import public
import tools
import whiteouts
import xattrs
from archive import Archive, base


def fixtures():
    yield "base layer", [base().end()]
    yield "other layer", [
        Archive().dir("d", 0o755).file("d/one").file("foo", "other\n").file("only")
        .symlink("lnk", "elsewhere").dir("bar").end()]
    yield "small change", [
        Archive().dir("d", 0o700, uid=5, gid=6).file("d/small").whiteout("suid").end()]


def groups(cache, wanted):
    if "fixtures" in wanted:
        yield "fixtures", fixtures()
    for module in (whiteouts, entries, links, names, xattrs, formats, tools):
        if not wanted or module.__name__ in wanted:
            yield module.__name__, module.cases()
    if not wanted or "public" in wanted:
        yield "public", public.cases(cache)


def write(output, number, layers):
    paths = []
    for depth, data in enumerate(layers):
        path = os.path.join(output, f"{number:04}-{depth}.tar")
        with open(path, "wb") as out:
            out.write(data)
        paths.append(path)
    return paths


def main(output, cache, *wanted):
    os.makedirs(cache, exist_ok=True)
    number = 0
    for group, cases in groups(cache, wanted):
        for name, layers in cases:
            number += 1
            line = {"group": group, "name": name}
            if isinstance(layers, str):
                line["reason"] = layers
            else:
                line["layers"] = write(output, number, layers)
            print(json.dumps(line))


main(*sys.argv[1:])
