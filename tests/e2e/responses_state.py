"""A provider that keeps responses, and customers who name what it keeps."""

import itertools
import json
from dataclasses import dataclass

from answers import Usage
from prices import Price, charge
from responses_answers import response

MODEL = "gpt-kept"
PRICE = Price("3", "15", "0.30")
CONTEXT = 128_000
numbers = itertools.count(1)
LONG = {"input_tokens": 40_000, "output_tokens": 2_000}


def prepare(policies) -> None:
    policies.provider("keeps", dialect=("openai-responses", "openai-chat"), keeps_responses=True)
    policies.provider("other", dialect=("openai-responses",), keeps_responses=True)
    policies.provider("forgets", dialect="openai-responses")
    pictures = {"image_tokens_max": 1000, "allow": ("tools.*",)}
    policies.model(MODEL, PRICE, providers=("keeps",), **pictures)
    policies.model("gpt-other", PRICE, providers=("other",))
    policies.model("gpt-forgets", PRICE, providers=("forgets",))
    policies.model("gpt-both", PRICE, providers=("forgets", "keeps"))
    policies.model("gpt-behind", PRICE, providers=("keeps",), allow=("background",))
    policies.model("gpt-chat", PRICE, providers=("openai",))
    policies.write("examples", "return {}\n")


@dataclass(frozen=True)
class Made:
    response: str
    item: str
    conversation: str


def kept(provider, **changes) -> Made:
    """The provider's next answer, which it keeps."""
    name = f"{next(numbers):06}"
    conversation = f"conv_{name}"
    more = {"store": True, "conversation": {"id": conversation}, **changes.pop("more", {})}
    provider.answer = response(name=name, more=more, **changes)
    return Made(f"resp_{name}", f"msg_{name}", conversation)


def ask(customer, stream=False, model=MODEL, **members):
    body = {"model": model, "input": "Hello!", "stream": stream, **members}
    return customer.post(json.dumps(body).encode(), "/responses")


def make(customer, provider, stream=False, model=MODEL, asked=None, **changes) -> Made:
    """A call of the customer's, of which the provider keeps the answer."""
    made = kept(provider, **changes)
    reply = ask(customer, stream, model, **(asked or {}))
    assert reply.status_code == 200, reply.text
    provider.reset()
    return made


def cost_of(tokens):
    return charge(PRICE, Usage(tokens, 0))
