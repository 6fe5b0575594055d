"""What a provider bills in another way than by the model's plain prices is refused before anything
is sent, unless the model's entry sells it: then it passes as it came."""

import json

import pytest
from customer import QUESTION
from errors import check_error
from prices import PRICES, usd
from wait import wait_until

FUNCTION = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
# The feature's name, the member at fault, and what a request says.
FEATURES = [
    *[
        (f"service_tier.{tier}", "service_tier", {"service_tier": tier})
        for tier in ("priority", "fast", "flex", "ultrafast", "scale", "balanced", "new-in-2031")
    ],
    ("web_search", "web_search_options", {"web_search_options": {"search_context_size": "high"}}),
    *[
        (f"tools.{kind}", "tools[1].type", {"tools": [FUNCTION, {"type": kind, "name": kind}]})
        for kind in ("web_search", "image_generation", "mcp", "web_search_20250305", "new")
    ],
    ("tools.googleSearch", "tools[0].googleSearch", {"tools": [{"googleSearch": {}}]}),
    ("plugins.web", "plugins[0].id", {"plugins": [{"id": "web"}]}),
    ("modalities.audio", "modalities[1]", {"modalities": ["text", "audio"]}),
    ("modalities.audio", "audio", {"audio": {"voice": "alloy", "format": "wav"}}),
    ("prompt_cache_retention.24h", "prompt_cache_retention", {"prompt_cache_retention": "24h"}),
    ("prompt_cache_options.ttl.12h", "prompt_cache_options.ttl",
     {"prompt_cache_options": {"ttl": "12h"}}),
    ("moderation", "moderation", {"moderation": {"model": "omni"}}),
    ("background", "background", {"background": True}),
    ("speed", "speed", {"speed": "fast"}),
    ("inference_geo", "inference_geo", {"inference_geo": "us"}),
    ("access_programs", "access_programs", {"access_programs": ["a"]}),
    ("conversation", "conversation", {"conversation": "conv_1"}),
    ("previous_response_id", "previous_response_id", {"previous_response_id": "resp_1"}),
    ("prompt", "prompt", {"prompt": {"id": "pmpt_1"}}),
    ("container", "container", {"container": "c_1"}),
    ("mcp_servers", "mcp_servers", {"mcp_servers": [{"url": "https://x.example"}]}),
    ("context_management", "context_management", {"context_management": {"edits": []}}),
    ("cached_content", "cachedContent", {"cachedContent": "cachedContents/1"}),
    ("models", "models", {"models": ["dear"]}),
]  # fmt: skip
PLAIN = {
    "service_tier": "default",
    "tools": [FUNCTION, {"type": "custom", "custom": {"name": "c"}}],
    "modalities": ["text"],
    "audio": None,
    "prompt_cache_retention": "in_memory",
    "background": False,
    "store": True,
    "prediction": {"type": "content", "content": "a"},
    "web_search_options": None,
    "mcp_servers": [],
}


def ids(values):
    return [f"{param}-{name}" for name, param, _ in values]


def body_of(model: str, members: dict, streamed: bool) -> bytes:
    """With blanks that must come through."""
    body = {"model": model, "messages": list(QUESTION), "stream": streamed, **members}
    if streamed:
        body["stream_options"] = {"include_usage": True}
    return json.dumps(body, indent=3).encode()


@pytest.fixture(scope="module")
def shop(tmp_path_factory, shared_provider):
    """A gateway with a model that sells nothing but plain tokens, one that sells all by their
    names, and one by the beginnings of their names."""
    from gateway import Gateway

    gateway = Gateway(tmp_path_factory.mktemp("features"), shared_provider, {})
    names = list(dict.fromkeys(name for name, _, _ in FEATURES))
    groups = ("service_tier.", "tools.", "plugins.", "modalities.", "prompt_cache_retention.",
              "prompt_cache_options.ttl.")  # fmt: skip
    whole = [name for name in names if not name.startswith(groups)]
    price = PRICES["gpt-4o-mini"]
    gateway.policies.model("plain", price)
    gateway.policies.model("by-name", price, allow=names)
    gateway.policies.model("by-group", price, allow=[*whole, *(group + "*" for group in groups)])
    gateway.start()
    yield gateway
    gateway.stop()


@pytest.fixture
def buyer(shop, provider):
    yield shop.customer()
    shop.check_money()


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(("name", "param", "members"), FEATURES, ids=ids(FEATURES))
def test_what_is_not_sold_is_not_sent(buyer, provider, name, param, members, streamed):
    response = buyer.post(body_of("plain", members, streamed))
    error = check_error(response, 400, "invalid_value", param=param, retry=False)
    assert f"'{name}'" in error["message"]
    assert provider.requests == []
    assert usd(buyer.wallet()["held"]) == 0
    assert buyer.balance == 10


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("model", ["by-name", "by-group"])
@pytest.mark.parametrize(("name", "param", "members"), FEATURES, ids=ids(FEATURES))
def test_what_is_sold_passes_as_it_came(buyer, provider, model, name, param, members, streamed):
    body = body_of(model, members, streamed)
    assert buyer.post(body).status_code == 200
    assert provider.last.body == body
    wait_until(lambda: buyer.balance < 10, 10, "the charge")


@pytest.mark.parametrize("streamed", [False, True])
def test_plain_members_pass_as_they_came(buyer, provider, streamed):
    body = body_of("plain", PLAIN, streamed)
    assert buyer.post(body).status_code == 200
    assert provider.last.body == body


def test_one_that_is_sold_does_not_let_another_through(buyer, provider):
    members = {"tools": [{"type": "web_search"}, {"type": "unheard_of"}]}
    response = buyer.post(body_of("by-name", members, False))
    check_error(response, 400, "invalid_value", param="tools[1].type")
    assert provider.requests == []


@pytest.mark.parametrize("tool", [
    b'{"type":"function","type":"web_search"}',
    b'{"type":"web_search","type":"function"}',
    b'{"type":"function","Type":"web_search"}',
    b'{"type":"function","t\\u0079pe":"web_search"}',
    b'{"type":"web search"}',
    b'"web_search"',
])  # fmt: skip
@pytest.mark.parametrize("model", ["plain", "by-group"])
def test_no_tool_hides(buyer, provider, model, tool):
    body = body_of(model, {"tools": ["TOOL"]}, False).replace(b'"TOOL"', tool)
    check_error(buyer.post(body), 400, "invalid_value", param="tools")
    assert provider.requests == []
    assert buyer.balance == 10


def test_a_retry_is_refused_alike(buyer, provider):
    headers = {"Idempotency-Key": "one"}
    for _ in range(2):
        response = buyer.post(body_of("plain", {"speed": "fast"}, False), headers=headers)
        check_error(response, 400, "invalid_value", param="speed")
    assert provider.requests == []
