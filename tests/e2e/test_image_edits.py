"""Pictures made from pictures: forms from the official package, plain and streamed, charged by
tokens and by the picture."""

import json
import math
from decimal import Decimal
from fractions import Fraction

import answers
import pytest
from errors import check_error
from forms import form
from gateway import Gateway
from prices import MARGIN, NANO, usd

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(200)
DRAWN = "iVBORw0KGgo="
TOKENS = {"input": "5", "image_input": "10", "image_output": "40", "output": "10"}


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("edits"), shared_provider, {})
    policies = gateway.policies
    drawn = {"context": 32000, "capabilities": ["vision"], "image_tokens_max": 6000}
    policies.model("editor", endpoints=["image_edits"], max_output=6000, **TOKENS, **drawn,
                   candidates=[{"provider": "openai", "model": "theirs"}])  # fmt: skip
    by_size = [{"size": "1024x1024", "image": "0.02"}, {"size": "256x256", "image": "0.016"}]
    policies.model("dall", endpoints=["image_edits", "image_variations"], max_output=None,
                   image="0.02", image_max=4, when=by_size, **drawn)  # fmt: skip
    policies.model("blind", endpoints=["image_edits"], max_output=6000, context=32000, **TOKENS)
    policies.write("examples", "return {}\n")
    gateway.start()
    yield gateway
    gateway.check_holds()
    gateway.stop()


@pytest.fixture
def customer(house):
    return house.customer()


def priced(cost_usd: Fraction) -> Decimal:
    return Decimal(math.ceil(cost_usd * (1 + Fraction(MARGIN)) * NANO)) / NANO


def by_tokens(text: int, image: int, drawn: int) -> Decimal:
    price = {unit: Fraction(each) / 1_000_000 for unit, each in TOKENS.items()}
    return priced(
        price["input"] * text + price["image_input"] * image + price["image_output"] * drawn
    )


def usage(text: int = 20, image: int = 320, drawn: int = 1056) -> dict:
    return {"input_tokens": text + image, "output_tokens": drawn,
            "total_tokens": text + image + drawn,
            "input_tokens_details": {"text_tokens": text, "image_tokens": image}}  # fmt: skip


def draws(count: int = 1, **members):
    body = {"created": 1764500000, "data": [{"b64_json": DRAWN}] * count, **members}
    return answers.reply(200, json.dumps(body).encode())


def send(customer, *parts, path: str = "/images/edits"):
    headers = {"Content-Type": "multipart/form-data; boundary=XyZ"}
    return customer.post(form(*parts), path, headers=headers)


IMAGE = ("image", PICTURE, "a.png")


@pytest.mark.quick
def test_an_edit_by_tokens(customer, provider):
    provider.answer = draws(usage=usage())
    found = customer.openai().images.edit(
        model="editor", image=[("a.png", PICTURE), ("b.png", PICTURE)], mask=("m.png", PICTURE),
        prompt="A hat", quality="high", size="1024x1024", input_fidelity="high",
        background="opaque", user="u",
    )  # fmt: skip
    assert found.data[0].b64_json == DRAWN
    assert provider.last.path.endswith("/images/edits")
    assert b'name="model"\r\n\r\ntheirs\r\n' in provider.last.body
    assert provider.last.body.count(PICTURE) == 3
    record = customer.wait_for_record()
    assert usd(record["cost"]) == usd(found.usage.cost) == by_tokens(20, 320, 1056)


@pytest.mark.quick
def test_a_streamed_edit(customer, provider):
    partial = {"type": "image_edit.partial_image", "b64_json": DRAWN, "partial_image_index": 0}
    last = {"type": "image_edit.completed", "b64_json": DRAWN, "usage": usage()}
    events = [
        f"event: {each['type']}\ndata: {json.dumps(each)}\n\n".encode() for each in (partial, last)
    ]
    head = answers.head(200, {"Content-Type": "text/event-stream", "Connection": "close"})
    provider.answer = answers.raw(head, *events)
    found = list(customer.openai().images.edit(model="editor", image=("a.png", PICTURE),
                                               prompt="A hat", stream=True,
                                               partial_images=1))  # fmt: skip
    assert [each.type for each in found] == ["image_edit.partial_image", "image_edit.completed"]
    assert usd(found[-1].usage.cost) == by_tokens(20, 320, 1056)
    assert usd(customer.wait_for_record()["cost"]) == by_tokens(20, 320, 1056)


def test_a_stream_from_a_plain_answer(customer, provider):
    provider.answer = draws(usage=usage())
    reply = send(customer, ("model", "editor"), ("prompt", "x"), ("stream", "true"), IMAGE)
    assert reply.text.startswith("event: image_edit.completed\n")
    assert usd(customer.wait_for_record()["cost"]) == by_tokens(20, 320, 1056)


@pytest.mark.parametrize(("size", "each"), [("256x256", "0.016"), ("1024x1024", "0.02")])
def test_by_the_picture(customer, provider, size, each):
    provider.answer = draws(2)
    reply = send(customer, ("model", "dall"), ("prompt", "x"), ("n", "2"), ("size", size), IMAGE)
    assert reply.status_code == 200, reply.text
    cost = priced(2 * Fraction(each))
    assert usd(customer.wait_for_record()["cost"]) == usd(reply.headers["x-llm-cost"]) == cost


@pytest.mark.quick
def test_a_variation(customer, provider):
    provider.answer = draws(1)
    found = customer.openai().images.create_variation(model="dall", image=("a.png", PICTURE),
                                                      size="256x256")  # fmt: skip
    assert found.data[0].b64_json == DRAWN
    assert provider.last.path.endswith("/images/variations")
    assert usd(customer.wait_for_record()["cost"]) == priced(Fraction("0.016"))


def test_the_hold_is_the_worst_case(house, provider):
    poor = house.customer(credit="0.05")
    provider.reset()
    reply = send(poor, ("model", "editor"), ("prompt", "x"), IMAGE)
    check_error(reply, 402, "insufficient_credits")
    assert provider.requests == []


MODEL, PROMPT = ("model", "editor"), ("prompt", "x")
WRONG = {
    "no picture": ((MODEL, PROMPT), "missing_field"),
    "no prompt": ((MODEL, IMAGE), "missing_field"),
    "no model": ((PROMPT, IMAGE), "missing_field"),
    "a picture that is a field": ((MODEL, PROMPT, ("image", "x")), "invalid_value"),
    "two masks": ((MODEL, PROMPT, IMAGE, ("mask", b"x", "m"), ("mask", b"y", "m")),
                  "invalid_value"),
    "two sizes": ((MODEL, PROMPT, IMAGE, ("size", "256x256"), ("size", "1024x1024")),
                  "invalid_value"),
    "no number": ((MODEL, PROMPT, IMAGE, ("n", "two")), "invalid_value"),
    "many": ((MODEL, PROMPT, IMAGE, ("n", "1000")), "invalid_value"),
    "a stream of two": ((MODEL, PROMPT, IMAGE, ("n", "2"), ("stream", "true")), "invalid_value"),
    "SVG": ((MODEL, PROMPT, IMAGE, ("output_format", "svg")), "invalid_value"),
    "a second model": ((MODEL, PROMPT, IMAGE, ("svg[model]", "x")), "invalid_value"),
    "frames": ((MODEL, PROMPT, IMAGE, ("frame_count", "9")), "invalid_value"),
    "an address": ((MODEL, PROMPT, IMAGE, ("image_url", "http://x")), "invalid_value"),
    "a size without a price": ((("model", "dall"), PROMPT, IMAGE, ("size", "512x512")),
                               "invalid_value"),
    "more than are sold": ((("model", "dall"), PROMPT, IMAGE, ("n", "5")), "invalid_value"),
    "a model without eyes": ((("model", "blind"), PROMPT, IMAGE), "unsupported_content"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_form_is_named(customer, provider, name):
    parts, code = WRONG[name]
    check_error(send(customer, *parts), 400, code, retry=False)
    assert provider.requests == []
