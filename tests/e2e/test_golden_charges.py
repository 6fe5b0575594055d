"""Charges of the build before units (b5b0f7f7, with three counts and three prices a call), recorded
call by call: each is the same today. To record them anew, copy this file into tests/e2e of that
commit and run it there with RECORD=FILE."""

import json
import os
import random
from pathlib import Path

import pytest
from answers import DONE, reply, stream

GOLDEN = Path(__file__).parent / "golden/charges.jsonl"
MODELS = ["gpt-4o", "gpt-4o-mini", "gpt-4-turbo", "gpt-4", "gpt-3.5-turbo"]
TEXT = "hello world " * 30
CALLS = 240


def openai_usage(rng: random.Random) -> dict:
    prompt, completion = rng.randrange(1, 4000), rng.randrange(1, 400)
    cached, reasoning = rng.randrange(prompt), rng.randrange(completion)
    return {
        "prompt_tokens": prompt, "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": rng.choice([0, cached])},
        "completion_tokens_details": {"reasoning_tokens": rng.choice([0, reasoning])},
    }  # fmt: skip


def deepseek_usage(rng: random.Random) -> dict:
    prompt, completion = rng.randrange(1, 4000), rng.randrange(1, 400)
    hit = rng.randrange(prompt)
    return {"prompt_tokens": prompt, "completion_tokens": completion,
            "total_tokens": prompt + completion, "prompt_cache_hit_tokens": hit,
            "prompt_cache_miss_tokens": prompt - hit}  # fmt: skip


def beside_usage(rng: random.Random) -> dict:
    """Reasoning beside the completion, as the total tells."""
    prompt, completion = rng.randrange(1, 4000), rng.randrange(1, 300)
    reasoning = rng.randrange(1, 300)
    return {"prompt_tokens": prompt, "completion_tokens": completion,
            "total_tokens": prompt + completion + reasoning,
            "completion_tokens_details": {"reasoning_tokens": reasoning}}  # fmt: skip


def anthropic_usage(rng: random.Random) -> dict:
    return {"input_tokens": rng.randrange(1, 2000), "output_tokens": rng.randrange(1, 400),
            "cache_read_input_tokens": rng.randrange(1000)}  # fmt: skip


def gemini_usage(rng: random.Random) -> dict:
    prompt, answer, thoughts = rng.randrange(1, 4000), rng.randrange(1, 300), rng.randrange(100)
    return {"promptTokenCount": prompt, "candidatesTokenCount": answer,
            "thoughtsTokenCount": thoughts, "cachedContentTokenCount": rng.randrange(prompt),
            "totalTokenCount": prompt + answer + thoughts}  # fmt: skip


def odd_usage(rng: random.Random) -> dict:
    return rng.choice([
        {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
        {"prompt_tokens": 12, "completion_tokens": None},
        {"prompt_tokens": 12, "completion_tokens": 5, "prompt_tokens_details": None},
        {"prompt_tokens": "12", "completion_tokens": 90},
        {"prompt_tokens": 10**7, "completion_tokens": 90},
        {"prompt_tokens": 12, "completion_tokens": 10**7},
        {"total_tokens": 900, "completion_tokens": 90},
        {"prompt_tokens": 10, "completion_tokens": 90,
         "prompt_tokens_details": {"cached_tokens": 40}},
        {},
    ])  # fmt: skip


USAGES = [openai_usage, openai_usage, deepseek_usage, beside_usage, anthropic_usage, gemini_usage,
          odd_usage]  # fmt: skip


def calls() -> list[dict]:
    rng = random.Random("golden")
    return [{"model": rng.choice(MODELS), "stream": rng.random() < 0.5,
             "usage": rng.choice(USAGES)(rng)} for _ in range(CALLS)]  # fmt: skip


def answer(usage: dict):
    choice = {"index": 0, "message": {"role": "assistant", "content": TEXT}}
    body = {"id": "1", "choices": [choice | {"finish_reason": "stop"}], "usage": usage}
    said = [{"choices": [{"index": 0, "delta": {"content": TEXT}}]},
            {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
            {"choices": [], "usage": usage}]  # fmt: skip
    events = [b"data: " + json.dumps({"id": "1"} | event).encode() + b"\n\n" for event in said]
    whole, streamed = reply(200, json.dumps(body).encode()), stream([*events, DONE])

    async def how(connection, request) -> None:
        await (streamed if request.json.get("stream") else whole)(connection, request)

    return how


@pytest.mark.timeout(300)
def test_every_charge_is_what_it_was(make_gateway, provider):
    """One call after the other, by one customer: what the gateway learns from them is the same."""
    customer = make_gateway().customer(credit="100000")
    found = []
    for call in calls():
        provider.answer = answer(call["usage"])
        before = customer.balance
        response = customer.ask(call["model"], stream=call["stream"], max_tokens=1000)
        assert response.status_code == 200, response.text
        customer.wait_for_no_hold()
        found.append({**call, "charge": str(before - customer.balance)})
    if "RECORD" in os.environ:
        Path(os.environ["RECORD"]).write_text("".join(json.dumps(call) + "\n" for call in found))
        return
    golden = [json.loads(line) for line in GOLDEN.read_text().splitlines()]
    assert len(golden) == CALLS
    assert [(now, then) for now, then in zip(found, golden, strict=True) if now != then] == []
