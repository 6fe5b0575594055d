"""Generated pictures: what the official packages send and read, plain and streamed; what is
charged, by tokens or by the picture under its size and quality, computed here again."""

import base64
import json
import os
import subprocess
from decimal import Decimal
from pathlib import Path

import answers
import pytest
import speech_answers as events
from answers import SSE_TYPE, head, http_chunk
from errors import check_error
from fake_provider import Gate
from gateway import ROOT, Gateway
from prices import usd
from test_speech import owed, per_million, units_of

PICTURE = base64.b64encode(bytes(range(256)) * 40).decode()
SIZES = ["1024x1024", "1024x1536", "1536x1024"]
BY_SIZE = [  # dall-e's kind of price: by the picture, under both words
    {"size": "1024x1024", "image": "0.04"},
    {"size": ["1024x1536", "1536x1024"], "image": "0.08"},
    {"quality": "standard", "image": "0.04"},
    {"quality": "hd", "image": "0.08"},
    {"size": "1024x1024", "quality": "standard", "image": "0.04"},
    {"size": "1024x1024", "quality": "hd", "image": "0.08"},
    {"size": ["1024x1536", "1536x1024"], "quality": "standard", "image": "0.08"},
    {"size": ["1024x1536", "1536x1024"], "quality": "hd", "image": "0.12"},
]
ASKED = {"prompt": "A white siamese cat"}


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("images"), shared_provider, {})
    policies = gateway.policies
    policies.provider("other")
    drawn = {"endpoints": ["images"], "context": 8192, "max_output": None}
    policies.model("tokens", input="5", image_output="30", output="10",
                   providers=("openai", "other"), **{**drawn, "max_output": 6240})  # fmt: skip
    policies.model("flat", image="0.05", image_max=4, **drawn)
    policies.model("sized", image="0.04", image_max=10, when=BY_SIZE, **drawn)
    policies.write("examples", "return {}\n")
    yield from gateway.served()


@pytest.fixture
def customer(house):
    return house.customer()


def ask(customer, model: str = "tokens", **members):
    return customer.post({"model": model, **ASKED, **members}, "/images/generations")


def usage(input_tokens: int, image_tokens: int, text_tokens: int = 0) -> dict:
    output_tokens = image_tokens + text_tokens
    return {
        "input_tokens": input_tokens,
        "input_tokens_details": {"image_tokens": 0, "text_tokens": input_tokens},
        "output_tokens": output_tokens,
        "output_tokens_details": {"image_tokens": image_tokens, "text_tokens": text_tokens},
        "total_tokens": input_tokens + output_tokens,
    }


def drawn(count: int = 1, picture: str = PICTURE, **members) -> bytes:
    data = [{"b64_json": picture} for _ in range(count)]
    return json.dumps({"created": 1764500000, "data": data, **members}).encode()


def plain(count: int = 1, **members):
    return answers.reply(200, drawn(count, **members))


def partial(index: int) -> bytes:
    return events.event("image_generation.partial_image", b64_json=PICTURE, size="1024x1024",
                        partial_image_index=index, quality="low")  # fmt: skip


def completed(**members) -> bytes:
    return events.event("image_generation.completed", b64_json=PICTURE, **members)


# ---- by tokens ----


@pytest.mark.quick
def test_the_python_sdk(customer, provider):
    told = usage(13, 1056)
    provider.answer = plain(size="1024x1024", quality="medium", usage=told)
    found = customer.openai().images.generate(model="tokens", prompt="A cat", size="1024x1024",
                                              quality="medium", moderation="low", n=1,
                                              background="transparent")  # fmt: skip
    assert found.data[0].b64_json == PICTURE
    assert found.usage.output_tokens_details.image_tokens == 1056
    record = customer.wait_for_record()
    cost = owed((13, per_million("5")), (1056, per_million("30")))
    assert usd(record["cost"]) == usd(found.usage.model_extra["cost"]) == cost
    assert record["usage_source"] == "reported"
    assert provider.last.path == "/v1/images/generations"
    assert provider.last.json["moderation"] == "low"
    assert provider.last.json["background"] == "transparent"


def test_it_passes_as_it_came(customer, provider):
    body = drawn(2, usage=usage(13, 2112), more={"big": 9007199254740993, "empty": []})
    provider.answer = answers.reply(200, body)
    reply = ask(customer, n=2)
    for mark in (b'"usage"', b'"more"'):
        before, after = body.split(mark)
        assert reply.content.split(mark)[mark == b'"more"'] == (before, after)[mark == b'"more"']
    cost = usd(reply.headers["x-llm-cost"])
    assert reply.json()["usage"] == usage(13, 2112) | {"cost": float(cost)}
    assert cost == usd(customer.wait_for_record()["cost"])
    assert provider.last.json == {"model": "tokens", **ASKED, "n": 2}


@pytest.mark.parametrize(
    ("told", "owes"),
    [
        (usage(100, 1000, 50), [(100, "5"), (1000, "30"), (50, "10")]),
        ({"input_tokens": 100, "output_tokens": 1000, "total_tokens": 1100},
         [(100, "5"), (1000, "30")]),
        (usage(100, 9000), [(100, "5"), (6240, "30")]),  # more than a picture can have
    ],
)  # fmt: skip
def test_tokens_are_charged_by_kind(customer, provider, told, owes):
    provider.answer = plain(usage=told)
    ask(customer)
    owes = [(tokens, per_million(price)) for tokens, price in owes]
    assert usd(customer.wait_for_record()["cost"]) == owed(*owes)


def test_a_second_model_s_tokens_are_charged(customer, provider):
    """`svg_usage` stands beside the usage: as text, at the prices of the model that was asked."""
    svg = {"model": "gpt-x", "input_tokens": 200, "output_tokens": 300, "reasoning_tokens": 100,
           "total_tokens": 500}  # fmt: skip
    provider.answer = plain(usage=usage(100, 1000), svg_usage=svg)
    ask(customer)
    cost = owed((300, per_million("5")), (1000, per_million("30")), (300, per_million("10")))
    assert usd(customer.wait_for_record()["cost"]) == cost


def test_a_picture_that_nobody_counts_is_not_free(customer, provider):
    """The most that one may have, for each."""
    provider.answer = plain(2)
    reply = ask(customer, n=2)
    record = customer.wait_for_record()
    assert record["usage_source"] == "estimated"
    tokens = record["input_tokens"]
    assert 3 < tokens < 30
    cost = owed((tokens, per_million("5")), (2 * 6240, per_million("30")))
    assert usd(record["cost"]) == usd(reply.json()["usage"]["cost"]) == cost


def test_a_hold_covers_all_pictures(house, provider):
    provider.reset()
    poor = house.customer(credit="0.5")
    check_error(ask(poor, n=3), 402, "insufficient_credits")
    assert provider.requests == []
    provider.answer = plain(usage=usage(13, 1056))
    assert ask(poor, n=2).status_code == 200


# ---- by the picture ----


@pytest.mark.quick
def test_each_picture_that_came_is_charged(customer, provider):
    provider.answer = plain(3)
    reply = ask(customer, "flat", n=4)
    record = customer.wait_for_record()
    assert usd(record["cost"]) == usd(reply.headers["x-llm-cost"]) == owed((3, "0.05"))
    assert units_of(customer)["image"] == 3


@pytest.mark.parametrize(("told", "charged"), [(1, 3), (4, 4), (0, 3), ("9", 3)])
def test_no_fewer_than_came_are_charged(customer, provider, told, charged):
    """Whatever the provider's count says; it may count one that it has kept back."""
    provider.answer = plain(3, usage={"images": told})
    ask(customer, "flat", n=4)
    assert usd(customer.wait_for_record()["cost"]) == owed((charged, "0.05"))


def test_pictures_by_their_addresses(customer, provider):
    data = [{"url": "https://pictures.example/1.png", "revised_prompt": "A cat"}, {}]
    body = json.dumps({"created": 1, "data": data}).encode()
    provider.answer = answers.reply(200, body)
    assert ask(customer, "flat", n=2, response_format="url").json()["data"] == data
    assert usd(customer.wait_for_record()["cost"]) == owed((1, "0.05"))


def test_tokens_of_a_model_sold_by_the_picture_cost_nothing(house, customer, provider):
    provider.answer = plain(usage=usage(13, 1056))
    ask(customer, "flat")
    record = customer.wait_for_record()
    assert usd(record["cost"]) == owed((1, "0.05"))
    assert record["output_tokens"] == 1056
    assert house.never_logged("counts more", request_id=record["id"])
    assert house.never_logged("no price", request_id=record["id"])


def price_of(size: str | None, quality: str | None) -> str:
    """The table above, written again."""
    wide = size in SIZES[1:]
    return {(False, False): "0.04", (True, True): "0.12"}.get((wide, quality == "hd"), "0.08")


WORDS = [
    # asked, said, charged
    ({"size": "1024x1024", "quality": "hd"}, {}, ("1024x1024", "hd")),
    ({"size": "1536x1024", "quality": "standard"}, {}, ("1536x1024", "standard")),
    ({}, {}, (None, None)),
    ({"quality": "hd"}, {}, (None, "hd")),
    ({"size": "1024x1536", "quality": "hd"}, {"size": "1024x1024"}, ("1024x1024", "hd")),
    ({"size": "auto", "quality": "auto"}, {"size": "1024x1024", "quality": "standard"},
     ("1024x1024", "standard")),
    ({"size": "auto", "quality": "auto"}, {}, ("1024x1536", "hd")),
    ({"size": "auto", "quality": "standard"}, {"size": "auto"}, ("1024x1536", "standard")),
    ({}, {"size": "2048x2048", "quality": "hd"}, ("1024x1536", "hd")),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "said", "charged"), WORDS)
def test_what_the_answer_says_decides(customer, provider, asked, said, charged):
    provider.answer = plain(2, **said)
    ask(customer, "sized", n=2, **asked)
    assert usd(customer.wait_for_record()["cost"]) == owed((2, price_of(*charged)))


def test_an_answer_without_a_price_is_told_to_the_operator(house, customer, provider):
    provider.answer = plain(size="640x480")
    ask(customer, "sized")
    record = customer.wait_for_record()
    (line,) = house.logs("pictures that have no price", request_id=record["id"])
    assert line["size"] == "640x480"


@pytest.mark.parametrize(
    ("members", "most"),
    [
        ({"size": "1024x1024", "quality": "standard"}, "0.04"),
        ({"size": "auto", "quality": "standard"}, "0.08"),
        ({"size": "1024x1024", "quality": "auto"}, "0.08"),
        ({}, "0.12"),
    ],
)
def test_a_hold_is_the_dearest_that_may_come(house, provider, members, most):
    provider.answer = plain(2, size="1024x1024", quality="standard")
    enough = owed((2, most))
    assert ask(house.customer(credit=str(enough)), "sized", n=2, **members).status_code == 200
    poor = house.customer(credit=str(enough - Decimal("0.000000001")))
    check_error(ask(poor, "sized", n=2, **members), 402, "insufficient_credits")


def test_a_bound_of_the_client_s(customer, provider):
    provider.reset()
    provider.answer = plain(2)
    body = {"model": "flat", **ASKED, "n": 2}
    cost = owed((2, "0.05"))
    less = {"x-llm-max-cost": str(cost - Decimal("0.000000001"))}
    check_error(customer.post(body, "/images/generations", headers=less), 400, "max_cost_exceeded")
    assert provider.requests == []
    just = {"x-llm-max-cost": str(cost)}
    assert customer.post(body, "/images/generations", headers=just).status_code == 200


# ---- what has no price ----


WRONG = {
    "no prompt": ({"prompt": None}, "prompt"),
    "an empty one": ({"prompt": ""}, "prompt"),
    "a size without a price": ({"size": "4096x4096"}, "size"),
    "a quality without a price": ({"quality": "ultra"}, "quality"),
    "a size that is no word": ({"size": {"width": 5}}, None),
    "more pictures than the model makes": ({"n": 11}, "n"),
    "no picture": ({"n": 0}, "n"),
    "SVG": ({"output_format": "svg"}, "output_format"),
    "its model": ({"svg": {"model": "gpt-x"}}, "svg"),
    "a GIF": ({"output_format": "gif"}, "output_format"),
    "frames": ({"frame_count": 4}, "frame_count"),
    "width": ({"width": 4096}, "width"),
    "steps": ({"numInferenceSteps": 500}, "num_inference_steps"),
    "another server's n": ({"num_images": 10}, "num_images"),
    "its batch": ({"batch_size": 4}, "batch_size"),
    "its name at Google": ({"numberOfImages": 4}, "number_of_images"),
    "a series": ({"sequential_image_generation": "auto"}, "sequential_image_generation"),
    "another server's size": ({"image_size": "4096x4096"}, "image_size"),
    "a picture to begin with": ({"image": "data:image/png;base64,AAAA"}, "image"),
    "many previews": ({"stream": True, "partial_images": 17}, "partial_images"),
    "a stream of several": ({"stream": True, "n": 2}, "n"),
    "a tier": ({"service_tier": "priority"}, "service_tier"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_has_no_price_is_named(customer, provider, name):
    provider.reset()
    members, param = WRONG[name]
    error = check_error(ask(customer, "sized", **members), 400, param=param, retry=False)
    assert param is None or param in error["message"]
    assert provider.requests == []


def test_a_price_of_tokens_needs_a_bound(make_gateway):
    gateway = make_gateway()
    gateway.policies.model("boundless", input="5", output="10", image_output="30",
                           endpoints=["images"], max_output=None)  # fmt: skip
    result = gateway.command("check")
    assert result.returncode == 1
    assert "boundless.max_output" in result.stderr + result.stdout


# ---- streams ----


@pytest.mark.quick
def test_a_stream_with_previews(customer, provider):
    told = {"input_tokens": 13, "output_tokens": 1256, "total_tokens": 1269,
            "input_tokens_details": {"image_tokens": 0, "text_tokens": 13}}  # fmt: skip
    parts = [partial(0), partial(1), completed(size="1024x1024", usage=told)]
    provider.answer = events.events(*parts)
    with customer.openai().images.generate(
        model="tokens", prompt="A cat", stream=True, partial_images=2
    ) as stream:
        found = list(stream)
    assert [event.type.split(".")[1] for event in found] == ["partial_image"] * 2 + ["completed"]
    assert found[2].b64_json == PICTURE
    record = customer.wait_for_record()
    cost = owed((13, per_million("5")), (1256, per_million("30")))
    assert usd(record["cost"]) == usd(found[2].usage.model_extra["cost"]) == cost
    assert record["usage_source"] == "reported"


def test_previews_are_held_and_bounded(house, provider):
    told = {"input_tokens": 0, "output_tokens": 9000, "total_tokens": 9000}
    provider.answer = events.events(completed(usage=told))
    customer = house.customer()
    ask(customer, stream=True, partial_images=3)
    record = customer.wait_for_record()
    tokens = record["input_tokens"]
    cost = owed((tokens, per_million("5")), (6240 + 300, per_million("30")))
    assert usd(record["cost"]) == cost


def test_a_plain_answer_to_a_stream(customer, provider):
    told = usage(13, 1056)
    provider.answer = plain(size="1024x1024", quality="low", usage=told)
    with customer.openai().images.generate(model="tokens", prompt="A cat", stream=True) as stream:
        (event,) = list(stream)
    assert (event.type, event.b64_json) == ("image_generation.completed", PICTURE)
    assert (event.size, event.created_at) == ("1024x1024", 1764500000)
    cost = owed((13, per_million("5")), (1056, per_million("30")))
    assert usd(customer.wait_for_record()["cost"]) == cost


def test_a_stream_that_breaks_says_so(customer, provider):
    provider.answer = events.events(partial(0), ending="cut")
    last = ask(customer, stream=True, partial_images=1).content.split(b"\n\n")[-2]
    assert last.startswith(b"event: error\n")
    assert json.loads(last.split(b"data: ")[1])["error"]["code"] == "provider_unavailable"


def test_a_stream_that_breaks_costs_the_previews(customer, provider):
    provider.answer = events.events(partial(0), partial(1), ending="cut")
    ask(customer, stream=True, partial_images=2)
    record = customer.wait_for_record()
    said = record["input_tokens"]
    assert usd(record["cost"]) == owed((said, per_million("5")), (2 * 100, per_million("30")))


@pytest.mark.parametrize("picture", [{}, {"b64_json": ""}, {"b64_json": None}], ids=str)
def test_an_end_without_a_picture_is_no_answer(customer, provider, picture):
    end = events.event("image_generation.completed", usage=usage(13, 1056), **picture)
    provider.then(events.events(end), plain(usage=usage(13, 1056)))
    assert PICTURE.encode() in ask(customer, stream=True).content
    record = customer.wait_for_record()
    assert record["attempts"] == 2
    assert usd(record["cost"]) == owed((13, per_million("5")), (1056, per_million("30")))


def test_an_error_event_before_a_picture_is_free(customer, provider):
    error = events.event("error", error={"message": "no", "type": "server_error", "code": None})
    provider.then(events.events(error), plain(usage=usage(13, 1056)))
    assert ask(customer, stream=True).status_code == 200
    assert customer.wait_for_record()["attempts"] == 2


def test_who_leaves_a_stream_pays_the_picture(house, customer, provider):
    """It is drawn whole in any case, and only the last event has the counts."""
    told = {"input_tokens": 13, "output_tokens": 1156, "total_tokens": 1169}
    body = json.dumps({"model": "tokens", **ASKED, "stream": True, "partial_images": 1}).encode()
    with Gate(provider) as gate:

        async def answer(connection, request):
            await connection.send(head(200, SSE_TYPE) + http_chunk(partial(0)))
            await connection.until(gate)
            await connection.send(http_chunk(completed(usage=told)) + b"0\r\n\r\n")

        provider.answer = answer
        with house.connect() as connection:
            connection.send(
                b"POST /v1/images/generations HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
                b"Content-Length: %d\r\n\r\n%s" % (customer.key.encode(), len(body), body)
            )
            asked = connection.read_head().headers["x-request-id"]
            connection.read_chunk()
        house.logs("client gone", request_id=asked)
        gate.set()
    record = customer.wait_for_record()
    assert record["status"] == 499
    assert usd(record["cost"]) == owed((13, per_million("5")), (1156, per_million("30")))


# ---- failures and retries ----


@pytest.mark.parametrize(
    "body", [b'{"created":1,"data":[]}', b'{"created":1}', b"[]", b'{"data":[{"b64_json":""}]}']
)
def test_no_picture_is_no_answer(customer, provider, body):
    provider.answer = answers.reply(200, body)
    check_error(ask(customer), 502)
    customer.wait_for_no_hold()
    assert customer.balance == 10


def test_the_next_candidate_draws(customer, provider):
    provider.then(answers.error(500, "no", None, "server_error"), plain(usage=usage(13, 1056)))
    assert ask(customer).status_code == 200
    assert customer.wait_for_record()["attempts"] == 2


def test_a_refused_prompt_passes(customer, provider):
    provider.answer = answers.error(400, "Rejected by the safety system", "moderation_blocked",
                                    "image_generation_user_error")  # fmt: skip
    error = check_error(ask(customer), 400, "moderation_blocked")
    assert "safety" in error["message"]


def test_a_retry_gets_the_same_picture(customer, provider):
    provider.reset()
    provider.answer = plain(usage=usage(13, 1056))
    body, headers = {"model": "tokens", **ASKED}, {"Idempotency-Key": "one"}
    first = customer.post(body, "/images/generations", headers=headers)
    customer.wait_for_no_hold()
    again = customer.post(body, "/images/generations", headers=headers)
    assert (again.status_code, again.content) == (200, first.content)
    assert len(provider.requests) == 1


# ---- large ones ----


def test_large_pictures(customer, provider):
    """36 MB: more than any other plain answer may have."""
    large = PICTURE[:10240] * 900
    provider.answer = plain(4, picture=large, usage=usage(13, 4224))
    reply = ask(customer, n=4)
    assert reply.status_code == 200
    assert [entry["b64_json"] == large for entry in reply.json()["data"]] == [True] * 4
    cost = owed((13, per_million("5")), (4224, per_million("30")))
    assert usd(customer.wait_for_record()["cost"]) == cost


def test_above_every_bound(customer, provider):
    provider.answer = plain(7, picture="A" * (10 << 20))
    check_error(ask(customer, n=7), 502)
    customer.wait_for_no_hold()
    assert customer.balance == 10


# ---- another package, the list ----


@pytest.mark.once
def test_the_node_sdk(house, customer, provider):
    provider.then(
        plain(usage=usage(13, 1056)), events.events(partial(0), completed(usage=usage(13, 1156)))
    )
    script = Path(__file__).parent / "node/images.mjs"
    folder = os.environ.get("E2E_NODE") or str(ROOT / "build/node")
    env = {"PATH": os.environ["PATH"], "E2E_NODE": folder, "E2E_KEY": customer.key,
           "E2E_BASE_URL": house.api}  # fmt: skip
    result = subprocess.run(["node", script], env=env, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["plain"] == PICTURE
    assert found["events"] == ["image_generation.partial_image", "image_generation.completed"]


def test_the_list_says_what_it_costs(customer):
    models = {model["id"]: model for model in customer.get("/models").json()["data"]}
    assert models["flat"]["architecture"]["output_modalities"] == ["image"]
    assert models["flat"]["supported_endpoints"] == ["/v1/images/generations"]
    assert usd(models["flat"]["pricing"]["image_output"]) == Decimal("0.06")
