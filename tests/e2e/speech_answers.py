"""What a provider of speech can answer, made by hand: sounds of a known length in the usual forms,
as bytes or as events."""

import base64
import json
import struct

from answers import SSE_TYPE, head, http_chunk
from fake_provider import Connection, Gate, Received

PCM_BYTES_PER_S = 48000


def pcm(seconds: float) -> bytes:
    return bytes(i * 7 % 256 for i in range(1000)) * int(seconds * PCM_BYTES_PER_S / 1000)


def wav(seconds: float, length: int = 0xFFFFFFFF) -> bytes:
    """24 kHz, 16 bit, one channel; a stream does not know its length."""
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 24000, 48000, 2, 16)
    riff = struct.pack("<4sI4s", b"RIFF", length, b"WAVE")
    return riff + form + struct.pack("<4sI", b"data", length) + pcm(seconds)


def mp3(seconds: float) -> bytes:
    """Frames of MPEG 2 layer III, 24 kHz, 64 kbit/s: 576 samples in 192 bytes, 24 ms."""
    frame = bytes([0xFF, 0xF3, 0x84, 0xC4]) + bytes(188)
    tag = b"ID3\x04\x00\x00\x00\x00\x00\x0a" + bytes(10)
    return tag + frame * round(seconds / 0.024)


def whole(sound: bytes, kind: str = "audio/mpeg", status: int = 200):
    """With its length."""

    async def answer(connection: Connection, request: Received) -> None:
        fields = {"Content-Type": kind, "Content-Length": str(len(sound))}
        await connection.send(head(status, fields) + sound)

    return answer


def chunked(
    *pieces: bytes,
    kind: str = "audio/mpeg",
    gate: Gate | None = None,
    ending: str = "end",
    length: int | None = None,
):
    """Piece by piece; `gate` stands before the last one, `ending` "cut" breaks off behind it."""

    async def answer(connection: Connection, request: Received) -> None:
        framing = (
            {"Transfer-Encoding": "chunked"} if length is None else {"Content-Length": str(length)}
        )
        await connection.send(head(200, {"Content-Type": kind, **framing}))
        for index, piece in enumerate(pieces):
            if gate is not None and index == len(pieces) - 1:
                await connection.until(gate)
            await connection.send(http_chunk(piece) if length is None else piece)
            await connection.pause(0.002)
        if ending == "cut":
            connection.close()
        elif length is None:
            await connection.send(b"0\r\n\r\n")

    return answer


def event(kind: str, **members) -> bytes:
    data = json.dumps({"type": kind, **members}, separators=(",", ":"))
    return f"event: {kind}\ndata: {data}\n\n".encode()


def deltas(sound: bytes, size: int = 9000) -> list[bytes]:
    pieces = (sound[at : at + size] for at in range(0, len(sound), size))
    return [event("speech.audio.delta", audio=base64.b64encode(piece).decode()) for piece in pieces]


def done(input_tokens: int, output_tokens: int) -> bytes:
    usage = {"input_tokens": input_tokens, "output_tokens": output_tokens,
             "total_tokens": input_tokens + output_tokens}  # fmt: skip
    return event("speech.audio.done", usage=usage)


def events(*parts: bytes, ending: str = "end"):
    async def answer(connection: Connection, request: Received) -> None:
        await connection.send(head(200, SSE_TYPE))
        for part in parts:
            await connection.send(http_chunk(part))
            await connection.pause(0.001)
        if ending == "end":
            await connection.send(b"0\r\n\r\n")
        else:
            connection.close()

    return answer
