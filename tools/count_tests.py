#!/usr/bin/env python3
"""Prints the counts of a JUnit report as `N passed, N failed, N skipped`; exits 1 if any failed. With the log of ctest it
names before that, as `RERUN name`, what passed at its second run alone.

    count_tests.py REPORT.xml [CTEST.log]
"""
import pathlib
import re
import sys
import xml.etree.ElementTree as tree

TEST_LINE = re.compile(r"^(?: *\d+/\d+ | +)Test +#(\d+): (.+?) \.\.+ *(\*\*\*|Passed)", re.MULTILINE)


def reruns(log):
    """The names of tests that failed, were run again and passed."""
    failed = set()
    for hit in TEST_LINE.finditer(log):
        number, name, outcome = hit.groups()
        if outcome == "***":
            failed.add(number)
        elif number in failed:
            yield name


def main():
    if len(sys.argv) not in (2, 3):
        print(__doc__, file=sys.stderr)
        return 2
    if not pathlib.Path(sys.argv[1]).exists():
        print(f"{sys.argv[1]}: no report was written, so the tests did not start", file=sys.stderr)
        return 1
    suites = list(tree.parse(sys.argv[1]).getroot().iter("testsuite"))
    count = lambda name: sum(int(suite.get(name, 0)) for suite in suites)
    failed = count("failures") + count("errors")
    skipped = count("skipped") + count("disabled")
    if len(sys.argv) == 3:
        for name in reruns(pathlib.Path(sys.argv[2]).read_text(errors="replace")):
            print(f"RERUN {name}")
    print(f"{count('tests') - failed - skipped} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
