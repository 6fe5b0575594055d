"""Large forms, made on the fly, and what all their tests look at."""

import hashlib
import struct
from decimal import Decimal

from forms import form
from gateway import Gateway
from rawhttp import RawConnection
from test_transcriptions import sound
from upload_provider import Upload
from wait import wait_until

MB = 1024 * 1024
RATE = 8000  # of samples; two bytes each
PIECE = bytes(range(256)) * 256


HELD_BYTES = 512 * 1024


def make_house(folder, provider, **settings) -> Gateway:
    gateway = Gateway(folder, None, {"form_held_bytes_max": HELD_BYTES} | settings)
    if getattr(provider, "certificate", None):
        gateway.policies.trust(provider.certificate)
    gateway.env |= {"OPENAI_BASE_URL": provider.url, "OPENAI_API_KEY": "sk-x"}
    both = ["transcriptions", "translations"]
    gateway.policies.model("whisper", endpoints=both, context=16000, max_output=2000, input="0",
                           output="0", second="0.0001", second_max=7000,
                           candidates=[{"provider": "openai", "model": "theirs"}])  # fmt: skip
    gateway.policies.write("examples", "return {}\n")
    gateway.policies.write("limits", "return {}\n")
    return gateway


def wave_head(sound_bytes: int) -> bytes:
    return sound(0)[:40] + sound_bytes.to_bytes(4, "little")


def caf_head(sound_bytes: int) -> bytes:
    """Linear PCM, as Apple's recorders write it: big-endian, one packet a sample."""
    description = struct.pack(">d4sIIIII", RATE, b"lpcm", 0, 2, 1, 1, 16)
    chunks = (b"desc" + struct.pack(">q", len(description)) + description,
              b"data" + struct.pack(">q", 4 + sound_bytes) + bytes(4))  # fmt: skip
    return b"caff\0\1\0\0" + b"".join(chunks)


class Form:
    """A form whose file, a WAV, is made on the fly. `digest`: of what the provider must get."""

    def __init__(self, sound_bytes: int, before=(("model", "whisper"),), after=(), head=wave_head):
        head = head(sound_bytes)
        front = form(*before, ("file", "\0FILE\0", "a.wav"), *after)
        self.before, _, self.after = front.partition(b"\0FILE\0")
        self.before += head
        self.sound_bytes = sound_bytes
        self.bytes = len(self.before) + sound_bytes + len(self.after)

    def pieces(self):
        yield self.before
        for at in range(0, self.sound_bytes, len(PIECE)):
            yield PIECE[: min(len(PIECE), self.sound_bytes - at)]
        yield self.after

    def digest(self, ours: bytes = b"whisper", theirs: bytes = b"theirs") -> str:
        digest = hashlib.sha256()
        for i, piece in enumerate(self.pieces()):
            digest.update(piece.replace(ours, theirs) if i == 0 else piece)
        return digest.hexdigest()

    @property
    def seconds(self) -> int:
        return -(-self.sound_bytes // (2 * RATE))


def head_of(customer, length: int | None, path="/audio/transcriptions", **headers) -> bytes:
    lines = [f"POST /api/v1{path} HTTP/1.1", "Host: a", f"Authorization: Bearer {customer.key}",
             "Content-Type: multipart/form-data; boundary=XyZ",
             "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}",
             *(f"{name}: {value}" for name, value in headers.items())]  # fmt: skip
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def upload(customer, what: Form, chunked: bool = False, **headers) -> RawConnection:
    connection = customer.gateway.connect(timeout=30)
    connection.send(head_of(customer, None if chunked else what.bytes, **headers))
    for piece in what.pieces():
        connection.send(chunk(piece) if chunked else piece)
    if chunked:
        connection.send(b"0\r\n\r\n")
    return connection


def is_exact(got: Upload, sent: Form) -> None:
    assert got.whole
    assert got.digest.hexdigest() == sent.digest()


def costs_nothing(customer, got: Upload) -> None:
    """The provider never had the whole request, so nothing is paid for it."""
    wait_until(lambda: got.ended, 10, "the provider's side has ended")
    assert not got.whole
    customer.wait_for_no_hold()
    assert customer.balance == Decimal("100")


def begin_upload(customer, what: Form, pieces: int, **headers) -> RawConnection:
    """Sends only so many pieces."""
    connection = customer.gateway.connect(timeout=30)
    connection.send(head_of(customer, what.bytes, **headers))
    for _, piece in zip(range(pieces), what.pieces(), strict=False):
        connection.send(piece)
    return connection
