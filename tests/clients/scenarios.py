"""What the provider does in each scenario, and what every client must make of it."""

from dataclasses import dataclass

import answers
from answers import DONE, Chat, Usage, head, reply, stream
from fake_provider import Answer
from prices import Price

PRICE = Price("0.15", "0.60")
USAGE = Usage(100, 50)
CHAT = Chat(usage=USAGE, usage_in_chunks="always", null_usage=False)
EVENTS = CHAT.events({"model": "m"})
WHOLE = b"".join(EVENTS)
PARTIAL = EVENTS[:3]  # "Hello there"


@dataclass(frozen=True)
class Scenario:
    name: str
    answer: Answer
    text: str = CHAT.text
    error: str | None = None  # words of the message

    @property
    def model(self) -> str:
        return self.name.replace(" ", "-")


def quiet(events: list[bytes]):
    """Silent in its middle for several comments of ours."""

    async def answer(connection, request):
        await connection.send(head(200, answers.SSE_TYPE))
        for index, event in enumerate(events):
            if index == 3:
                await connection.pause(0.45)
            await connection.send(answers.http_chunk(event))
        await connection.send(b"0\r\n\r\n")

    return answer


def late(events: list[bytes]):
    """Silent before its first word, so that the stream begins with comments."""

    async def answer(connection, request):
        await connection.pause(0.6)
        await stream(events)(connection, request)

    return answer


def numbered(events: list[bytes]) -> list[bytes]:
    return [b"id: %d\nevent: message\n" % i + event for i, event in enumerate(events)]


def wordy(events: list[bytes]) -> list[bytes]:
    """Blocks without data and comments between them."""
    return [b": busy\n\nid: 1\n\nretry: 5\n\ndata:\n\n" + event for event in events]


NULLS = [event.replace(b'"choices"', b'"error":null,"choices"') for event in EVENTS]
LINES = [event.replace(b',"choices"', b',\ndata: "choices"') for event in EVENTS]
UNTYPED = {"Content-Type": "text/plain"}
PAID = "was charged"
FREE = "Nothing was charged"

SCENARIOS = [
    Scenario("usual", stream(EVENTS)),
    Scenario("quiet", quiet(EVENTS)),
    Scenario("quiet with ids", quiet(numbered(EVENTS))),
    Scenario("late", late(EVENTS)),
    Scenario("wordy", stream(wordy(EVENTS))),
    Scenario("error null", stream(NULLS)),
    Scenario("byte order mark", stream([b"\xef\xbb\xbf" + WHOLE])),
    Scenario("several lines", stream(LINES)),
    Scenario("lone CRs", stream([WHOLE.replace(b"\n", b"\r")])),
    Scenario("CRLF", stream([WHOLE.replace(b"\n", b"\r\n")])),
    Scenario("no type", stream(EVENTS, headers=UNTYPED)),
    Scenario("plain answer", reply(200, CHAT.body("m"))),
    Scenario("estimated", stream([*EVENTS[:-2], DONE])),
    Scenario("cut", stream(PARTIAL, ending="cut"), "Hello there", PAID),
    Scenario("error", stream([*PARTIAL, answers.error_event()]), "Hello there", PAID),
    Scenario("nonsense", stream([*PARTIAL, b"data: {x\n\n"]), "Hello there", PAID),
    Scenario("role and error", stream([EVENTS[0], answers.error_event()]), "", FREE),
    Scenario("late error", late([EVENTS[0], answers.error_event()]), "", FREE),
    Scenario("refused", answers.error(400, "too hot", "too_hot", "x"), "", "too hot"),
]


def prepare(policies) -> None:
    for scenario in SCENARIOS:
        policies.model(scenario.model, PRICE)
    policies.write("examples", "return {}\n")
