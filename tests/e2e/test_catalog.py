"""The catalogue: making policies/catalog.lua from a price file, selling from it, and what calls
cost then. The price files here are small; tests/clients/test_litellm_costs.py has the real one."""

import json
import re
from fractions import Fraction
from pathlib import Path

import answers
import pytest
from gateway import ROOT

MEMBERS = (Path(__file__).parent / "catalog/price_members.txt").read_text().split()

PLAIN = {
    "litellm_provider": "openai",
    "mode": "chat",
    "max_input_tokens": 128000,
    "max_output_tokens": 4096,
    "input_cost_per_token": "1.5e-07",
    "output_cost_per_token": "6e-07",
}


@pytest.fixture
def idle(make_gateway):
    """A gateway that is configured and not running."""
    return make_gateway(start=False)


def dump(value) -> str:
    """JSON in which numbers keep their digits: texts that are numbers stand without quotes."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)}: {dump(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(dump, value)) + "]"
    if isinstance(value, str) and re.fullmatch(r"\d+(\.\d+)?(e[-+]?\d+)?", value):
        return value
    return json.dumps(value)


def price_file(tmp_path: Path, models: dict, name: str = "prices.json") -> Path:
    path = tmp_path / name
    path.write_text(dump(models))
    return path


def imported(idle, tmp_path, models: dict, *args: str):
    """The text of the catalogue, and the summary."""
    result = idle.command("catalog", "import", str(price_file(tmp_path, models)), "--output", "-",
                          *args)  # fmt: skip
    assert result.returncode == 0, result.stderr
    return result.stdout, result.stderr


def refused_import(idle, tmp_path, text: str) -> str:
    path = tmp_path / "prices.json"
    path.write_text(text)
    before = sorted(idle.policies.folder.iterdir())
    result = idle.command("catalog", "import", str(path))
    assert (result.returncode, result.stdout) == (1, "")
    assert sorted(idle.policies.folder.iterdir()) == before, "nothing is left behind"
    return result.stderr


def sell(idle, text: str) -> None:
    """models.lua sells this, without a margin."""
    idle.policies.write("models", f"return {{\n{text}\n}}\n")
    idle.policies.write("margins", 'return { default = "0%" }')
    idle.policies.write("examples", "return {}")


def check(idle, *words: str):
    """`check` refuses, and says these words."""
    result = idle.command("check")
    assert result.returncode == 1, result.stdout
    for word in words:
        assert word in result.stderr, result.stderr


def priced(idle, *calls: dict) -> list[dict]:
    lines = "\n".join(json.dumps(call) for call in calls)
    result = idle.command("price", "-", input=lines)
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


# ---- import ----


def test_a_file_becomes_a_catalogue(idle, tmp_path):
    """Exactly this text: prices per token become texts per million, in the order of the units."""
    models = {
        "b": {
            **PLAIN,
            "supports_function_calling": True,
            "cache_read_input_token_cost": "7.5e-08",
            "input_cost_per_token_above_200k_tokens": "3e-07",
            "input_cost_per_token_flex": "7.5e-08",
        },
        "a": {**PLAIN, "deprecation_date": "2027-01-14"},
    }
    text, summary = imported(idle, tmp_path, models, "--label", "1.2")
    day = re.search(r'date = "(\d{4}-\d\d-\d\d)"', text)[1]
    digest = re.search(r'sha256 = "([0-9a-f]{64})"', text)[1]
    assert (
        text.split("return ")[1]
        == f"""{{
    source = "LiteLLM",
    version = "1.2",
    date = "{day}",
    sha256 = "{digest}",
    models = {{
        ["a"] = {{
            provider = "openai",
            model = "a",
            retires = "2027-01-14",
            context = 128000,
            max_output = 4096,
            input = "0.15",
            output = "0.6",
        }},
        ["b"] = {{
            provider = "openai",
            model = "b",
            context = 128000,
            max_output = 4096,
            capabilities = {{ "tools" }},
            input = "0.15",
            cached_input = "0.075",
            output = "0.6",
            when = {{
                {{ service_tier = "flex", input = "0.075" }},
                {{ prompt_above = 200000, input = "0.3" }},
                {{ prompt_above = 200000, service_tier = "flex", input = "0.3" }},
            }},
        }},
    }},
}}
"""
    )
    assert "imported 2 models from LiteLLM's file: 2 of openai" in summary


def test_the_same_file_gives_the_same_bytes(idle, tmp_path):
    models = {f"m{i}": {**PLAIN, "cache_read_input_token_cost": "1e-08"} for i in range(50)}
    first, _ = imported(idle, tmp_path, models)
    again, _ = imported(idle, tmp_path, dict(reversed(models.items())))
    assert first.split("models = {")[1] == again.split("models = {")[1], "and sorted"
    path = price_file(tmp_path, models)
    for _ in range(2):
        assert idle.command("catalog", "import", str(path)).returncode == 0
        text = idle.policies.read("catalog")
        assert idle.command("catalog", "import", str(path)).returncode == 0
        assert idle.policies.read("catalog") == text
    assert not list(idle.policies.folder.glob("*.new")), "the new file replaces the old one"


@pytest.mark.parametrize(
    ("text", "price"),
    [("1.5e-07", "0.15"), ("0.00000015", "0.15"), ("1E-6", "1"), ("2.5e-06", "2.5"),
     ("1e-12", "0.000001"), ("0.000001", "1"), ("1.2345678e-05", "12.345678")],
)  # fmt: skip
def test_prices_are_read_exactly(idle, tmp_path, text, price):
    """As a text: 64-bit floating point has no 0.15."""
    catalogue, _ = imported(idle, tmp_path, {"m": {**PLAIN, "input_cost_per_token": text}})
    assert f'            input = "{price}",' in catalogue


@pytest.mark.parametrize(
    ("member", "value", "why"),
    [("input_cost_per_token", "1.0000000000000001e-07", "is no whole number of pico-USD"),
     ("output_cost_per_token", "1e-13", "is no whole number of pico-USD"),
     ("input_cost_per_token", "-1e-07", "is no price"),
     ("input_cost_per_token", "cheap", "is no price"),
     ("input_cost_per_token", "2", "at most"),
     ("input_cost_per_token", "0.0", "costs nothing in the source"),
     ("cost_per_second", "0.01", "is priced by the time that a server is rented"),
     ("input_cost_per_thought", "1e-07", "is not known: it may be a price"),
     ("input_cost_per_token_turbo", "1e-07", "is not known: it may be a price"),
     ("search_context_cost_per_query", {"search_context_size_vast": "0.1"}, "is not known"),
     ("provider_specific_entry", {"mars": "1.5"}, "is not known"),
     ("web_search_billing_unit", "per_page", "is not known"),
     ("tiered_pricing", [{"input_cost_per_token": "1e-07"}], "has a step without a range"),
     ("off_peak_pricing", {"windows": [{"hours_utc": "late"}]}, "has hours that are not known")],
)  # fmt: skip
def test_a_model_with_a_price_that_is_not_understood_is_left_out(
    idle, tmp_path, member, value, why
):
    """The model, not the file; the summary says which and why."""
    models = {"good": PLAIN, "bad": {**PLAIN, member: value}}
    text, summary = imported(idle, tmp_path, models)
    assert '["good"]' in text
    assert '["bad"]' not in text
    line = next(line for line in summary.splitlines() if "(bad)" in line)
    assert why in line
    assert member in line or "costs nothing" in line


def test_members_that_are_new_and_carry_no_price_forbid_nothing(idle, tmp_path):
    text, _ = imported(idle, tmp_path, {"m": {**PLAIN, "supports_dreams": True, "is_new": False}})
    assert '["m"]' in text


@pytest.mark.parametrize(
    ("seller", "unit", "by_prompt"),
    [("gemini", {}, True), ("gemini", {"web_search_billing_unit": "per_query"}, False),
     ("openai", {}, False), ("openai", {"web_search_billing_unit": "per_prompt"}, True)],
)  # fmt: skip
def test_what_a_search_is(idle, tmp_path, seller, unit, by_prompt):
    """Google bills a prompt that was searched for, unless the file says otherwise."""
    sizes = {f"search_context_size_{size}": "0.01" for size in ("low", "medium", "high")}
    model = {**PLAIN, "litellm_provider": seller, "search_context_cost_per_query": sizes}
    text, _ = imported(idle, tmp_path, {"m": model | unit})
    assert ('web_search_by = "prompt"' in text) == by_prompt


def test_every_price_member_of_the_field_is_understood_or_listed(idle, tmp_path):
    """The names of LiteLLM 1.110.2: 183 that carry a price or change one. None is unknown."""
    assert len(MEMBERS) == 183
    values = {"search_context_cost_per_query": {}, "tiered_pricing": [], "off_peak_pricing": {},
              "provider_specific_entry": {}, "web_search_billing_unit": "per_query",
              "search_free_requests": {}}  # fmt: skip
    models = {f"with/{name}": {**PLAIN, name: values.get(name, "1e-06")} for name in MEMBERS}
    models["with/tomorrow"] = {**PLAIN, "input_cost_per_tomorrow": "1e-06"}
    text, summary = imported(idle, tmp_path, models)
    assert "members that this version does not know" in summary
    unknown = summary.split("members that this version does not know")[1].splitlines()[1:]
    assert unknown == ["  input_cost_per_tomorrow: 1 (with/tomorrow)"]
    sold = set(re.findall(r'\["with/(.*)"\]', text))
    for name in ("cost_per_second", "input_cost_per_pixel", "citation_cost_per_token"):
        assert name not in sold, "it cannot be counted, so the model is not sold"
    for name in ("input_cost_per_token_batches", "fedramp_uplift_multiplier"):
        assert name in sold, "no call through the gateway is billed by it"


def test_what_the_gateway_does_not_serve_is_left_out(idle, tmp_path):
    models = {
        "chat": PLAIN,
        "vectors": {**PLAIN, "mode": "embedding"},
        "responses-only": {**PLAIN, "supported_endpoints": ["/v1/responses"]},
    }
    text, summary = imported(idle, tmp_path, models)
    assert re.findall(r'        \["(.*)"\]', text) == ["chat"]
    assert "embedding: 1 (vectors)" in summary
    assert "chat by other endpoints: 1 (responses-only)" in summary
    text, _ = imported(idle, tmp_path, models, "--mode", "embedding")
    assert 'mode = "embedding"' in text


def test_providers_are_chosen_by_name(idle, tmp_path):
    models = {
        "one": PLAIN,
        "gemini/two": {**PLAIN, "litellm_provider": "gemini"},
        "three": {**PLAIN, "litellm_provider": "xai"},
    }
    text, _ = imported(idle, tmp_path, models, "--provider", "gemini", "--provider", "xai")
    assert re.findall(r'        \["(.*)"\]', text) == ["gemini/two", "three"]
    assert 'model = "two"' in text, "the provider's own name is without the provider"


def test_the_form_of_models_dev(idle, tmp_path):
    """Prices per million tokens, models below their provider."""
    model = {
        "id": "m",
        "name": "M",
        "limit": {"context": 200000, "output": 8192},
        "modalities": {"input": ["text", "pdf"], "output": ["text"]},
        "tool_call": True,
        "cost": {
            "input": "1.25",
            "output": "10",
            "cache_read": "0.125",
            "tiers": [{"input": "2.5", "output": "15", "cache_read": "0.25",
                       "tier": {"type": "context", "size": "200000"}}],
        },
    }  # fmt: skip
    strange = {**model, "id": "strange", "cost": {**model["cost"], "per_smile": "1"}}
    hasty = {**model, "id": "hasty", "experimental": {"modes": {"fast": {"cost": {"input": "9"}}}}}
    secret = {**model, "id": "secret", "experimental": {"surcharge": "1"}}
    models = {"m": model, "strange": strange, "hasty": hasty, "secret": secret}
    file = {
        "google": {"id": "google", "models": models},
        "xai": {"id": "xai", "models": {"x": model}},
    }
    text, summary = imported(idle, tmp_path, file)
    assert "imported 3 models from models.dev's file: 2 of gemini, 1 of xai" in summary
    assert "cost.per_smile is not known" in summary
    assert "experimental.surcharge is not known" in summary
    assert '"google/hasty"' in text, "another way to ask is not sold, and the model is"
    assert text.count("prompt_above = 199999") == 1, "xAI's steps begin at their size"
    for line in (
        '["google/m"] = {',
        'provider = "gemini",',
        'model = "m",',
        "context = 200000,",
        'capabilities = { "files", "tools" },',
        'input = "1.25",',
        'output = "10",',
        '{ prompt_above = 200000, input = "2.5", cached_input = "0.25", output = "15" },',
    ):
        assert line in text, text


@pytest.mark.parametrize(
    ("text", "words"),
    [("{", "prices.json"), ("[]", "neither LiteLLM's price file"),
     ('{"a": {"b": 1}}', "neither LiteLLM's price file"),
     ('{"m": {"litellm_provider": "x", "mode": "chat"}}', "has no model that could be sold")],
)  # fmt: skip
def test_a_file_that_is_no_price_file(idle, tmp_path, text, words):
    assert words in refused_import(idle, tmp_path, text)


def test_a_file_that_is_not_there(idle, tmp_path):
    result = idle.command("catalog", "import", str(tmp_path / "nowhere.json"))
    assert result.returncode == 1
    assert "nowhere.json: cannot be opened" in result.stderr


# ---- sell ----


@pytest.fixture
def selling(idle, tmp_path):
    """A gateway with a small catalogue."""
    models = {
        "gpt-small": {**PLAIN, "supports_vision": True, "supports_function_calling": True},
        "gpt-tiers": {
            **PLAIN,
            "cache_read_input_token_cost": "7.5e-08",
            "input_cost_per_token_above_200k_tokens": "3e-07",
            "input_cost_per_token_priority": "3e-07",
            "output_cost_per_token_priority": "1.2e-06",
        },
        "gpt-search-preview": {
            **PLAIN,
            "search_context_cost_per_query": dict.fromkeys(
                [f"search_context_size_{size}" for size in ("low", "medium", "high")], "0.01"
            ),
        },
        "away/gemini-large": {**PLAIN, "litellm_provider": "away"},
        "vectors": {**PLAIN, "mode": "embedding", "output_cost_per_token": "0.0"},
        "gemini/v": {**PLAIN, "mode": "embedding", "litellm_provider": "gemini"},
        "judge": {**PLAIN, "mode": "moderation", "max_output_tokens": 0},
        "ranker": {**PLAIN, "mode": "rerank", "litellm_provider": "ranks"},
        "texts": {**PLAIN, "mode": "completion", "litellm_provider": "text-completion-openai"},
        "asked": {**PLAIN, "mode": "decisions", "output_cost_per_token": "0"},
        "free": {**PLAIN, "mode": "moderation", "input_cost_per_token": "0.0"},
        "drawing": {**PLAIN, "mode": "video_generation"},
        "no-length": {key: PLAIN[key] for key in PLAIN if key != "max_output_tokens"},
    }
    path = price_file(tmp_path, models)
    modes = ("embedding", "moderation", "rerank", "completion", "decisions", "video_generation")
    wanted = [word for mode in modes for word in ("--mode", mode)]
    result = idle.command("catalog", "import", str(path), *wanted)
    assert result.returncode == 0, result.stderr
    return idle


def test_a_model_is_sold_in_one_line(selling):
    sell(selling, '["gpt-small"] = sell("gpt-small"),')
    result = selling.command("check")
    assert result.returncode == 0, result.stderr
    assert re.search(r"gpt-small +openai +0.15 +0.15 +0.6 ", result.stdout)
    call = {"model": "gpt-small", "usage": {"input": 1000, "output": 500}}
    assert [answer["charge"] for answer in priced(selling, call)] == ["0.00045"]


def test_what_is_no_chat_model_is_sold_at_its_endpoint(selling, provider):
    """By the entry's mode: name, path, request, answer."""
    cases = [
        ("vectors", "/embeddings", {"input": "x"}, {"data": [{"embedding": [1]}]}),
        ("gemini/v", "beta/models/m:embedContent", {"content": {}}, {"embedding": {"values": [1]}}),
        ("judge", "/moderations", {"input": "x"}, {"results": [{"flagged": False}]}),
        ("ranker", "/rerank", {"query": "x", "documents": ["y"]}, {"results": []}),
        ("texts", "/completions", {"prompt": "x"}, {"choices": [{"text": "y"}]}),
        ("asked", "/decisions", {"input": "x", "questions": []}, {"answers": [{"type": "a"}]}),
    ]  # fmt: skip
    dialects = {"openai": '"openai", "completions", "decisions"', "ranks": '"rerank"',
                "gemini": '"gemini"'}  # fmt: skip
    selling.policies.write("providers", "return {" + "".join(
        f'{name} = {{ dialect = {{ {words} }}, base_url = env("OPENAI_BASE_URL"), api_key = "k" }},'
        for name, words in dialects.items()
    ) + "}")  # fmt: skip
    sell(selling, "\n".join(f'["{name}"] = sell("{name}"),' for name, *_ in cases))
    selling.start()
    customer = selling.customer()
    for name, path, body, answer in cases:
        provider.answer = answers.reply(200, json.dumps(answer).encode())
        path = path.replace("/m:", f"/{name}:")
        sent = body if "content" in body else {**body, "model": name}
        reply = selling.http.post(f"/v1{path}", json=sent, headers=customer.authorization)
        assert reply.status_code == 200, (name, reply.text)
        assert provider.last.path.endswith(path.rpartition("/")[2])
        assert customer.ask(name).status_code == 404
    selling.stop()


def test_any_number_can_be_overridden(selling):
    sell(selling, 'cheap = sell("gpt-small", { input = "0.10", max_output = 100, name = "Cheap",\n'
                  '    candidates = { { provider = "demo" } } }),')  # fmt: skip
    call = {"model": "cheap", "usage": {"input": 1000, "output": 500}}
    assert [(a["provider"], a["charge"]) for a in priced(selling, call)] == [("demo", "0.0004")]


def test_the_names_of_the_provider_and_of_the_customer_may_differ(selling, provider):
    selling.policies.provider("away")
    sell(selling, '["large"] = sell("away/gemini-large"),')
    selling.start()
    customer = selling.customer()
    answer = customer.ask(model="large")
    assert answer.json()["model"] == "large"
    assert provider.requests[-1].json["model"] == "gemini-large"
    selling.stop()


@pytest.mark.parametrize(
    ("text", "words"),
    [('m = sell("gpt-smal"),', ["models.lua:2: sell(", "gpt-smal", 'did you mean "gpt-small"?']),
     ('m = sell("gemini-large"),', ['did you mean "away/gemini-large"?']),
     ('m = sell("drawing"),', ["does not serve models of the mode video_generation yet",
                               "catalog.lua:"]),
     ('m = sell("free"),', ["catalog.lua has no such model"]),
     ('m = sell("ranker", { candidates = { { provider = "demo" } } }),', ["does not speak rerank"]),
     ('m = sell("gemini/v", { candidates = { { provider = "anthropic" } } }),',
      ["does not speak embeddings"]),
     ('m = sell("gpt-small", { imput = "1" }),', ["models.lua:2:", "imput", 'did you mean "input"?',
                                                  'sold from catalog.lua:', '"gpt-small"']),
     ('m = sell("gpt-small", { imput = false }),', ["models.lua:2:", "imput: there is no such",
                                                    'did you mean "input"?']),
     ('m = sell("gpt-tiers", { service_tier = false }),', ["service_tier: there is no such"]),
     ('m = sell("no-length"),', ["models.lua:2:", "max_output: is missing", 'catalog.lua:']),
     ('m = sell("away/gemini-large", { context = 10 }),', ["max_output", "catalog.lua:"]),
     ('m = sell("gpt-tiers", { input = "1" }),', ["input has another price under conditions"]),
     ('m = sell("gpt-search-preview"),', ["searches in each call", "web_search_max"]),
     ("m = sell(7),", ["models.lua:2:", "string expected"]),
     ('m = sell("gpt-small", "x"),', ["models.lua:2:", "table expected"])],
)  # fmt: skip
def test_what_cannot_be_sold_says_where_and_why(selling, text, words):
    sell(selling, text)
    check(selling, *words)


def test_sell_is_a_word_of_models_lua_only(selling):
    selling.policies.write("margins", 'local m = sell("gpt-small")\nreturn { default = "0%" }')
    check(selling, "margins.lua:1: sell() works only in models.lua")


def test_sell_needs_a_catalogue(idle):
    sell(idle, 'm = sell("gpt-small"),')
    idle.policies.path("catalog").unlink(missing_ok=True)
    check(idle, "models.lua:2:", "there is no catalog.lua to sell from", "catalog import FILE")


def test_without_a_catalogue_all_is_as_before(idle):
    idle.policies.path("catalog").unlink(missing_ok=True)
    assert idle.command("check").returncode == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [("return 1", "catalog.lua: must return a table"),
     ('return { source = "x" }', "catalog.lua: catalog.models: must be a table"),
     ('return { source = "x", models = {}, extra = 1 }', "catalog.extra: there is no such member"),
     ("return {\n    source = 1, models = {} }", "catalog.lua:2: catalog.source: must be a text"),
     ("while true do end", "catalog.lua:1: runs without end"),
     ("return io", "catalog.lua:1: policies have no word 'io'")],
)  # fmt: skip
def test_a_catalogue_that_is_wrong_refuses_the_load(idle, text, words):
    idle.policies.write("catalog", text)
    check(idle, words)


def test_a_price_that_is_dropped_is_not_sold(selling):
    """A search needs the most of a call (for the hold); without that its price is left out."""
    sell(
        selling,
        'm = sell("gpt-search-preview", { web_search_max = 3 }),\n'
        'n = sell("gpt-search-preview", { web_search = false, web_search_max = 3 }),',
    )
    call = {"usage": {"input": 1, "output": 1, "web_search": 2}}
    with_search, without = priced(selling, {**call, "model": "m"}, {**call, "model": "n"})
    assert [line["unit"] for line in with_search["lines"]] == ["input", "output", "web_search"]
    assert [line["unit"] for line in without["lines"]] == ["input", "output"]
    assert without["unpriced"] == ["web_search"]


def test_a_price_of_ones_own_leaves_rules_out_that_set_it(selling):
    """The tier is not sold any more: the catalogue's price of it is not about this price."""
    sell(selling, 'm = sell("gpt-tiers", { output = "0.5" }),\n'
                  'n = sell("gpt-tiers", { input = "1", when = false }),')  # fmt: skip
    call = {"usage": {"output": 1000000}, "service_tier": "priority"}
    for answer in priced(selling, {**call, "model": "m"}, {**call, "model": "n"}):
        assert answer["error"]["member"] == "service_tier"


def prompt_price(customer) -> str:
    (model,) = customer.get("/models").json()["data"]
    return model["pricing"]["prompt"]


def test_a_catalogue_goes_live_with_a_reload(selling, provider):
    sell(selling, '["gpt-small"] = sell("gpt-small"),')
    selling.start()
    customer = selling.customer()
    before = prompt_price(customer)
    text = selling.policies.read("catalog")
    selling.policies.write("catalog", text.replace('input = "0.15"', 'input = "0.30"'))
    selling.reload()
    assert (before, prompt_price(customer)) == ("0.00000015", "0.0000003")
    selling.stop()


def test_a_large_catalogue_loads(idle, tmp_path):
    """5,000 models with three rules each, within the bounds of a load: only what is sold is made.
    (The whole file of LiteLLM 1.110.2 has 3,300 with fewer.)"""
    tiers = ("", "_flex")
    names = [f"{kind}_cost_per_token{step}{tier}" for kind in ("input", "output")
             for step in ("", "_above_272k_tokens") for tier in tiers]  # fmt: skip
    model = {**PLAIN, **{name: f"{i + 1}e-07" for i, name in enumerate(names)}}
    path = price_file(tmp_path, {f"model-{i}": model for i in range(5000)})
    assert idle.command("catalog", "import", str(path)).returncode == 0
    sell(idle, 'm = sell("model-4999"),')
    result = idle.command("check")
    assert result.returncode == 0, result.stderr


# ---- price ----


def test_price_says_what_a_call_costs(selling):
    sell(selling, '["gpt-tiers"] = sell("gpt-tiers"),')
    selling.policies.write("margins", 'return { default = "20%", groups = { vip = "10%" } }')
    usage = '{"input":1000,"cached_input":500,"output":100}'
    result = selling.command("price", "gpt-tiers", "--usage", usage)
    assert result.returncode == 0, result.stderr
    assert "cost $0.0002475, charge $0.000297" in result.stdout
    result = selling.command("price", "gpt-tiers", "--usage", usage, "--group", "vip",
                             "--service-tier", "priority")  # fmt: skip
    assert "cost $0.000495, charge $0.0005445" in result.stdout


def test_check_prints_what_becomes_dearer_with_its_whole(selling):
    sell(selling, '["gpt-tiers"] = sell("gpt-tiers"),')
    result = selling.command("check")
    assert result.returncode == 0, result.stderr
    assert "service tier priority: input 0.3, cached_input 0.15 (as input)" in result.stdout


def test_price_counts_the_prompt_as_the_provider_does(selling):
    """Cached tokens are in the prompt that decides the step; a step begins above its number."""
    sell(selling, '["gpt-tiers"] = sell("gpt-tiers"),')
    calls = [
        {"model": "gpt-tiers", "usage": {"input": 150000, "cached_input": 50000 + more}}
        for more in (0, 1)
    ]
    below, above = (Fraction(answer["cost"]) for answer in priced(selling, *calls))
    assert below == Fraction("0.15") * 15 / 100 + Fraction("0.075") * 5 / 100
    # The step says nothing of cached tokens: they become dearer as the others do.
    assert above == Fraction("0.3") * 15 / 100 + Fraction("0.15") * 50001 / 1000000


@pytest.mark.parametrize(
    ("call", "member"),
    [({"model": "none", "usage": {}}, "model"), ({"usage": {}}, "model"),
     ({"model": "gpt-4o"}, "usage"), ({"model": "gpt-4o", "usage": {"imput": 1}}, "usage.imput"),
     ({"model": "gpt-4o", "usage": {"input": 1.5}}, "usage.input"),
     ({"model": "gpt-4o", "usage": {"input": -1}}, "usage.input"),
     ({"model": "gpt-4o", "usage": {"input": 1e13}}, "usage.input"),
     ({"model": "gpt-4o", "usage": {}, "provider": "x"}, "provider"),
     ({"model": "gpt-4o", "usage": {}, "service_tier": "warp"}, "service_tier"),
     ({"model": "gpt-4o", "usage": {}, "tier": "x"}, "tier")],
)  # fmt: skip
def test_price_says_what_is_wrong_with_a_question(idle, call, member):
    (answer,) = priced(idle, call)
    assert answer["error"]["member"] == member


def test_price_on_the_command_line_fails_as_a_command(idle):
    for args in (
        ["gpt-4o", "--usage", "[]"],
        ["none", "--usage", "{}"],
        ["gpt-4o", "--usage", "{"],
    ):
        result = idle.command("price", *args)
        assert (result.returncode, result.stdout) == (1, "")
    assert "model_not_found" in idle.command("price", "none").stderr


def test_the_shipped_catalogue_is_as_good_as_models_lua(idle):
    """The seed's models have the same prices in both; models.lua keeps its own."""
    text = (ROOT / "policies/catalog.lua").read_text()
    names = ["gpt-4o", "gpt-4o-mini", "gpt-4-turbo", "gpt-4", "gpt-3.5-turbo"]
    usage = {"input": 1000003, "output": 500009}
    calls = [{"model": name, "usage": usage} for name in names]
    before = [answer["cost"] for answer in priced(idle, *calls)]
    sell(idle, "\n".join(f'["{name}"] = sell("{name}"),' for name in names))
    idle.policies.write("catalog", text)
    assert [answer["cost"] for answer in priced(idle, *calls)] == before
