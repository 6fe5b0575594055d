"""whisper.cpp's own server behind the gateway, sold by the second: the official client reads its
answers, and what it cannot read costs nothing."""

import os
import re
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from gateway import ROOT, Gateway
from policy_prices import exact_of, rounded_up
from prices import usd
from real_server import running
from test_transcriptions import sound
from tiny_whisper import make_whisper

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]
PROGRAM = Path(os.environ.get("WHISPER") or ROOT / "build/whisper/whisper-server")
PATH = "/v1/audio/transcriptions"
LISTENS = "0A"  # in /proc/net/tcp


def sockets_of(pid: int) -> set[str]:
    found = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):  # it may have closed one meanwhile
            found.add(os.readlink(link))
    return found


def listening_port(pid: int) -> int | None:
    """It asks the kernel for a port, and does not say which it got."""
    sockets = sockets_of(pid)
    for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
        place, state, inode = (line.split()[index] for index in (1, 3, 9))
        if state == LISTENS and f"socket:[{inode}]" in sockets:
            return int(place.split(":")[1], 16)
    return None


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whisper")
    make_whisper(folder / "tiny.bin")
    # One attempt at a text, because this model is never sure of it.
    command = [PROGRAM, "-m", folder / "tiny.bin", "-t", "1", "-nf", "-bs", "1", "-bo", "1",
               "--host", "127.0.0.1", "--port", "0", "--inference-path", PATH]  # fmt: skip

    def find_origin(process: subprocess.Popen) -> str | None:
        port = listening_port(process.pid)
        return port and f"http://127.0.0.1:{port}"

    with running(command, folder / "whisper.log", find_origin, cwd=folder) as origin:
        yield origin


@pytest.fixture(scope="module")
def house(origin, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("house"), None, {})
    gateway.policies.write("examples", "return {}\n")
    gateway.policies.provider("whisper", base_url=origin + "/v1", api_key=False,
                              dialect=["transcriptions"])  # fmt: skip
    gateway.policies.model("hears", endpoints=["transcriptions"], providers=("whisper",),
                           second="0.000113", second_max=600, input="0", output="0",
                           context=16000, max_output=2000)  # fmt: skip
    yield from gateway.served()


@pytest.fixture
def customer(house):
    return house.customer()


def transcribe(customer, content: bytes, **how):
    client = customer.openai(timeout=120)
    return client.audio.transcriptions.create(model="hears", file=("a.wav", content), **how)


def check_charge(house, customer, seconds: int) -> None:
    customer.wait_for_no_hold()
    cost = usd(customer.wait_for_record()["cost"])
    charge = rounded_up(exact_of(house.policies, "hears", {"second": seconds}))
    assert 10 - customer.balance == cost == charge > 0


@pytest.mark.parametrize("form", ["json", "text", "srt", "vtt"])
def test_a_transcription(house, customer, form):
    """It says nothing of the sound's length; that is measured."""
    found = transcribe(customer, sound(2.3, rate=16000), response_format=form)
    said = found.text if form == "json" else found
    assert re.search(r"w\d+", said), "a word of the tiny model's"
    assert ("-->" in said) == (form in ("srt", "vtt"))
    check_charge(house, customer, 3)


@pytest.mark.parametrize("form", ["json", "text", "srt"])
def test_a_sound_that_it_cannot_read(customer, form):
    """It takes 16 kHz alone, and says so in a 200 with an error in JSON, whatever the form."""
    reply = customer.gateway.http.post(
        PATH, headers=customer.authorization, data={"model": "hears", "response_format": form},
        files={"file": ("a.wav", sound(2.3, rate=8000))}, timeout=120)  # fmt: skip
    assert reply.status_code >= 400, reply.text
    assert reply.json()["error"]["message"]
    customer.wait_for_no_hold()
    assert customer.balance == 10
