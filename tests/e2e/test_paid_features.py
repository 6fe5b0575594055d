"""What a provider bills in another way than by the model's plain prices is refused before anything
is sent, unless the model's entry sells it: then it passes as it came."""

import json

import pytest
from customer import QUESTION
from errors import check_error
from prices import PRICES, usd
from wait import wait_until

FUNCTION = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
LONG = {"type": "ephemeral", "ttl": "1h"}
CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
SHORT = {"type": "ephemeral"}
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
    ("cache_control.ttl.1h", "cache_control.ttl", {"cache_control": LONG}),
    ("cache_control.ttl.1h", "messages[1]",
     {"messages": [{"role": "user", "content": "a"},
                   {"role": "user", "content": [{"type": "text", "text": "b"},
                                                {"type": "text", "text": "c",
                                                 "cache_control": LONG}]}]}),
    ("cache_control.ttl.1h", "messages[0]",
     {"messages": [{"role": "user", "content": "a", "cache_control": LONG}]}),
    ("cache_control.ttl.1h", "messages[1]",
     {"messages": [{"role": "user", "content": "a"},
                   {"role": "assistant", "tool_calls": [{**CALL, "cache_control": LONG}]}]}),
    ("cache_control.ttl.1h", "tools[1].cache_control.ttl",
     {"tools": [FUNCTION, {**FUNCTION, "cache_control": LONG}]}),
    ("prompt_cache_options.ttl.12h", "prediction.prompt_cache_breakpoint.ttl",
     {"prediction": {"type": "content", "content": [
         {"type": "text", "text": "a", "prompt_cache_breakpoint": {"ttl": "12h"}}]}}),
    ("moderation", "moderation", {"moderation": {"model": "omni"}}),
    ("background", "background", {"background": True}),
    ("speed.fast", "speed", {"speed": "fast"}),
    ("inference_geo.us", "inference_geo", {"inference_geo": "us"}),
    ("access_programs", "access_programs", {"access_programs": ["a"]}),
    ("container", "container", {"container": {"skills": [{}]}}),
    ("mcp_servers", "mcp_servers", {"mcp_servers": [{"url": "https://x.example"}]}),
    ("context_management", "context_management",
     {"context_management": {"edits": [{"type": "compact_20260112"}]}}),
    ("data_sources", "data_sources", {"data_sources": [{"type": "azure_search"}]}),
    ("compound_custom", "compound_custom", {"compound_custom": {"tools": {"enabled_tools": []}}}),
    ("extra_body", "extra_body", {"extra_body": {"service_tier": "priority"}}),
    ("preset", "preset", {"preset": "dear"}),
    ("prompt_cache_retention.24h", "promptCacheRetention", {"promptCacheRetention": "24h"}),
    ("web_search", "webSearchOptions", {"webSearchOptions": {}}),
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
# What clients send by default, and what is turned off.
NOTHING = [
    {"service_tier": "on_demand"},
    {"service_tier": "standard_only"},
    {"serviceTier": "auto"},
    {"prompt_cache_options": {"ttl": "30m"}},
    {"tools": [{"name": "f", "input_schema": {}, "defer_loading": True, "input_examples": []}]},
    {"tools": [{"name": "f", "inputSchema": {}}]},
    {"search_parameters": {"mode": "off"}},
    {"plugins": [{"id": "web", "enabled": False}]},
    {"context_management": {}},
    {"context_management": {"edits": [{"type": "clear_thinking_20251015"}]}},
    {"inference_geo": "", "previous_response_id": "", "container": ""},
    {"conversation": {}, "data_sources": [], "extra_body": {}, "preset": ""},
    {"cache_control": SHORT, "tools": [{**FUNCTION, "cache_control": {**SHORT, "ttl": "5m"}}]},
    {"messages": [{"role": "user", "cache_control": SHORT,
                   "content": [{"type": "text", "text": "ttl", "cache_control": SHORT}]}]},
]  # fmt: skip


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
              "prompt_cache_options.ttl.", "cache_control.ttl.")  # fmt: skip
    whole = [name for name in names if not name.startswith(groups)]
    price = PRICES["gpt-4o-mini"]
    gateway.policies.model("plain", price)
    gateway.policies.model("by-name", price, allow=names)
    gateway.policies.model("long", price, cache_write_long="2")
    gateway.policies.model("by-group", price, allow=[*whole, *(group + "*" for group in groups)])
    gateway.start()
    yield gateway
    gateway.stop()


@pytest.fixture
def buyer(shop, provider):
    yield shop.customer()
    shop.check_holds()


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(("name", "param", "members"), FEATURES, ids=ids(FEATURES))
def test_what_is_not_sold_is_not_sent(buyer, provider, name, param, members, streamed):
    response = buyer.post(body_of("plain", members, streamed))
    error = check_error(response, 400, "not_priced", param=param, retry=False)
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


@pytest.mark.parametrize("members", NOTHING, ids=json.dumps)
def test_what_uses_nothing_passes_as_it_came(buyer, provider, members):
    body = body_of("plain", members, False)
    assert buyer.post(body).status_code == 200
    assert provider.last.body == body


@pytest.mark.parametrize("members", [
    {"prompt_cache_retention": "24h"},
    {"prompt_cache_options": {"ttl": "12h"}},
    {"prompt_cache_options": {"ttl": "24h"}},
    {"cache_control": LONG},
], ids=json.dumps)  # fmt: skip
def test_a_price_of_long_caches_sells_them(buyer, provider, members):
    body = body_of("long", members, False)
    assert buyer.post(body).status_code == 200
    assert provider.last.body == body


@pytest.mark.parametrize("mark", [
    b'"cache\\u005fcontrol":{"ttl":"1h"}',
    b'"\\u0063ache_control":{"t\\u0074l":"1h"}',
    b'"cache_control":{"ttl":"1h"},"cache_control":{}',
    b'"cache_control":{},"cache_control":{"ttl":"1h"}',
    b'"cache_control":{"ttl":"1h","ttl":"5m"}',
    b'"Cache_Control":{"ttl":"1h"}',
    b'"cacheControl":{"ttl":"1h"}',
])  # fmt: skip
@pytest.mark.parametrize("type_", [b"text", b"tool_result"])
def test_no_mark_of_a_cache_hides(buyer, provider, type_, mark):
    part = b'{"type":"%s","text":"a",%s}' % (type_, mark)
    members = {"messages": [{"role": "user", "content": ["PART"]}]}
    body = body_of("plain", members, False).replace(b'"PART"', part)
    response = buyer.post(body)
    assert check_error(response, 400)["code"] in {"invalid_value", "not_priced"}
    assert response.json()["error"]["param"] in {"messages", "messages[0]"}
    assert provider.requests == []


def test_one_that_is_sold_does_not_let_another_through(buyer, provider):
    members = {"tools": [{"type": "web_search"}, {"type": "unheard_of"}]}
    response = buyer.post(body_of("by-name", members, False))
    check_error(response, 400, "not_priced", param="tools[1].type")
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


@pytest.mark.parametrize("model", ["plain", "by-group"])
@pytest.mark.parametrize("members", [{"serviceTier": "flex"}, {"inferenceGeo": "us"}])
def test_what_may_be_cheaper_is_written_as_the_api_has_it(buyer, provider, model, members):
    """A server that does not know the spelling would bill the plain price."""
    error = check_error(buyer.post(body_of(model, members, False)), 400, "invalid_value")
    assert "must be written" in error["message"]
    assert provider.requests == []


def test_a_retry_is_refused_alike(buyer, provider):
    headers = {"Idempotency-Key": "one"}
    for _ in range(2):
        response = buyer.post(body_of("plain", {"speed": "fast"}, False), headers=headers)
        check_error(response, 400, "not_priced", param="speed")
    assert provider.requests == []
