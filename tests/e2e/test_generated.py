"""What a model has generated, however a provider writes it: it is measured where no count comes, a
count of it is judged by it, and it is held for while it comes."""

import json
from decimal import Decimal

import answers
import pytest
import sse
from answers import DONE, Usage
from prices import charge

MODEL = "gpt-4o"
IMAGE_TOKENS = 1445  # as models.lua bounds a picture of that model
DATA = "QUJD" * 10_000
WORDS = "word " * 400  # 2,000 bytes


def choice_event(index: int = 0, finish_reason: str | None = None, **members) -> bytes:
    choice = {"index": index, **members, "finish_reason": finish_reason}
    return b"data: " + json.dumps({"id": "c", "choices": [choice]}).encode() + b"\n\n"


def delta(text=None, **members) -> bytes:
    return choice_event(delta={"content": text} if text is not None else members)


def usage(prompt: int, completion: int) -> bytes:
    counts = Usage(prompt, completion).as_json()
    return b"data: " + json.dumps({"id": "c", "choices": [], "usage": counts}).encode() + b"\n\n"


STOP = choice_event(delta={}, finish_reason="stop")


def record_of(customer, provider, events, **fields) -> dict:
    """Of a stream of these events, which must come whole."""
    provider.answer = answers.stream([*events, DONE])
    response = customer.ask(MODEL, stream=True, **fields)
    assert response.status_code == 200, response.text
    assert sse.is_done(response.content)
    customer.wait_for_no_hold()
    return customer.wait_for_record()


@pytest.mark.parametrize("before", [0, 1, 5])
@pytest.mark.parametrize(
    "text", [f"![it](data:image/png;base64,{DATA})", f"data:image/png;base64,{DATA}"]
)
def test_a_picture_in_the_text_is_one_wherever_it_comes(customer, provider, text, before):
    """Also behind text that looks alike, which is not read again."""
    events = [delta("Here it comes: ")] * before + [delta(text), STOP]
    record = record_of(customer, provider, events)
    assert IMAGE_TOKENS <= record["output_tokens"] < IMAGE_TOKENS + 50


def pieces_of(text: str, size: int) -> list[bytes]:
    return [delta(text[at : at + size]) for at in range(0, len(text), size)]


@pytest.mark.parametrize("before", [0, 5])
@pytest.mark.parametrize("size", [100, 200, 1000, 16_384])
@pytest.mark.parametrize("end", ["", ") So much for that."])
def test_a_picture_in_pieces_is_one(customer, provider, size, before, end):
    """Cut wherever the provider likes. What stands behind it is text again."""
    text = f"Look: ![it](data:image/png;base64,{DATA}{end}"
    events = [delta("Here it comes: ")] * before + pieces_of(text, size)
    behind = pieces_of(WORDS, size) if end else []
    record = record_of(customer, provider, [*events, *behind, STOP])
    tokens = IMAGE_TOKENS + (len(WORDS) // 4 if end else 0)
    assert tokens <= record["output_tokens"] < tokens + 150


def test_two_pictures_in_pieces_are_two(customer, provider):
    text = f"![a](data:image/png;base64,{DATA}) ![b](data:image/png;base64,{DATA})"
    record = record_of(customer, provider, [*pieces_of(text, 500), STOP])
    assert 2 * IMAGE_TOKENS <= record["output_tokens"] < 2 * IMAGE_TOKENS + 300


def test_base64_that_a_model_writes_is_text(customer, provider):
    """It comes by the token: a few letters each."""
    text = f"data:image/png;base64,{DATA[:4000]}"
    record = record_of(customer, provider, [*pieces_of(text, 8), STOP])
    assert record["output_tokens"] == -(-len(text) // 4)


# By name and place of what is no text: parts of a message, results, seals of what was thought.
PARTS = {
    "a part's source": ({"content": [{"type": "image", "source": {"data": DATA}}]}, IMAGE_TOKENS),
    "a tool's result": ({"output": [{"type": "image", "result": DATA}]}, IMAGE_TOKENS),
    "sealed reasoning": ({"reasoning_details": [{"type": "reasoning.encrypted", "data": DATA}]}, 0),
    "sealed content": ({"reasoning_details": [{"encrypted_content": DATA}]}, 0),
    "a redacted thought": ({"thinking_blocks": [{"type": "redacted_thinking", "data": DATA}]}, 0),
}


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize("form", PARTS)
def test_data_is_no_text_by_its_own_name(customer, provider, form, streamed):
    """Whatever it stands in; and a right count beside it stays."""
    members, tokens = PARTS[form]
    message = {"content": "Here.", **members}
    body = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    provider.answer = answers.reply(200, json.dumps(body).encode())
    assert customer.ask(MODEL, stream=streamed).status_code == 200
    assert tokens <= customer.wait_for_record()["output_tokens"] <= tokens + 2
    body["usage"] = Usage(10, 20).as_json()
    provider.answer = answers.reply(200, json.dumps(body).encode())
    assert customer.ask(MODEL, stream=streamed).status_code == 200
    assert customer.wait_for_record(2)["usage_source"] == "reported"


CALL = {"index": 0, "id": "call_1"}
GENERATED = {
    "a function's arguments": delta(
        tool_calls=[{**CALL, "type": "function", "function": {"name": "", "arguments": WORDS}}]
    ),
    "a custom tool's input": delta(
        tool_calls=[{**CALL, "type": "custom", "custom": {"name": "", "input": WORDS}}]
    ),
    "a text without a delta": choice_event(text=WORDS),
    "reasoning in details": delta(
        reasoning_details=[{"type": "reasoning.text", "format": "unknown", "text": WORDS}]
    ),
    "reasoning, repeated": delta(
        reasoning_content=WORDS,
        thinking_blocks=[{"type": "thinking", "thinking": WORDS}],
        provider_specific_fields={"thinking_blocks": [{"thinking": WORDS}]},
    ),
}


@pytest.mark.parametrize("form", GENERATED)
def test_it_is_measured_once_in_every_form(customer, provider, form):
    """Without a count: a token for each four bytes, of what the model said and of nothing else."""
    record = record_of(customer, provider, [GENERATED[form], STOP])
    assert record["output_tokens"] == len(WORDS) / 4


def test_labels_in_each_piece_are_no_text(customer, provider):
    piece = {
        "type": "reasoning.text",
        "format": "anthropic-claude-v1",
        "id": "rs_1",
        "text": "words",
    }
    record = record_of(customer, provider, [delta(reasoning_details=[piece])] * 40 + [STOP])
    assert record["output_tokens"] == 50


@pytest.mark.parametrize("choices", [1, 2])
def test_a_count_holds_though_each_letter_came_alone(customer, provider, choices):
    text = "The quick brown fox jumps over the lazy dog. " * 10
    events = [choice_event(i, delta={"content": c}) for c in text for i in range(choices)]
    events += [choice_event(i, "stop", delta={}) for i in range(choices)]
    counted = 100 * choices
    record = record_of(customer, provider, [*events, usage(10, counted)], n=choices)
    assert (record["output_tokens"], record["usage_source"]) == (counted, "reported")


PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + DATA}}
MEDIA = {"pictures": delta(images=[PICTURE]), "sound": delta(audio={"id": "a", "data": DATA})}


@pytest.mark.parametrize("kind", MEDIA)
def test_pictures_and_sound_end_with_the_money(gateway, provider, kind):
    """As text does, of which twice our estimate may come: a provider may count less."""
    customer = gateway.customer("0.05")
    provider.answer = answers.stream([delta("Look: "), *[MEDIA[kind]] * 200, STOP, DONE])
    response = customer.ask(MODEL, stream=True, stream_options={"include_usage": True})
    reasons = [c["choices"][0]["finish_reason"] for c in sse.chunks(response.content)[:-1]]
    assert reasons[-1] == "length"
    assert sse.is_done(response.content)
    customer.wait_for_no_hold()
    record = customer.records()[0]
    assert record["error_code"] == "insufficient_credits"
    wanted = charge(MODEL, Usage(record["input_tokens"], record["output_tokens"]))
    assert wanted <= 2 * Decimal("0.05") + charge(MODEL, Usage(0, IMAGE_TOKENS))


@pytest.mark.parametrize("media_type", ["application/pdf", "video/mp4"])
def test_a_file_in_place_of_a_picture_is_a_file(customer, provider, media_type):
    """Some providers take it there: all of the context is held, and estimated without a count."""
    image = {"url": f"data:{media_type};base64,{DATA}"}
    content = [{"type": "image_url", "image_url": image}]
    messages = [{"role": "user", "content": content}]
    record = record_of(customer, provider, [delta("Read."), STOP], messages=messages)
    assert record["input_tokens"] == 128_000
