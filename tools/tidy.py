#!/usr/bin/env python3
"""The rules of ARCHITECTURE.md and STYLE.md, as a test. Every message says what to do instead.

    tidy.py [ROOT]      checks the tree; exits 1 if anything is wrong
    tidy.py --table     prints the include table as ARCHITECTURE.md holds it
"""
import os
import re
import subprocess
import sys
from pathlib import Path

import style_rules as style
from cpp_text import includes, line_of, without_comments_and_literals

# ---- who may include whom: the one table -------------------------------------------------------------------------

LIBRARIES = {
    "Boost.JSON": ("boost/json",),
    "Boost.Unordered": ("boost/unordered",),
    "CLI11": ("CLI/",),
    "date": ("date/",),
    "hiredis": ("hiredis/",),
    "libpq": ("libpq-fe.h",),
    "OpenSSL": ("openssl/",),
    "SQLite": ("sqlite3.h",),
    "yaml-cpp": ("yaml-cpp/",),
    "zlib": ("zlib.h",),
    "POSIX": ("sys/", "arpa/", "netinet/", "linux/", "unistd.h", "fcntl.h", "netdb.h", "poll.h", "signal.h", "dirent.h", "pthread.h"),
    "tests": ("gtest/", "gmock/", "benchmark/"),
}

# module: (modules, libraries). Every module may include itself and the standard library; the rest is for nobody.
MODULES = {
    "base": ((), ()),
    "domain": (("base",), ("date",)),
    "core": (("domain", "base"), ("Boost.Unordered",)),
    "wire": (("domain", "base"), ()),
    "ports": (("domain", "base"), ()),
    "observe": (("domain", "base"), ("POSIX",)),
    "gateway": (("core", "wire", "ports", "observe", "domain", "base"), ("Boost.Unordered",)),
    "mcp": (("gateway", "wire", "ports", "observe", "domain", "base"), ()),
    "admin": (("core", "wire", "ports", "domain", "base"), ("Boost.JSON", "yaml-cpp")),
    "adapters/os": (("ports", "observe", "domain", "base"), ("OpenSSL", "POSIX")),
    "adapters/http_server": (("adapters/os", "ports", "wire", "observe", "domain", "base"), ("POSIX",)),
    "adapters/http_client": (("adapters/os", "ports", "wire", "domain", "base"), ()),
    "adapters/budget": (("core/budget", "ports", "domain", "base"), ()),
    "adapters/memory": (("adapters/budget", "core/budget", "ports", "observe", "domain", "base"), ("Boost.Unordered",)),
    "adapters/caching": (("ports", "domain", "base"), ("Boost.Unordered",)),
    "adapters/crypto": (("ports", "domain", "base"), ("OpenSSL",)),
    "adapters/sql": (("ports", "observe", "domain", "base"), ("Boost.JSON",)),
    "adapters/sqlite": (("adapters/os", "adapters/sql", "ports", "observe", "domain", "base"), ("SQLite",)),
    "adapters/postgres": (("adapters/sql", "ports", "observe", "domain", "base"), ("libpq", "POSIX")),
    "adapters/clickhouse": (("ports", "domain", "base"), ("zlib",)),
    "adapters/spool": (("adapters/os", "ports", "observe", "domain", "base"), ("POSIX",)),
    "adapters/redis": (("adapters/os", "adapters/budget", "core/budget", "ports", "wire", "observe", "domain", "base"), ("hiredis", "OpenSSL")),
    "mock": (("ports", "domain", "base"), ("Boost.JSON",)),
    "cli": (("wire", "domain", "base"), ("Boost.JSON", "CLI11", "OpenSSL", "POSIX")),
    "app": (("everything",), ("everything",)),
}

# The core decides; what makes a decision depend on anything but its arguments stays out of it.
PURE = ("core", "domain", "wire")
IMPURE_HEADERS = {
    "thread", "mutex", "shared_mutex", "condition_variable", "future", "random", "iostream", "fstream", "sstream",
    "ostream", "istream", "ctime", "filesystem",
}
IMPURE_WORDS = re.compile(r"\b(?:steady_clock|system_clock|high_resolution_clock|getenv|std::rand|random_device)\b")
INEXACT = re.compile(r"\b(?:float|double)\b")


def module_of(path):
    """The row of a path below src/, the longest that fits; None where the table has none."""
    rows = [name for name in MODULES if path == name or path.startswith(name + "/")]
    return max(rows, key=len, default=None)


def library_of(name):
    return next((library for library, starts in LIBRARIES.items() if name.startswith(starts)), None)


def may_include(module, target, path):
    if module_of(target) == module or "everything" in MODULES[module][0]:
        return True
    if style.is_test(path) and module_of(target) != "app":
        return True
    return any(target == allowed or target.startswith(allowed + "/") for allowed in MODULES[module][0])


def layering(path, code):
    """Includes of one file below src/ against its row of the table."""
    inside = path.removeprefix("src/")
    module = module_of(inside)
    if module is None:
        yield 1, f"{inside.rsplit('/', 1)[0]} has no row in the include table of tools/tidy.py: give it one"
        return
    modules, libraries = MODULES[module]
    for line, name, quoted in includes(code):
        if quoted:
            if not may_include(module, name, path):
                allowed = ", ".join(modules) or "nothing but itself"
                yield line, f"{module} may not include {name}; it may include {allowed}: move the code, or ask through a port"
            continue
        library = library_of(name)
        if library and library not in libraries and "everything" not in libraries and not style.is_test(path):
            yield line, f"{module} may not use {library}; it may use {', '.join(libraries) or 'the standard library'}"
        if not library and ("/" in name or name.endswith(".h")) and not style.is_test(path):
            yield line, f"<{name}> is no library of the table: quote it if it is ours, or add the library to tools/tidy.py"


def unused_entries(includes_of):
    """Entries of the table that nothing needs, from {path: [(line, name, quoted)]} of a tree that has every module. The
    ground floors, domain and base, are everybody's."""
    used = {name: set() for name in MODULES}
    seen = set()
    for path, names in includes_of.items():
        module = module_of(path.removeprefix("src/"))
        if module is None or style.is_test(path):
            continue
        seen.add(module)
        for _, name, quoted in names:
            if quoted:
                used[module].update(entry for entry in MODULES[module][0] if name.startswith(entry + "/"))
            else:
                used[module].add(library_of(name))
    if seen != set(MODULES):
        return
    for module, (modules, libraries) in MODULES.items():
        for entry in (*modules, *libraries):
            if entry not in used[module] and entry not in ("everything", "domain", "base"):
                yield f"{module} may include {entry} and does not: strike it from the table of tools/tidy.py"


def purity(path, code):
    module = module_of(path.removeprefix("src/"))
    if module not in PURE or style.is_test(path):
        return
    for line, name, _ in includes(code):
        if name in IMPURE_HEADERS:
            yield line, f"{module} is pure and may not include <{name}>: take what it would tell as an argument"
    for hit in IMPURE_WORDS.finditer(code):
        yield line_of(code, hit.start()), f"{module} is pure; {hit.group(0)} is not: take the value as an argument"
    if module != "wire":
        for hit in INEXACT.finditer(code):
            yield line_of(code, hit.start()), f"{hit.group(0)} in {module}: money, tokens and turns are integers"


def folder_cycles(includes_of):
    """A list of folders that include each other in a ring, from {path: [included paths]}."""
    edges = {}
    for path, names in includes_of.items():
        folder = os.path.dirname(path.removeprefix("src/"))
        edges.setdefault(folder, set()).update(os.path.dirname(name) for name in names)
    done, rings = set(), []

    def walk(folder, trail):
        if folder in trail:
            rings.append(trail[trail.index(folder) :] + [folder])
            return
        if folder in done:
            return
        for target in sorted(edges.get(folder, set()) - {folder}):
            walk(target, trail + [folder])
        done.add(folder)

    for folder in sorted(edges):
        walk(folder, [])
    return rings


def include_table():
    rows = ["| module | may include | libraries |", "|---|---|---|"]
    for name, (modules, libraries) in MODULES.items():
        rows.append(f"| {name} | {', '.join(modules) or '–'} | {', '.join(libraries) or '–'} |")
    return "\n".join(rows) + "\n"


# ---- documents ---------------------------------------------------------------------------------------------------


def anchor_of(heading):
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return kept.replace(" ", "-")


def anchors_in(text):
    return {anchor_of(hit.group(1)) for hit in re.finditer(r"^#+ +(.*)$", text, re.MULTILINE)}


def links(root, path, text):
    shown = re.sub(r"```.*?```|`[^`\n]*`", lambda code: "\n" * code.group(0).count("\n"), text, flags=re.DOTALL)
    for hit in re.finditer(r"\]\(([^)\s]+)\)", shown):
        target, line = hit.group(1), line_of(shown, hit.start())
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (root / path).parent / name if name else root / path
        if not file.exists():
            yield line, f"the link to {target} leads nowhere"
        elif anchor and file.suffix == ".md" and anchor not in anchors_in(file.read_text()):
            yield line, f"{name or path} has no heading #{anchor}"


NAMED_FILE = re.compile(r"`([a-z][\w./-]*\.(?:cpp|hpp|py))`")


def named_files(text, paths):
    """Sources that a document names, against those that there are: by their ends, as documents shorten them."""
    for hit in NAMED_FILE.finditer(text):
        if not any(f"/{path}".endswith("/" + hit.group(1)) for path in paths):
            yield line_of(text, hit.start()), f"there is no file {hit.group(1)}"


def table_is_true(path, text):
    if path == "ARCHITECTURE.md" and include_table() not in text:
        yield 1, "its include table is not the one that is checked: paste the output of `python3 tools/tidy.py --table`"


# ---- the whole tree ----------------------------------------------------------------------------------------------


def files_of(root):
    """Paths of the project's own files, as git knows them; all of them where there is no git."""
    if (root / ".git").exists():
        listed = ["git", "-C", str(root), "ls-files", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(listed, capture_output=True, text=True, check=True).stdout.splitlines()
    else:
        names = [str(file.relative_to(root)) for file in root.rglob("*") if file.is_file()]
    return sorted(name for name in names if (root / name).is_file())


def check_cpp(path, text):
    code = without_comments_and_literals(text)
    yield from style.header_opens_well(path, text)
    yield from style.no_macros(code)
    yield from style.test_names(path, code)
    yield from style.one_await_per_statement(code)
    yield from style.no_captures_beside_await(code)
    if path.startswith("src/"):
        yield from layering(path, code)
        yield from purity(path, code)


def check_text(root, path, text):
    yield from style.path_words(path)
    yield from style.open_marks(text) if path.startswith(("src/", "sim/", "tests/", "fuzz/", "bench/")) else ()
    yield from style.nothing_from_outside(text)
    if path.endswith((".cpp", ".hpp", ".py", ".js", ".mjs", ".ts", ".sh")):
        yield from style.size_of_file(path, text)
        yield from style.no_sleeps(path, text)
    if path.endswith(".md"):
        yield from links(root, path, text)
        yield from table_is_true(path, text)


def read_files(root):
    """{path: text} of everything that is text."""
    texts = {}
    for path in files_of(root):
        try:
            texts[path] = (root / path).read_text()
        except UnicodeDecodeError:
            continue
    return texts


def check_tree(root):
    """Every violation as `path:line: message`, sorted."""
    texts = read_files(root)
    sources = [path for path in texts if path.endswith((".cpp", ".hpp"))]
    included = {path: [name for _, name, quoted in includes(texts[path]) if quoted] for path in sources}
    style.find_support_of_tests(included)
    found = []
    for path, text in texts.items():
        found += [(path, line, message) for line, message in check_text(root, path, text)]
        if path.endswith(".md"):
            found += [(path, line, message) for line, message in named_files(text, texts)]
    for path in sources:
        found += [(path, line, message) for line, message in check_cpp(path, texts[path])]
    sourced = {path: list(includes(texts[path])) for path in sources if path.startswith("src/")}
    found += [("tools/tidy.py", 1, message) for message in unused_entries(sourced)]
    product = {path: names for path, names in included.items() if path.startswith("src/") and not style.is_test(path)}
    for ring in folder_cycles(product):
        found.append(("src", 1, f"folders include each other: {' → '.join(ring)}; move the shared part down"))
    for symbol in style.symbols(root, sources) if sources else ():
        found += [(symbol["path"], line, message) for line, message in style.symbol_rules(symbol)]
    return [f"{path}:{line}: {message}" for path, line, message in sorted(set(found))]


def main(arguments):
    if arguments == ["--table"]:
        print(include_table(), end="")
        return 0
    root = Path(arguments[0] if arguments else Path(__file__).parent.parent)
    found = check_tree(root)
    print("\n".join(found) if found else "tidy: nothing to say")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
