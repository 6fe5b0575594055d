"""Calls that are planned beforehand: what is asked, and what the provider will do about it.

Every question of a client has another length, and the provider counts its tokens so that they
equal the documented estimate (a token for each four bytes begun, and at least one for each piece in
which an answer came). So the key and the input tokens
of a usage record name the question that it is for, whether its usage was reported or estimated.
"""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass

from answers import Chat, Usage
from prices import PRICES, Price

TWICE = "twice"  # sold by two providers
SOLD = {name: PRICES[name] for name in ("gpt-4o", "gpt-4o-mini", "gpt-4", "gpt-3.5-turbo")} | {
    TWICE: Price("3", "7", "1")
}
CHEAP = ("gpt-4o-mini", "gpt-3.5-turbo", TWICE)
ROLE = "user"
TOKENS_MIN = 8  # of the first question: room for its name
WORDS = ("Hello", " there", ", how", " may", " I", " help", "?", " indeed", ".", " 12")

# What the provider does, and how often.
FATES = {
    "quick": 40,
    "slow": 28,
    "long": 5,  # a stream whose hold grows with it, or whose money ends
    "greedy": 5,  # counts more than the hold could foresee
    "uncounted": 8,  # reports no usage
    "first fails": 6,  # another provider of the model answers
    "fails": 5,
    "refuses": 3,
    "cut": 5,  # breaks off in the middle
}


def prompt_tokens(number: int) -> int:
    return TOKENS_MIN + number


def estimate(pieces: Sequence[str]) -> int:
    return max((len("".join(pieces).encode()) + 3) // 4, sum(piece != "" for piece in pieces))


@dataclass(frozen=True)
class Question:
    client: int
    number: int
    model: str
    fate: str
    streamed: bool
    usage_asked: bool  # by the client, of a stream
    max_tokens: int | None
    pieces: tuple[str, ...]
    usage: Usage  # what the provider reports, unless it reports nothing
    gap_s: float
    leaves_after: int | None  # the client leaves after so many chunks

    @property
    def name(self) -> str:
        return f"{self.client}/{self.number}"

    @property
    def chat(self) -> Chat:
        return Chat(pieces=self.pieces, usage=None if self.fate == "uncounted" else self.usage)

    @property
    def body(self) -> bytes:
        text_bytes = 4 * prompt_tokens(self.number) - len(ROLE)
        content = f"[{self.name}]".ljust(text_bytes, "x")
        fields = {"model": self.model, "messages": [{"role": ROLE, "content": content}]}
        if self.max_tokens:
            fields["max_tokens"] = self.max_tokens
        if self.streamed:
            fields["stream"] = True
        if self.usage_asked:
            fields["stream_options"] = {"include_usage": True}
        return json.dumps(fields).encode()


def name_in(body: dict) -> str:
    """The name of the question that a provider has been asked."""
    return body["messages"][0]["content"].partition("]")[0].removeprefix("[")


def random_pieces(rng: random.Random, is_long: bool) -> tuple[str, ...]:
    if is_long:
        return tuple("".join(rng.choices(WORDS, k=80)) for _ in range(rng.randint(10, 30)))
    return tuple(rng.choices(WORDS, k=rng.randint(1, 12)))


def random_usage(
    rng: random.Random, number: int, pieces: Sequence[str], most: int, greedy: bool
) -> Usage:
    prompt = prompt_tokens(number)
    completion = rng.randint(estimate(pieces), most)
    if greedy:
        completion = most + rng.randint(1, 2000)
    return Usage(
        prompt,
        completion,
        cached=rng.choice((0, rng.randint(0, prompt))),
        reasoning=rng.randint(0, completion),
    )


def random_question(
    rng: random.Random, client: int, number: int, models: tuple[str, ...] = tuple(SOLD)
) -> Question:
    (fate,) = rng.choices(list(FATES), FATES.values())
    model = TWICE if fate == "first fails" else rng.choice(models)
    streamed = fate == "long" or rng.random() < 0.6
    pieces = random_pieces(rng, fate == "long")
    most = max(rng.randint(40, 400), estimate(pieces))
    leaves = streamed and rng.random() < 0.04
    limited = fate == "greedy" or (fate != "long" and rng.random() < 0.9)
    return Question(
        client=client,
        number=number,
        model=model,
        fate=fate,
        streamed=streamed,
        usage_asked=streamed and rng.random() < 0.7,
        max_tokens=most if limited else None,
        pieces=pieces,
        usage=random_usage(rng, number, pieces, most, fate == "greedy"),
        gap_s=rng.uniform(0.001, 0.02) if fate == "slow" else 0,
        leaves_after=rng.randint(1, 6) if leaves else None,
    )


def quick_question(client: int, number: int, streamed: bool) -> Question:
    """One that nothing stands in the way of."""
    return Question(
        client=client,
        number=number,
        model="gpt-4o",
        fate="quick",
        streamed=streamed,
        usage_asked=streamed,
        max_tokens=100,
        pieces=("Hello", " there", "."),
        usage=Usage(prompt_tokens(number), 20, cached=3, reasoning=5),
        gap_s=0,
        leaves_after=None,
    )
