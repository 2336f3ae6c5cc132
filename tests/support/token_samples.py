"""Texts of four kinds for the token estimate: what this repository, its packages and its gateway hold."""

import json
import random
import re

from support.processes import ROOT

CHARACTERS_MIN, CHARACTERS_MAX = 60, 3000


def _pieces(text, count, source):
    """Pieces of any length, short ones as often as long ones."""
    for _ in range(count):
        length = min(len(text), int(CHARACTERS_MIN * (CHARACTERS_MAX / CHARACTERS_MIN) ** source.random()))
        begin = source.randrange(len(text) - length + 1)
        yield text[begin : begin + length]


def _english(source):
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("docs/decisions/*.md"), ROOT / "LICENSE"]
    for page in sorted(pages):
        text = re.sub(r"```.*?```", "", page.read_text(), flags=re.S)
        prose = "\n\n".join(part for part in text.split("\n\n") if not part.startswith(("|", "#", "    ")))
        if len(prose) > 500:
            yield from _pieces(prose, 6, source)


def _code(source):
    files = [
        *sorted(ROOT.glob("src/**/*.cpp"))[::20],
        *sorted(ROOT.glob("src/**/*.hpp"))[::20],
        *sorted((ROOT / "tests").glob("end_to_end/*.py")),
        *sorted((ROOT / "tests/node/node_modules/openai").glob("*.js")),
        *sorted((ROOT / "tests/node/node_modules/openai/resources").glob("*.ts"))[:10],
        ROOT / "dev",
    ]
    for file in files:
        yield from _pieces(file.read_text(), 2, source)


def _cjk(source):
    paragraphs = (ROOT / "tests/support/cjk_samples.txt").read_text().strip().split("\n\n")
    yield from paragraphs
    for first in range(0, len(paragraphs), 4):
        yield from _pieces("\n".join(paragraphs[first : first + 4]), 20, source)


def _record(source, depth=0):
    words = "the order was sent to the customer and will arrive soon please check your address before paying".split()
    makers = {
        "id": lambda: source.randrange(10 ** source.randrange(1, 9)),
        "uuid": lambda: f"{source.getrandbits(32):08x}-{source.getrandbits(16):04x}-4{source.getrandbits(12):03x}",
        "email": lambda: f"user{source.randrange(1000)}@example.com",
        "created_at": lambda: f"2026-{source.randrange(1, 13):02}-{source.randrange(1, 29):02}T09:30:00Z",
        "price": lambda: round(source.uniform(0, 1000), 2),
        "active": lambda: source.choice([True, False, None]),
        "description": lambda: " ".join(source.choices(words, k=source.randrange(3, 15))),
        "tags": lambda: source.choices(["red", "large", "new", "sale", "admin"], k=source.randrange(4)),
        "address": lambda: _record(source, depth + 1) if depth < 2 else None,
    }
    return {name: makers[name]() for name in source.sample(sorted(makers), source.randrange(3, 9))}


def _json(gateway, source):
    documents = [gateway.admin.get("/openapi.json").json(), gateway.live(), gateway.admin.get("/tenants").json()]
    for document in documents:
        for indent in (None, 2):
            text = json.dumps(document, indent=indent)
            if len(text) > CHARACTERS_MIN:
                yield from _pieces(text, 10, source)
    for _ in range(60):
        record = _record(source)
        yield json.dumps(record, indent=source.choice([None, 2]))
        yield json.dumps(record, separators=(",", ":"))


def token_samples(gateway):
    """{kind: [text, …]}: of each kind the same, whatever the files of another kind hold."""
    kinds = {
        "English": _english(random.Random("English")),
        "code": _code(random.Random("code")),
        "CJK": _cjk(random.Random("CJK")),
        "JSON": _json(gateway, random.Random("JSON")),
    }
    return {kind: list(texts) for kind, texts in kinds.items()}
