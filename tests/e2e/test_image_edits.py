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
    yield from gateway.served()


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
    "another server's n": ((MODEL, PROMPT, IMAGE, ("num_images_per_prompt", "9")),
                           "invalid_value"),
    "a batch": ((MODEL, PROMPT, IMAGE, ("batchSize", "9")), "invalid_value"),
    "an address": ((MODEL, PROMPT, IMAGE, ("image_url", "http://x")), "invalid_value"),
    "addresses": ((MODEL, PROMPT, IMAGE, ("reference_image_urls[]", "http://x")), "invalid_value"),
    "a size without a price": ((("model", "dall"), PROMPT, IMAGE, ("size", "512x512")),
                               "not_priced"),
    "more than are sold": ((("model", "dall"), PROMPT, IMAGE, ("n", "5")), "invalid_value"),
    "a model without eyes": ((("model", "blind"), PROMPT, IMAGE), "unsupported_content"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_form_is_named(customer, provider, name):
    parts, code = WRONG[name]
    check_error(send(customer, *parts), 400, code, retry=False)
    assert provider.requests == []


# ---- JSON bodies ----

DATA = "data:image/png;base64," + DRAWN * 1000
SHOWN = {"image_url": DATA}
FAR = {"image_url": "https://a.example/p.png"}
EDIT = {"model": "editor", "prompt": "A hat", "images": [SHOWN]}


@pytest.mark.quick
def test_pictures_in_json(customer, provider):
    """As OpenAI's API takes them beside forms; its SDKs send none."""
    provider.answer = draws(usage=usage())
    body = {**EDIT, "images": [SHOWN, FAR], "mask": SHOWN, "size": "1024x1024", "x": []}
    reply = customer.post(body, "/images/edits")
    assert reply.status_code == 200, reply.text
    assert provider.last.json == {**body, "model": "theirs"}
    assert provider.last.headers["content-type"] == "application/json"
    assert provider.last.path.endswith("/images/edits")
    record = customer.wait_for_record()
    assert usd(record["cost"]) == usd(reply.json()["usage"]["cost"]) == by_tokens(20, 320, 1056)


def test_a_stream_of_json(customer, provider):
    provider.answer = draws(usage=usage())
    reply = customer.post({**EDIT, "stream": True, "partial_images": 1}, "/images/edits")
    assert reply.text.startswith("event: image_edit.completed\n")
    assert usd(customer.wait_for_record()["cost"]) == by_tokens(20, 320, 1056)


def test_json_by_the_picture(customer, provider):
    provider.answer = draws(2)
    body = {**EDIT, "model": "dall", "n": 2, "size": "256x256"}
    reply = customer.post(body, "/images/edits")
    assert usd(reply.headers["x-llm-cost"]) == priced(2 * Fraction("0.016"))


def test_data_is_no_text_and_each_picture_is_held(house, provider):
    """Without counts the text is the prompt; each picture is held as the most that it can be."""
    customer = house.customer()
    provider.answer = draws()
    assert customer.post(EDIT, "/images/edits").status_code == 200
    record = customer.wait_for_record()
    assert record["usage_source"] == "estimated"
    assert record["input_tokens"] <= 6000 + 100
    poor = house.customer(credit="0.55")  # one picture is 0.06, the drawn one 0.24
    provider.reset()
    provider.answer = draws(usage=usage())
    assert poor.post(EDIT, "/images/edits").status_code == 200
    many = {**EDIT, "images": [SHOWN] * 6}
    check_error(poor.post(many, "/images/edits"), 402, "insufficient_credits")
    assert len(provider.requests) == 1


def test_a_retry_of_json_gets_the_first_answer(customer, provider):
    provider.reset()
    provider.answer = draws(usage=usage())
    key = {"Idempotency-Key": "edit"}
    first = customer.post(EDIT, "/images/edits", headers=key)
    customer.wait_for_no_hold()
    again = customer.post(EDIT, "/images/edits", headers=key)
    assert (again.status_code, again.content) == (200, first.content)
    other = customer.post({**EDIT, "prompt": "A cap"}, "/images/edits", headers=key)
    assert other.status_code == 422
    assert len(provider.requests) == 1


WRONG_JSON = {
    "no pictures": ({"images": None}, "images"),
    "none": ({"images": []}, "images"),
    "one that is no list": ({"images": SHOWN}, "images"),
    "texts": ({"images": [DATA]}, "images"),
    "no address": ({"images": [{}]}, "images"),
    "an empty address": ({"images": [{"image_url": ""}]}, "images"),
    "an object": ({"images": [{"image_url": {"url": DATA}}]}, "images"),
    "a file of another": ({"images": [{"file_id": "file-1"}]}, "images"),
    "a file beside a picture": ({"images": [{**SHOWN, "file_id": "file-1"}]}, "images"),
    "a disguised file": ({"images": [{**SHOWN, "fileId": "file-1"}]}, "images"),
    "a mask that is a file": ({"mask": {"file_id": "file-1"}}, "mask"),
    "a text as a mask": ({"mask": DATA}, "mask"),
    "a picture elsewhere": ({"image": DATA}, "image"),
    "an address elsewhere": ({"image_url": DATA}, "image_url"),
    "no prompt": ({"prompt": None}, "prompt"),
    "disguised pictures": ({"Images": [SHOWN]}, None),
    "SVG": ({"output_format": "svg"}, "output_format"),
    "frames": ({"frame_count": 9}, "frame_count"),
    "a stream of two": ({"n": 2, "stream": True}, "n"),
}


@pytest.mark.parametrize("name", WRONG_JSON)
def test_wrong_json_is_named(customer, provider, name):
    provider.reset()
    members, param = WRONG_JSON[name]
    body = {key: value for key, value in {**EDIT, **members}.items() if value is not None}
    error = check_error(customer.post(body, "/images/edits"), 400, retry=False)
    assert error["param"] == param
    assert provider.requests == []


def test_a_variation_needs_a_form(customer):
    error = check_error(customer.post(EDIT, "/images/variations"), 400, "invalid_form")
    assert "multipart/form-data" in error["message"]


def test_a_model_without_eyes_sees_no_json(customer):
    body = {**EDIT, "model": "blind"}
    check_error(customer.post(body, "/images/edits"), 400, "unsupported_content", param="image")
