"""Rules of STYLE.md that look at one file at a time. Each yields (line, what is wrong and what to do instead)."""
import json
import re
import subprocess

from cpp_text import line_of, matching_close, parameter_count

LINES_MAX, TEST_LINES_MAX = 400, 700
FUNCTION_LINES_MAX = 70
PARAMETERS_MAX = 5

# Words that say nothing about the thing that they name, and what to write instead.
EMPTY_WORDS = {
    "manager": "what it does with the things: pool, registry, owner",
    "managers": "what they do with the things",
    "helper": "the job that it does",
    "helpers": "the job that they do",
    "util": "the job, in a file of its own",
    "utils": "the jobs, in files of their own",
    "common": "what the parts have in common",
    "misc": "one file per thing",
    "data": "what the bytes are: body, payload, record",
    "info": "what it tells: status, summary, description",
    "context": "the values themselves; a bag of anything hides who needs what",
    "impl": "what sets this one apart: memory, epoll, openssl",
    "handler": "what it does: a verb and its object",
    "handlers": "what they do",
    "v2": "what changed; the first version goes",
}
# Names that others chose: the log level, a container's member, the field of a server-sent event, a model's card.
GIVEN_NAMES = {"info", "data", "context_window", "data_dir"}
# Where a word is a term of art: an API's routes, the field of an event and the data plane, OpenSSL's digest under way.
WORDS_OF_PROTOCOLS = {
    "handler": "^src/admin/",
    "handlers": "^src/admin/",
    "data": "/sse_|^src/app/",
    "context": "^src/adapters/crypto/",
}

# A wait for a time that nothing else ends is a sleep, too.
SLEEPS = re.compile(
    r"\b(?:sleep_for|sleep_until|usleep|nanosleep|time\.sleep|asyncio\.sleep)\s*\(|resolve\s*=>\s*setTimeout"
    r"|\bwait_until\(\s*lambda: *time\.\w+\(\) *[<>]|\bpoll\(\s*(?:nullptr|NULL),\s*0,"
)
# The two loops that look again and again at another process.
MAY_LOOK_AGAIN = ("tests/support/", "src/base/seen_in_time_test.hpp")
TEST_HEAD = re.compile(r"\bTEST(?:_F|_P)?\(\s*(\w+)\s*,\s*(\w+)\s*\)")
OPEN_MARK = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b(\(\d+\))?")
# Written in two halves, so that this file does not break its own rule.
OUTSIDE = re.compile(r"\.\./sha" r"red/|/work/(?:sha" r"red|main|brief)|\bissues? [A-H]\b")


# Headers below src/ that tests alone include: told by find_support_of_tests, once for a tree.
support_of_tests = set()


def find_support_of_tests(included):
    """From {path: [names included]}. What only tests include is a test."""
    support_of_tests.clear()
    while True:
        used = {}
        for path, names in included.items():
            for name in names:
                used.setdefault("src/" + name, []).append(is_test(path))
        more = {path for path in included if path.endswith(".hpp") and used.get(path) and all(used[path])}
        if more <= support_of_tests:
            return
        support_of_tests.update(more)


def is_test(path):
    return path.startswith("tests/") or path.endswith(("_test.cpp", "_test.py")) or path in support_of_tests


def size_of_file(path, text):
    lines, bound = text.count("\n"), TEST_LINES_MAX if is_test(path) else LINES_MAX
    if lines > bound:
        yield bound, f"{lines} lines; a {'test' if is_test(path) else 'file'} has at most {bound}: split it by job"


def header_opens_well(path, text):
    if not path.endswith(".hpp"):
        return
    if not text.startswith("// "):
        yield 1, "a header's first lines say what it is for and its thread rule: begin with a // comment"
    if not re.search(r"^#pragma once$", text, re.MULTILINE):
        yield 1, "no include guard: write #pragma once after the opening comment"


def no_macros(code):
    for hit in re.finditer(r"^[ \t]*#[ \t]*define\b", code, re.MULTILINE):
        yield line_of(code, hit.start()), "a macro: write a constexpr value, a function or a template"


def open_marks(text):
    for hit in OPEN_MARK.finditer(text):
        if hit.group(1) != "TODO":
            yield line_of(text, hit.start()), f"{hit.group(1)} does not land: mend it, or write TODO(number)"
        elif not hit.group(2):
            yield line_of(text, hit.start()), "a TODO carries the number of what it waits for: TODO(12)"


def nothing_from_outside(text):
    for hit in OUTSIDE.finditer(text):
        yield line_of(text, hit.start()), f"'{hit.group(0)}' is not part of the project: say it here in its own words"


def no_sleeps(path, text):
    if is_test(path) and not path.startswith(MAY_LOOK_AGAIN):
        for hit in SLEEPS.finditer(text):
            yield line_of(text, hit.start()), "a test sleeps: wait for the event (wait_until), or step a simulated clock"


def test_names(path, code):
    if not is_test(path):
        return
    for hit in TEST_HEAD.finditer(code):
        name, line = hit.group(2), line_of(code, hit.start())
        if name.startswith("DISABLED_"):
            yield line, f"{name} does not run: mend it or take it out"
        elif "_" in name or not name[0].isupper() or len(re.findall("[A-Z][a-z0-9]*", name)) < 2:
            yield line, f"{name} is no claim: write what holds, as in TenantFurthestBehindGoesNext"


def one_await_per_statement(code):
    """A co_await stands alone, is assigned, or is returned; g++ 12 and many readers get anything else wrong."""
    for hit in re.finditer(r"\bco_await\b", code):
        start = max(code.rfind(mark, 0, hit.start()) for mark in ";{}")
        before = re.sub(r"\s+", " ", code[start + 1 : hit.start()]).strip()
        if before.count(")") > before.count("("):  # the end of for (…; …; …)
            before = before.partition(")")[2].strip()
        before = without_condition(re.sub(r"^(case [^:]+:|default:|else|do)\s*", "", before))
        if not re.fullmatch(r"|co_return|(?:[\w:<>,&*\[\] ]+ )?[\w.\[\]>*-]+ =|static_cast<void>\(|\(void\)", before):
            yield line_of(code, hit.start()), "co_await inside a larger expression: give its result a name first"


def without_condition(statement):
    """What an if, while or for of one line goes on to do."""
    head = re.match(r"(?:if|while|for) ?(?:constexpr )?(?=\()", statement)
    close = matching_close(statement, head.end()) if head else len(statement)
    return statement[close + 1 :].strip() if close < len(statement) else statement


LAMBDA = re.compile(r"(?<![\w\])])\[([^\[\]]*)\]\s*(?=\()")


def lambdas(code):
    """(offset, captures, body) of every lambda with a parameter list."""
    for hit in LAMBDA.finditer(code):
        parameters_end = matching_close(code, hit.end())
        body = code.find("{", parameters_end)
        between = code[parameters_end + 1 : body]
        if body >= 0 and re.fullmatch(r"[\w\s:<>,*&>-]*", between):
            yield hit.start(), hit.group(1).strip(), code[body : matching_close(code, body)]


def no_captures_beside_await(code):
    for start, captures, body in lambdas(code):
        own = body
        for _, _, inner in lambdas(body):
            own = own.replace(inner, "")
        if captures and re.search(r"\bco_(await|return|yield)\b", own):
            yield line_of(code, start), "a coroutine lambda with captures, which die before it: write a function"


def words_of(name):
    return [word.lower() for word in re.findall(r"v\d+|[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)]


def empty_words(path, name):
    if name in GIVEN_NAMES:
        return
    for word in words_of(name):
        if word in WORDS_OF_PROTOCOLS and re.search(WORDS_OF_PROTOCOLS[word], path):
            continue
        if word in EMPTY_WORDS:
            yield f"'{word}' in the name {name}: say {EMPTY_WORDS[word]}"


def path_words(path):
    for part in path.rsplit(".", 1)[0].split("/"):
        for message in empty_words(path, part):
            yield 1, message


def symbols(root, paths):
    """What universal-ctags finds: names, where functions end, what they take."""
    command = ["ctags", "--output-format=json", "--fields=+neSK", "--languages=C++", "--langmap=C++:.cpp.hpp"]
    command += ["--c++-kinds=+p-d", "-f", "-", "-L", "-"]
    try:
        done = subprocess.run(command, cwd=root, input="\n".join(paths), capture_output=True, text=True, check=True)
    except FileNotFoundError:
        raise SystemExit("tidy: universal-ctags is missing; ./dev setup installs it")
    return [json.loads(line) for line in done.stdout.splitlines()]


def symbol_rules(symbol):
    """(line, message) for one name that ctags found."""
    path, name, line = symbol["path"], symbol["name"], symbol["line"]
    if not symbol["name"].startswith(("operator", "__anon")):
        for message in empty_words(path, name.lstrip("~")):
            yield line, message
    if symbol["kind"] == "function" and symbol.get("end", line) - line + 1 > FUNCTION_LINES_MAX:
        length = symbol["end"] - line + 1
        yield line, f"{name} has {length} lines; a function fits a screen ({FUNCTION_LINES_MAX}): name its parts"
    if symbol["kind"] in ("function", "prototype") and symbol.get("signature", "").startswith("("):
        count = parameter_count(symbol["signature"])
        if count > PARAMETERS_MAX:
            yield line, f"{name} takes {count} parameters; at most {PARAMETERS_MAX}: give what belongs together a type"
