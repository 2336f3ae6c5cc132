"""C++ source as the rules of tidy.py read it: comments and literals blanked out, every line kept in its place."""
import re

# Longest first: a raw string may hold quotes, a string may hold //, a comment may hold quotes.
NOT_CODE = re.compile(
    r'R"(?P<mark>[^()\\\s]{0,16})\((?P<raw>.*?)\)(?P=mark)"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'"
    r"|//[^\n]*"
    r"|/\*.*?\*/",
    re.DOTALL,
)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.MULTILINE)


def without_comments_and_literals(text):
    """The code alone. Literals become empty ones, comments become blanks; line numbers stay."""

    def blank(found):
        piece = found.group(0)
        lines = "\n" * piece.count("\n")
        return lines if piece.startswith("/") else piece[-1] + lines + piece[-1]

    # An include's file name must survive, and it looks like a string.
    names = {}

    def keep(found):
        key = f"#include @{len(names)}@"
        names[key] = found.group(0)
        return key

    code = NOT_CODE.sub(blank, INCLUDE.sub(keep, text))
    for key, line in names.items():
        code = code.replace(key, line)
    return code


def includes(code):
    """(line, name, is_quoted) of every #include."""
    return [(line_of(code, hit.start(2)), hit.group(2), hit.group(1) == '"') for hit in INCLUDE.finditer(code)]


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def matching_close(code, opened):
    """The offset of the bracket that closes the one at `opened`; the end of the text if none does."""
    pairs = {"{": "}", "(": ")", "[": "]"}
    close, depth = pairs[code[opened]], 0
    for at in range(opened, len(code)):
        depth += (code[at] == code[opened]) - (code[at] == close)
        if depth == 0:
            return at
    return len(code)


def parameter_count(signature):
    """Parameters of a signature such as `(const std::map<int, int>& a, int b = f(1, 2)) const`."""
    depth, angle, count = 0, 0, 1
    inside = signature[1 : matching_close(signature, 0)]
    if inside.strip() in ("", "void"):
        return 0
    for at, letter in enumerate(inside):
        depth += letter in "([{"
        depth -= letter in ")]}"
        angle += letter == "<"
        angle -= letter == ">" and inside[at - 1] != "-"
        count += letter == "," and depth == 0 and angle == 0
    return count
