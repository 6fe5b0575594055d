"""A llama or a BERT of random weights, a few MB small, with the real vocabulary of another one."""

import random
import re
import struct
from math import prod
from pathlib import Path

WIDTH, INNER, HEADS = 32, 64, 2
SIZES = {
    "block_count": 1,
    "embedding_length": WIDTH,
    "feed_forward_length": INNER,
    "attention.head_count": HEADS,
    "attention.head_count_kv": HEADS,
    "rope.dimension_count": WIDTH // HEADS,
}
F32, Q8_0, UINT32 = 0, 8, 4
BERT_CONTEXT = 512  # as its vocabulary says
ALIGNMENT = 32  # of each tensor's place


def llama_shapes(tokens: int) -> dict[str, tuple[int, ...]]:
    """Of a model's tensors, the inner dimension first."""
    square = (WIDTH, WIDTH)
    return {
        "token_embd.weight": (WIDTH, tokens),
        "output.weight": (WIDTH, tokens),
        "output_norm.weight": (WIDTH,),
        "blk.0.attn_norm.weight": (WIDTH,),
        **{f"blk.0.attn_{name}.weight": square for name in ("q", "k", "v", "output")},
        "blk.0.ffn_norm.weight": (WIDTH,),
        "blk.0.ffn_gate.weight": (WIDTH, INNER),
        "blk.0.ffn_up.weight": (WIDTH, INNER),
        "blk.0.ffn_down.weight": (INNER, WIDTH),
    }


def bert_shapes(tokens: int) -> dict[str, tuple[int, ...]]:
    """One that embeds, and with its last two tensors ranks (src/models/bert.cpp)."""
    square = (WIDTH, WIDTH)
    norms = ("token_embd_norm", "blk.0.attn_output_norm", "blk.0.layer_output_norm")
    return {
        "token_embd.weight": (WIDTH, tokens),
        "position_embd.weight": (WIDTH, BERT_CONTEXT),
        **{f"{name}.{part}": (WIDTH,) for name in norms for part in ("weight", "bias")},
        **{f"blk.0.attn_{name}.weight": square for name in ("q", "k", "v", "output")},
        "blk.0.ffn_up.weight": (WIDTH, INNER),
        "blk.0.ffn_down.weight": (INNER, WIDTH),
        "cls.weight": square,
        "cls.output.weight": (WIDTH, 1),
    }


def weights(shape: tuple[int, ...], rng: random.Random) -> tuple[int, bytes]:
    """Their type and bytes: ones for a norm, else blocks of a scale and 32 bytes."""
    if len(shape) == 1:
        return F32, struct.pack("<f", 1.0) * shape[0]
    scale = struct.pack("<e", 1 / 64)
    return Q8_0, b"".join(scale + rng.randbytes(32) for _ in range(prod(shape) // 32))


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % ALIGNMENT)


def with_sizes(metadata: bytes) -> bytes:
    """With the tiny one's sizes instead of the real one's, each of which stands behind its name."""
    kind = struct.pack("<I", UINT32)
    for name, size in SIZES.items():
        place = re.compile(re.escape(b"." + name.encode() + kind) + b".{4}", re.DOTALL)
        metadata = place.sub(
            lambda match, size=size: match[0][:-4] + struct.pack("<I", size), metadata
        )
    return metadata


def make_model(vocabulary: Path, model: Path) -> None:
    """A vocabulary is a GGUF file with metadata and no tensors; a model has them behind."""
    head, metadata = struct.Struct("<4sIQQ"), vocabulary.read_bytes()
    magic, version, _, entries = head.unpack_from(metadata)
    key = b"tokenizer.ggml.tokens"
    (tokens,) = struct.unpack_from("<Q", metadata, metadata.index(key) + len(key) + 8)
    rng, infos, data = random.Random(7), b"", b""
    is_bert = b"bert.block_count" in metadata
    tensors = bert_shapes(tokens) if is_bert else llama_shapes(tokens)
    for name, shape in tensors.items():
        kind, values = weights(shape, rng)
        name = name.encode()
        infos += struct.pack("<Q", len(name)) + name
        infos += struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, len(data))
        data += padded(values)
    start = head.pack(magic, version, len(tensors), entries) + with_sizes(metadata[head.size :])
    model.write_bytes(padded(start + infos) + data)
