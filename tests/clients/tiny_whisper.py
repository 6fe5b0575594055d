"""A Whisper of random weights for whisper.cpp, in the form that its convert-pt-to-ggml.py writes:
it hears nothing and says words that mean nothing, but knows the real one's languages and tasks."""

import array
import random
import struct
from pathlib import Path

MAGIC = 0x67676D6C
VOCABULARY, WORDS = 51865, 50257  # the rest are marks: languages, tasks, times
AUDIO_CONTEXT, TEXT_CONTEXT = 1500, 448
WIDTH, HEADS, LAYERS = 64, 2, 4
MELS, FREQUENCIES = 80, 201
F32, F16 = 0, 1

Shapes = dict[str, tuple[int, ...]]


def attention(name: str) -> Shapes:
    made = {f"{name}_ln.weight": (WIDTH,), f"{name}_ln.bias": (WIDTH,)}
    for part in ("query", "key", "value", "out"):
        made[f"{name}.{part}.weight"] = (WIDTH, WIDTH)
        if part != "key":
            made[f"{name}.{part}.bias"] = (WIDTH,)
    return made


def block(name: str, *, crosses: bool) -> Shapes:
    return {
        f"{name}.mlp_ln.weight": (WIDTH,),
        f"{name}.mlp_ln.bias": (WIDTH,),
        f"{name}.mlp.0.weight": (WIDTH, 4 * WIDTH),
        f"{name}.mlp.0.bias": (4 * WIDTH,),
        f"{name}.mlp.2.weight": (4 * WIDTH, WIDTH),
        f"{name}.mlp.2.bias": (WIDTH,),
        **attention(f"{name}.attn"),
        **(attention(f"{name}.cross_attn") if crosses else {}),
    }


def shapes() -> Shapes:
    """Of all tensors, the inner dimension first."""
    made: Shapes = {
        "encoder.positional_embedding": (WIDTH, AUDIO_CONTEXT),
        "encoder.conv1.weight": (3, MELS, WIDTH),
        "encoder.conv1.bias": (1, WIDTH),
        "encoder.conv2.weight": (3, WIDTH, WIDTH),
        "encoder.conv2.bias": (1, WIDTH),
        "encoder.ln_post.weight": (WIDTH,),
        "encoder.ln_post.bias": (WIDTH,),
        "decoder.positional_embedding": (WIDTH, TEXT_CONTEXT),
        "decoder.token_embedding.weight": (WIDTH, VOCABULARY),
        "decoder.ln.weight": (WIDTH,),
        "decoder.ln.bias": (WIDTH,),
    }
    for layer in range(LAYERS):
        made |= block(f"encoder.blocks.{layer}", crosses=False)
        made |= block(f"decoder.blocks.{layer}", crosses=True)
    return made


def is_small(name: str, shape: tuple[int, ...]) -> bool:
    """Kept as 32-bit floats."""
    return len(shape) == 1 or "positional" in name or name.endswith("bias")


def tensor(name: str, shape: tuple[int, ...], rng: random.Random) -> bytes:
    count = 1
    for length in shape:
        count *= length
    if is_small(name, shape):
        value = 1.0 if name.endswith("weight") else 0.0
        data, kind = array.array("f", [value]) * count, F32
    else:
        values = [rng.gauss(0, 0.2) for _ in range(4096)]
        data, kind = struct.pack("<4096e", *values) * (count // 4096 + 1), F16
        data = data[: 2 * count]
    head = struct.pack("<iii", len(shape), len(name), kind) + struct.pack(f"<{len(shape)}i", *shape)
    return head + name.encode() + bytes(data)


def make_whisper(path: Path) -> None:
    rng = random.Random(7)
    with path.open("wb") as out:
        out.write(struct.pack("<Ii", MAGIC, VOCABULARY))
        for context in (AUDIO_CONTEXT, TEXT_CONTEXT):
            out.write(struct.pack("<4i", context, WIDTH, HEADS, LAYERS))
        out.write(struct.pack("<2i", MELS, F16))
        out.write(struct.pack("<ii", MELS, FREQUENCIES))
        out.write(array.array("f", [rng.random() / 50 for _ in range(MELS * FREQUENCIES)]))
        out.write(struct.pack("<i", WORDS))
        for number in range(WORDS):
            word = f" w{number}".encode() if number else b" "  # it looks for that one
            out.write(struct.pack("<I", len(word)) + word)
        for name, shape in shapes().items():
            out.write(tensor(name, shape, rng))
