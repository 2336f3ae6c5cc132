"""The examples of a Markdown page: its indented blocks, each under the heading that it stands below."""

import dataclasses
import textwrap

from support.processes import ROOT


@dataclasses.dataclass(frozen=True)
class Example:
    page: str
    heading: str
    number: int  # within the heading
    text: str


def examples(page):
    heading, counts, lines, found = "", {}, [], []

    def close():
        while lines and not lines[-1].strip():
            lines.pop()
        if lines:
            counts[heading] = counts.get(heading, 0) + 1
            found.append(Example(page, heading, counts[heading], textwrap.dedent("\n".join(lines))))
            lines.clear()

    for line in (ROOT / page).read_text().splitlines():
        if line.startswith("    ") or (lines and not line.strip()):
            lines.append(line)
            continue
        close()
        if line.startswith("#"):
            heading = line.lstrip("# ")
    close()
    return found
