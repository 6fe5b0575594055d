"""Prices by the clock, by a function of the operator's, and by what the request says of its
searches and pictures. Charges are computed again in exact fractions. Hours and dates lie hours
around now, so no test depends on the moment at which it runs."""

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import answers
import pytest
from errors import check_error
from gateway import Gateway
from policies import Lua
from prices import Price, usd
from test_conditions import charge
from test_metering import PNG

PRICE = Price("2", "10", "0.2")
CHEAP = Price("1", "10", "0.2")
DAY = timedelta(days=1)


def hours(zone: str, begins: int, ends: int) -> str:
    """From so many hours after now to so many."""
    now = datetime.now(ZoneInfo(zone))
    first, last = (now + timedelta(hours=h) for h in (begins, ends))
    end = f"{last:%H:%M}".replace("00:00", "24:00")  # midnight at the end of a day
    return f'hours = "{first:%H:%M}-{end}", zone = "{zone}"'


def weekdays(begins: int) -> str:
    day = (datetime.now(UTC) + timedelta(days=begins)).isoweekday()
    return f"weekdays = {{ {day}, {day % 7 + 1}, {(day + 1) % 7 + 1} }}"


def date(days: int) -> str:
    return f"{datetime.now(UTC) + days * DAY:%Y-%m-%dT%H:%M:%SZ}"


# The condition, and whether it holds now.
TIMES = {
    "hours": (hours("UTC", -2, 2), True),
    "other hours": (hours("UTC", 2, 6), False),
    "local hours": (hours("Asia/Shanghai", -2, 2), True),
    "local hours of a zone with summer time": (hours("America/New_York", -2, 2), True),
    "other local hours": (hours("Asia/Kolkata", -6, -2), False),
    "these days": (weekdays(-1), True),
    "other days": (weekdays(2), False),
    "since yesterday": (f'from = "{date(-1)}"', True),
    "from tomorrow on": (f'from = "{date(1)}"', False),
    "until tomorrow": (f'["until"] = "{date(1)}"', True),
    "until yesterday": (f'["until"] = "{date(-1)}"', False),
    "between": (f'from = "{date(-1)}", ["until"] = "{date(1)}", {hours("UTC", -2, 2)}', True),
    "the right days, other hours": (f'from = "{date(-1)}", {hours("UTC", 2, 6)}', False),
}


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("times"), shared_provider, {})
    policies = gateway.policies
    for i, (condition, _) in enumerate(TIMES.values()):
        policies.model(f"time-{i}", PRICE, when=Lua(f'{{ {{ {condition}, input = "1" }} }}'))
    policies.model("chosen", PRICE, when=Lua('{ { choice = "short", input = "1" } }'), choose=Lua(
        'function(request) if request.input_tokens > 5000 then error("too long") end\n'
        'return request.stream and "short" or nil end'))  # fmt: skip
    searching = Lua('{ { search_context = "low", web_search = "0.01" },'
                    ' { search_context = "high", web_search = "0.014" } }')  # fmt: skip
    policies.model("search", PRICE, web_search="0.012", web_search_max=5, allow=["web_search"],
                   when=searching)  # fmt: skip
    sizes = Lua('{ { size = { "2K", "4K" }, image = "0.08" },'
                ' { size = "512", image = "0.03" },'
                ' { size = "4K", quality = "low", image = "0.02" } }')  # fmt: skip
    policies.model("draw", PRICE, image="0.04", image_max=3, when=sizes)
    policies.model("plain", PRICE, image="0.04", image_max=3)
    policies.provider("google", dialect="gemini")
    policies.model("draw-google", PRICE, image="0.04", image_max=3, when=sizes,
                   providers=("google",), allow=["modalities.image"])  # fmt: skip
    policies.write("examples", "return {}\n")
    yield from gateway.served()


def answer(**usage):
    counts = {"prompt_tokens": 1000, "completion_tokens": 100} | usage
    return answers.counted_as("hello world " * 30, counts)


@pytest.mark.parametrize("name", TIMES)
def test_times(house, provider, name):
    customer = house.customer()
    provider.answer = answer()
    assert customer.ask(f"time-{list(TIMES).index(name)}").status_code == 200
    record = customer.wait_for_record()
    price = CHEAP if TIMES[name][1] else PRICE
    assert usd(record["cost"]) == 10 - customer.balance == charge(price, 1000, 100)
    assert house.command("ledger", "explain", record["id"]).returncode == 0


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "chosen"])
def test_a_function_chooses(house, provider, streamed):
    customer = house.customer()
    provider.answer = answer()
    assert customer.ask("chosen", stream=streamed).status_code == 200
    record = customer.wait_for_record()
    assert usd(record["cost"]) == charge(CHEAP if streamed else PRICE, 1000, 100)
    record = customer.get("/generation", params={"id": record["id"]}).json()["data"]
    assert record["conditions"] == ({"choice": "short"} if streamed else {})


def test_a_function_that_fails_costs_nothing(house, provider):
    customer = house.customer()
    long = customer.ask("chosen", messages=[{"role": "user", "content": "word " * 20000}])
    check_error(long, 500, "policy_error")
    assert customer.balance == 10


@pytest.mark.parametrize(("context", "each"), [
    (None, "0.012"), ("medium", "0.012"), ("low", "0.010"), ("high", "0.014")])  # fmt: skip
def test_searches_cost_by_their_context(house, provider, context, each):
    customer = house.customer()
    provider.answer = answer(server_tool_use={"web_search_requests": 3})
    options = {} if context is None else {"search_context_size": context}
    assert customer.ask("search", web_search_options=options).status_code == 200
    record = customer.wait_for_record()
    tokens = charge(PRICE, 1000, 100)
    assert usd(record["cost"]) == tokens + 3 * usd(each) * usd("1.2")


def test_a_context_that_is_there_twice_is_refused(house, provider):
    customer = house.customer()
    body = json.dumps({"model": "search", "messages": [{"role": "user", "content": "Hi"}]})[:-1]
    options = '{"search_context_size": "low", "search_context_size": "high"}'
    response = customer.post(f'{body}, "web_search_options": {options}}}'.encode())
    check_error(response, 400, "invalid_value")
    assert customer.balance == 10


PICTURES = {
    "plain": ({}, "0.04"),
    "a small one": ({"image_config": {"image_size": "1K"}}, "0.04"),
    "a large one": ({"image_config": {"image_size": "4K"}}, "0.08"),
    "a rough one": ({"quality": "low"}, "0.04"),
    # A provider may know the size and not the quality, or none of them.
    "large and rough": ({"size": "4K", "quality": "low"}, "0.08"),
    "large and rough, in part as it is known": (
        {"image_config": {"image_size": "4K"}, "quality": "low"},
        "0.08",
    ),
    "small, as it is known": ({"image_config": {"image_size": "512"}}, "0.03"),
    "small, as nobody may know it": ({"size": "512"}, "0.04"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_cost_by_size_and_quality(house, provider, name):
    asked, each = PICTURES[name]
    customer = house.customer()
    picture = {"type": "image_url", "image_url": {"url": PNG}}
    message = {"role": "assistant", "content": "Here.", "images": [picture, picture]}
    body = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 5}}  # fmt: skip
    provider.answer = answers.reply(200, json.dumps(body).encode())
    assert customer.ask("draw", **asked).status_code == 200
    record = customer.wait_for_record()
    assert usd(record["cost"]) == charge(PRICE, 10, 5) + 2 * usd(each) * usd("1.2")


# Asked of a model that has prices of some of these words -> what each picture or search costs;
# None: it is not sold.
WORDS = {
    "a size that no rule names": ("draw", {"image_config": {"image_size": "8K"}}, None),
    "another form of a size": ("draw", {"size": "3840x2160"}, None),
    "a quality that no rule names": ("draw", {"quality": "ultra"}, None),
    "the provider chooses": ("draw", {"image_config": {"image_size": "auto"}}, "0.08"),
    "a context that no rule names": (
        "search", {"web_search_options": {"search_context_size": "extreme"}}, None),
    "the usual context": (
        "search", {"web_search_options": {"search_context_size": "Medium"}}, "0.012"),
    "where no word has a price": ("plain", {"size": "8K", "quality": "ultra"}, "0.04"),
}  # fmt: skip


def drawn() -> bytes:
    picture = {"type": "image_url", "image_url": {"url": PNG}}
    message = {"role": "assistant", "content": "Here.", "images": [picture]}
    usage = {"prompt_tokens": 10, "completion_tokens": 5}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return json.dumps({"choices": [choice], "usage": usage}).encode()


@pytest.mark.parametrize("name", WORDS)
def test_a_word_without_a_price_is_not_sold(house, provider, name):
    model, asked, each = WORDS[name]
    customer = house.customer()
    searched = answer(server_tool_use={"web_search_requests": 1})
    provider.answer = searched if model == "search" else answers.reply(200, drawn())
    response = customer.ask(model, **asked)
    if each is None:
        check_error(response, 400, "not_priced", retry=False)
        assert provider.requests == []
        assert customer.balance == 10
        return
    assert response.status_code == 200, response.text
    tokens = charge(PRICE, 1000, 100) if model == "search" else charge(PRICE, 10, 5)
    assert usd(customer.wait_for_record()["cost"]) == tokens + usd(each) * usd("1.2")


def test_a_context_of_an_answer_that_has_no_price_costs_what_the_dearest_does(house, provider):
    customer = house.customer()
    provider.answer = answer(num_search_queries=2, search_context_size="extreme")
    asked = {"web_search_options": {"search_context_size": "low"}}
    response = customer.ask("search", **asked)
    assert response.status_code == 200
    record = customer.wait_for_record()
    assert usd(record["cost"]) == charge(PRICE, 1000, 100) + 2 * usd("0.014") * usd("1.2")
    house.logs("searches that have no price", request_id=record["id"])


# generationConfig of Google's -> what the picture costs; None: it is refused.
GOOGLE = {
    "nothing": ({}, "0.04"),
    "the usual size": ({"imageConfig": {"imageSize": "1K"}}, "0.04"),
    "a size": ({"imageConfig": {"imageSize": "4K"}}, "0.08"),
    "in snake case": ({"image_config": {"image_size": "4k"}}, "0.08"),
    "a format": ({"responseFormat": {"image": {"imageSize": "IMAGE_SIZE_FOUR_K"}}}, "0.08"),
    "formats": (
        {"response_format": [{"text": {}}, {"image": {"image_size": "image_size_two_k"}}]}, "0.08"),
    "a format of the usual size": (
        {"responseFormat": [{"image": {"imageSize": "IMAGE_SIZE_ONE_K"}}]}, "0.04"),
    "no size": ({"responseFormat": {"image": {"imageSize": "IMAGE_SIZE_UNSPECIFIED"}}}, "0.04"),
    "a size that no rule names": ({"imageConfig": {"imageSize": "8K"}}, None),
    "a small format": (
        {"responseFormat": {"image": {"imageSize": "IMAGE_SIZE_FIVE_TWELVE"}}}, "0.03"),
    "a format that no rule names": ({"responseFormat": {"image": {"imageSize": "8K"}}}, None),
    "an escape": ({"responseFormat": {"image": {"imageSize": "IMAGE_SIZE_FOUR_\\u004b"}}}, None),
    "a number of the enum": ({"responseFormat": {"image": {"imageSize": 4}}}, None),
    "another case": ({"imageConfig": {"ImageSize": "4K"}}, None),
    "another case of a format": ({"responseFormat": {"Image": {"imageSize": "8K"}}}, None),
    "two": ({"imageConfig": {"imageSize": "1K"},
             "responseFormat": {"image": {"imageSize": "IMAGE_SIZE_FOUR_K"}}}, None),
}  # fmt: skip


@pytest.mark.parametrize("name", GOOGLE)
def test_pictures_of_google_cost_by_their_size(house, provider, name):
    config, each = GOOGLE[name]
    customer = house.customer()
    part = {"inlineData": {"mimeType": "image/png", "data": PNG.split(",")[-1]}}
    body = {"candidates": [{"content": {"role": "model", "parts": [part]}, "index": 0,
                            "finishReason": "STOP"}],
            "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 5,
                              "totalTokenCount": 15}}  # fmt: skip
    provider.answer = answers.reply(200, json.dumps(body).encode())
    asked = {"contents": [{"role": "user", "parts": [{"text": "Draw."}]}],
             "generationConfig": {"responseModalities": ["IMAGE"], **config}}  # fmt: skip
    text = json.dumps(asked).replace("\\\\u", "\\u").encode()
    response = customer.post(text, "/models/draw-google:generateContent")
    if each is None:
        assert response.status_code == 400, response.text
        assert provider.requests == []
        assert customer.balance == 10
        return
    assert response.status_code == 200, response.text
    record = customer.wait_for_record()
    assert usd(record["cost"]) == charge(PRICE, 10, 5) + usd(each) * usd("1.2")


SPELLINGS = {
    "an escape in the word": (
        "search",
        '"web_search_options": {"search_context_size": "h\\u0069gh"}',
    ),
    "an escape in a name": (
        "search",
        '"web_search_options": {"search_context_s\\u0069ze": "high"}',
    ),
    "camel case": ("search", '"webSearchOptions": {"searchContextSize": "high"}'),
    "camel case inside": ("search", '"web_search_options": {"searchContextSize": "high"}'),
    "other case": ("draw", '"Size": "4K"'),
    "an escape": ("draw", '"size": "4\\u004b"'),
    "camel case around": ("draw", '"imageConfig": {"imageSize": "4K"}'),
    "two members": ("draw", '"image_config": {"image_size": "4K"}, "size": "1K"'),
    "two members, turned round": ("draw", '"size": "1K", "image_config": {"image_size": "4K"}'),
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_no_spelling_of_a_word_is_cheaper(house, provider, name):
    """A server may read each of these as the dear one; it is priced so, or refused."""
    model, member = SPELLINGS[name]
    customer = house.customer()
    picture = {"type": "image_url", "image_url": {"url": PNG}}
    message = {
        "role": "assistant",
        "content": "Here.",
        "images": [picture] if model == "draw" else [],
    }
    usage = {"prompt_tokens": 10, "completion_tokens": 5}
    if model == "search":
        usage["server_tool_use"] = {"web_search_requests": 1}
    provider.answer = answers.reply(
        200,
        json.dumps(
            {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage}
        ).encode(),
    )
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "Hi"}]})[:-1]
    response = customer.post(f"{body}, {member}}}".encode())
    if response.status_code == 400:
        assert customer.balance == 10
        return
    assert response.status_code == 200
    each = usd("0.014") if model == "search" else usd("0.08")
    assert usd(customer.wait_for_record()["cost"]) == charge(PRICE, 10, 5) + each * usd("1.2")
