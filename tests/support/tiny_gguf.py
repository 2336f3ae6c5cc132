"""Writes a random-weight llama-architecture GGUF of about half a megabyte: the text is noise, the engine is real.

Usage: tiny_gguf.py OUT. Format: github.com/ggml-org/ggml, docs/gguf.md (version 3), byte-level SPM vocabulary.
"""

import random
import struct
import sys

DIMENSION, LAYERS, HEADS, CONTEXT = 64, 2, 4, 2048
UINT32, INT32, FLOAT32, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9
ALIGNMENT = 32


def text(value):
    raw = value.encode()
    return struct.pack("<Q", len(raw)) + raw


def member(name, kind, value):
    return text(name) + struct.pack("<I", kind) + value


def array(kind, items):
    return struct.pack("<IQ", kind, len(items)) + b"".join(items)


def vocabulary():
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    tokens = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    plain = ["\u2581", *letters, *("\u2581" + letter for letter in letters), "\u2581the", "\u2581and", "ing", "er", "th"]
    kinds = [2, 3, 3] + [6] * 256 + [1] * len(plain)
    scores = [0.0] * 259 + [-float(rank) for rank in range(len(plain))]
    return tokens + plain, kinds, scores


def members(tokens, kinds, scores):
    yield member("general.architecture", STRING, text("llama"))
    yield member("general.name", STRING, text("tiny-random"))
    yield member("general.alignment", UINT32, struct.pack("<I", ALIGNMENT))
    yield member("general.file_type", UINT32, struct.pack("<I", 0))
    numbers = {
        "block_count": LAYERS,
        "context_length": CONTEXT,
        "embedding_length": DIMENSION,
        "feed_forward_length": 2 * DIMENSION,
        "attention.head_count": HEADS,
        "attention.head_count_kv": HEADS,
        "rope.dimension_count": DIMENSION // HEADS,
        "vocab_size": len(tokens),
    }
    for name, value in numbers.items():
        yield member(f"llama.{name}", UINT32, struct.pack("<I", value))
    yield member("llama.attention.layer_norm_rms_epsilon", FLOAT32, struct.pack("<f", 1e-5))
    yield member("tokenizer.ggml.model", STRING, text("llama"))
    yield member("tokenizer.ggml.pre", STRING, text("default"))
    yield member("tokenizer.ggml.tokens", ARRAY, array(STRING, [text(token) for token in tokens]))
    yield member("tokenizer.ggml.scores", ARRAY, array(FLOAT32, [struct.pack("<f", score) for score in scores]))
    yield member("tokenizer.ggml.token_type", ARRAY, array(INT32, [struct.pack("<i", kind) for kind in kinds]))
    for name, value in (("bos", 1), ("eos", 2), ("unknown", 0)):
        yield member(f"tokenizer.ggml.{name}_token_id", UINT32, struct.pack("<I", value))
    yield member("tokenizer.ggml.add_bos_token", BOOL, b"\x01")


def tensors(vocabulary_size):
    rng = random.Random(1)

    def noise(count, deviation):
        return struct.pack(f"<{count}f", *(rng.gauss(0, deviation) for _ in range(count)))

    def ones(count):
        return struct.pack(f"<{count}f", *[1.0] * count)

    wide = 2 * DIMENSION
    yield "token_embd.weight", (DIMENSION, vocabulary_size), noise(DIMENSION * vocabulary_size, 0.5)
    yield "output_norm.weight", (DIMENSION,), ones(DIMENSION)
    yield "output.weight", (DIMENSION, vocabulary_size), noise(DIMENSION * vocabulary_size, 0.3)
    for layer in range(LAYERS):
        shapes = {
            "attn_q": (DIMENSION, DIMENSION),
            "attn_k": (DIMENSION, DIMENSION),
            "attn_v": (DIMENSION, DIMENSION),
            "attn_output": (DIMENSION, DIMENSION),
            "ffn_gate": (DIMENSION, wide),
            "ffn_up": (DIMENSION, wide),
            "ffn_down": (wide, DIMENSION),
        }
        for name, shape in shapes.items():
            yield f"blk.{layer}.{name}.weight", shape, noise(shape[0] * shape[1], 0.15)
        for name in ("attn_norm", "ffn_norm"):
            yield f"blk.{layer}.{name}.weight", (DIMENSION,), ones(DIMENSION)


def padded(raw):
    return raw + b"\0" * (-len(raw) % ALIGNMENT)


def write_gguf(path):
    tokens, kinds, scores = vocabulary()
    described = list(members(tokens, kinds, scores))
    data = list(tensors(len(tokens)))
    table, offset = b"", 0
    for name, shape, raw in data:
        table += text(name) + struct.pack("<I", len(shape)) + b"".join(struct.pack("<Q", size) for size in shape)
        table += struct.pack("<IQ", 0, offset)
        offset += len(padded(raw))
    with open(path, "wb") as file:
        file.write(padded(b"GGUF" + struct.pack("<IQQ", 3, len(data), len(described)) + b"".join(described) + table))
        for _, _, raw in data:
            file.write(padded(raw))


if __name__ == "__main__":
    write_gguf(sys.argv[1])
