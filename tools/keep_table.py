#!/usr/bin/env python3
"""keep_table.py DOCUMENT NAME FILE: puts the file between `<!-- NAME -->` and `<!-- /NAME -->` of the document."""

import pathlib
import re
import sys


def kept(document, name, table):
    place = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    if not place.search(document):
        raise SystemExit(f"there is no <!-- {name} --> … <!-- /{name} -->")
    return place.sub(lambda found: f"{found[1]}{table.strip()}\n{found[2]}", document)


def main(document, name, file):
    path = pathlib.Path(document)
    path.write_text(kept(path.read_text(), name, pathlib.Path(file).read_text()))


if __name__ == "__main__":
    main(*sys.argv[1:])
