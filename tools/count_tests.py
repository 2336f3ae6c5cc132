#!/usr/bin/env python3
"""Prints the counts of a JUnit report as `N passed, N failed, N skipped`; exits 1 if any failed.

    count_tests.py REPORT.xml
"""
import pathlib
import sys
import xml.etree.ElementTree as tree


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    if not pathlib.Path(sys.argv[1]).exists():
        print(f"{sys.argv[1]}: no report was written, so the tests did not start", file=sys.stderr)
        return 1
    suites = list(tree.parse(sys.argv[1]).getroot().iter("testsuite"))
    count = lambda name: sum(int(suite.get(name, 0)) for suite in suites)
    failed = count("failures") + count("errors")
    skipped = count("skipped") + count("disabled")
    print(f"{count('tests') - failed - skipped} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


sys.exit(main())
