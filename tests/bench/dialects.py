"""Instructions of a streamed event for each pair of dialects: of the client, and of the provider.

    ./dev build && build/venv/bin/python tests/bench/dialects.py [CLIENT:PROVIDER...]

The gateway (or PROGRAM of the environment) runs under callgrind and relays a stream of 1,000 and
one of 16,000 pieces of text, 16 to a write; the difference is what 15,000 events cost, without the
start and the end. Events of the dialects differ in length, and those of Responses end with their
whole text four times: so each figure is also given by the byte that the provider has sent.

The figures depend on what else the machine is doing, though they are no times: how many events one
read finds, and how often the timers run, follow from the load. Runs of one build differ by some
per cent (chat 569 to 590 on a calm machine, 560 to 610 on a busy one), so compare two builds side
by side, by the middle of three runs. docs/PERFORMANCE.md has a table of them.
"""

import os
import re
import stat
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))

import answers  # noqa: E402
import anthropic_answers  # noqa: E402
import gateway as gateways  # noqa: E402
import gemini_answers  # noqa: E402
import responses_answers  # noqa: E402
from fake_provider import Provider  # noqa: E402
from prices import Price  # noqa: E402

DIALECTS = ("openai", "openai-responses", "anthropic", "gemini")
PRICE = Price("0.03", "0.15", "0.030")
FEW, MANY, TO_A_WRITE = 1000, 16000, 16
HELLO = [{"role": "user", "content": "hi"}]
ASK = {
    "openai": ("/v1/chat/completions", {"model": "m", "messages": HELLO, "stream": True}),
    "openai-responses": ("/v1/responses", {"model": "m", "input": "hi", "stream": True}),
    "anthropic": (
        "/v1/messages",
        {"model": "m", "messages": HELLO, "max_tokens": 100000, "stream": True},
    ),
    "gemini": (
        "/v1beta/models/m:streamGenerateContent?alt=sse",
        {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]},
    ),
}


def events_of(dialect: str, count: int) -> list[bytes]:
    pieces = tuple(f" wor{number:04}" for number in range(count))
    if dialect == "anthropic":
        said = anthropic_answers.Message(pieces=pieces, output_tokens=count, ping=False)
        return said.events({"model": "m"})
    if dialect == "openai-responses":
        said = responses_answers.Response(pieces=pieces, output_tokens=count)
        return said.events({"model": "m"})
    if dialect == "gemini":
        return gemini_answers.Content(pieces=pieces, output_tokens=count).events()
    said = answers.Chat(pieces=pieces, usage=answers.Usage(19, count))
    return said.events({"stream": True, "model": "m"})


def event_bytes(dialect: str) -> float:
    few, many = (sum(map(len, events_of(dialect, count))) for count in (FEW, MANY))
    return (many - few) / (MANY - FEW)


def instructions(folder: Path, client: str, provider_dialect: str, count: int) -> int:
    """Of a gateway that has relayed one such stream, from its start to its end."""
    provider = Provider(default=answers.chat())
    house = gateways.Gateway(folder, provider, {"workers": 1})
    house.policies.provider("p", dialect=provider_dialect)
    house.policies.model("m", PRICE, providers=("p",), max_output=100000)
    house.policies.write("examples", "return {}\n")
    house.start()
    try:
        customer = house.customer()
        events = events_of(provider_dialect, count)
        provider.answer = answers.stream(
            [b"".join(events[at : at + TO_A_WRITE]) for at in range(0, count, TO_A_WRITE)]
            + events[(count // TO_A_WRITE + bool(count % TO_A_WRITE)) * TO_A_WRITE :]
        )
        path, body = ASK[client]
        reply = house.http.post(path, json=body, headers=customer.authorization, timeout=300)
        assert f"wor{count - 1:04}" in reply.text, reply.text[-500:]
    finally:
        house.stop()
        provider.stop()
    totals = [re.search(r"^(?:summary|totals): (\d+)", file.read_text(), re.MULTILINE)
              for file in folder.glob("callgrind.*")]  # fmt: skip
    return max(int(total[1]) for total in totals if total)  # the others are of commands


def wrapper(folder: Path) -> Path:
    """Starts the gateway under callgrind; the counts go where it runs. A long copy by `rep movsb`
    is one instruction, but callgrind counts one for each byte: so it is done by others."""
    script = folder / "under-callgrind"
    program = Path(os.environ.get("PROGRAM") or ROOT / "build/llm-gateway")
    script.write_text(
        "#!/bin/sh\nexport GLIBC_TUNABLES=glibc.cpu.x86_rep_movsb_threshold=1073741824:"
        "glibc.cpu.x86_rep_stosb_threshold=1073741824\n"
        f"exec valgrind --tool=callgrind --callgrind-out-file=callgrind.%p {program} "
        '"$@"\n'
    )
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return script


def main() -> None:
    pairs = [tuple(pair.split(":")) for pair in sys.argv[1:]]
    pairs = pairs or [(client, provider) for client in DIALECTS for provider in DIALECTS]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        gateways.BINARY = wrapper(folder)
        gateways.START_TIMEOUT_S = gateways.STOP_TIMEOUT_S = 120
        for number, (client, provider) in enumerate(pairs):
            counts = []
            for count in (FEW, MANY):
                own = folder / f"{number}-{count}"
                own.mkdir()
                counts.append(instructions(own, client, provider, count))
            each = (counts[1] - counts[0]) / (MANY - FEW)
            a_byte = each / event_bytes(provider)
            print(f"{client:18} {provider:18} {each:10,.0f} {a_byte:6.2f} a byte", flush=True)


if __name__ == "__main__":
    os.environ.pop("GATEWAY_BINARY", None)
    main()
