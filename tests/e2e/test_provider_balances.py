"""`balance` in providers.lua: what is left of our account with a provider, or what it has billed
today, is asked beside the requests, shown to operators, and told when it is bad. The answers are
those of the providers' documentation and packages (lua/policy/balances.lua)."""

import itertools
import json

import answers
import pytest
from gateway import Gateway
from policies import OPENAI_KEY, OPENAI_URL, Lua
from prices import Price
from receivers import alerts
from replays import make_admin
from wait import wait_until

PRICE = Price("0.15", "0.60")
CREDITS = {"data": {"total_credits": 100.5, "total_usage": 25.75}}
MONEY = {
    "is_available": True,
    "balance_infos": [
        {"currency": "CNY", "total_balance": "7.00", "granted_balance": "0.00",
         "topped_up_balance": "7.00"},
        {"currency": "USD", "total_balance": "110.00", "granted_balance": "10.00",
         "topped_up_balance": "100.00"},
    ],
}  # fmt: skip


def costs(*amounts) -> dict:
    results = [
        {"object": "organization.costs.result", "amount": {"value": each, "currency": "usd"}}
        for each in amounts
    ]
    bucket = {"object": "bucket", "start_time": 1, "end_time": 2, "results": results}
    return {"object": "page", "data": [bucket], "has_more": False, "next_page": None}


class Costs(dict):
    """The pages of a provider that says its costs, whatever the query asks for."""

    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def get(self, path, otherwise):
        return self.answer if path.startswith("/v1/organization/costs?") else otherwise


def page(value, status: int = 200):
    return answers.reply(status, json.dumps(value).encode())


OPENAI = {"provider": "openai", "keeps_responses": False, "compacts": False}
NUMBERS = itertools.count()
OWN = Lua("function(answer) return answer.purse.cents / 100 end")
WORDS = Lua('function(answer) return nil, "the bank is closed" end')
RAISES = Lua("function(answer) return answer.a.b.c end")
RUNS_ON = Lua("function(answer) while true do end end")
# The provider's entry, what it answers, and what operators see; None: a part of the error.
KINDS = {
    "openrouter": (
        {"provider": "openrouter", "balance": "10"}, "/v1/credits", CREDITS,
        ("left", "74.750000000", "10.000000000")),
    "deepseek": (
        {"provider": "deepseek", "balance": {"below": "10"}}, "/v1/user/balance", MONEY,
        ("left", "110.000000000", "10.000000000")),
    "openai": (
        OPENAI | {"balance": {"api_key": "sk-admin-1"}}, "/v1/organization/costs",
        costs(0.06, "0.0100000000000001"), ("billed", "0.070000000", "0.100000000")),
    "own": (
        {"balance": {"path": "/purse", "below": "1", "read": OWN}}, "/v1/purse",
        {"purse": {"cents": 250}}, ("left", "2.500000000", "1.000000000")),
    "debt": (
        {"balance": {"path": "/purse", "below": "1", "read": OWN}}, "/v1/purse",
        {"purse": {"cents": -250}}, ("left", "-2.500000000", "1.000000000")),
    "words": ({"balance": {"path": "/purse", "below": "1", "read": WORDS}}, "/v1/purse", {},
              "the bank is closed"),
    "raises": ({"balance": {"path": "/purse", "below": "1", "read": RAISES}}, "/v1/purse", {},
               "`read` cannot read its answer"),
    "endless": ({"balance": {"path": "/purse", "below": "1", "read": RUNS_ON}}, "/v1/purse", {},
                "instructions"),
    "no figure": ({"provider": "openrouter", "balance": "1"}, "/v1/credits", {"data": 5},
                  "cannot read its answer"),
    "other coins": ({"provider": "deepseek", "balance": "1"}, "/v1/user/balance",
                    {"balance_infos": MONEY["balance_infos"][:1]}, "no balance in USD"),
    "nothing": ({"provider": "openrouter", "balance": "1"}, "/v1/nowhere", {},
                "HTTP status 404"),
}  # fmt: skip


@pytest.fixture
def start(shared_provider, tmp_path):
    """Starts a gateway with this one provider beside the usual ones."""
    made = []

    def start(**members) -> Gateway:
        gateway = Gateway(tmp_path / "gateway", shared_provider)
        gateway.policies.provider("own", **members)
        gateway.policies.model("m", PRICE, providers=("own",), request="0.25")
        gateway.policies.write("examples", "return {}\n")
        made.append(gateway.start())
        gateway.admin = make_admin(gateway, f"{next(NUMBERS)}@balances.test")
        return gateway

    yield start
    for gateway in made:
        gateway.stop()


def said(gateway) -> dict | None:
    providers = gateway.admin.call("GET", "/admin/providers", 200)["data"]
    return next(row["balance"] for row in providers if row["name"] == "own")


def wait_until_said(gateway) -> dict:
    return wait_until(lambda: said(gateway), 10, "a balance")


def asked(provider) -> int:
    return sum(request.path == "/v1/credits" for request in provider.gets)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_said(start, provider, kind):
    members, path, answer, expected = KINDS[kind]
    provider.pages = Costs(page(answer)) if "costs" in path else {path: page(answer)}
    found = wait_until_said(start(base_url=Lua(OPENAI_URL), api_key=Lua(OPENAI_KEY), **members))
    if isinstance(expected, str):
        assert expected in found["error"]
        assert (found["asked_at"], found["amount"]) == (None, None)
    else:
        assert (found["kind"], found["amount"], found["alarm"]) == expected
        assert found["error"] is None
        assert found["asked_at"] is not None


def test_with_which_key(start, provider):
    provider.pages = Costs(page(costs()))
    wait_until_said(start(**OPENAI, balance={"api_key": "sk-admin-1"}))
    (request,) = provider.gets
    assert request.headers["authorization"] == "Bearer sk-admin-1"
    day_s = int(dict(part.split("=") for part in request.line.split()[1].split("?")[1].split("&"))
                ["start_time"])  # fmt: skip
    assert day_s % 86400 == 0


def test_alarm_and_calm(start, provider):
    provider.pages = {"/v1/credits": page(CREDITS)}
    gateway = start(provider="openrouter", balance="80")
    (alert,) = wait_until(lambda: alerts(gateway), 10)
    assert (alert["kind"], alert["subject"]) == ("balance_low", "own")
    assert alert["detail"] == "$74.75 left, less than $80"
    low = wait_until(lambda: gateway.logged("our balance at a provider is low"), 10)
    assert (low[0]["level"], low[0]["balance"], low[0]["below"]) == ("error", "74.75", "80")
    gateway.reload()  # asks again, and tells nothing anew
    wait_until(lambda: asked(provider) == 2, 10)
    provider.pages = {"/v1/credits": page({"data": {"total_credits": 200, "total_usage": 25}})}
    gateway.reload()
    wait_until(lambda: gateway.logged("as it should be again", provider="own"), 10)
    assert len(gateway.logs("our balance at a provider is low")) == 1
    wait_until(lambda: alerts(gateway)[0]["closed_ms"], 10)
    assert len(alerts(gateway)) == 1


def test_a_bill_above_our_count(start, provider):
    """A quarter of a dollar was counted here: up to a tenth and ten cents more is no news."""
    provider.answer = answers.chat()
    provider.pages = Costs(page(costs("0.37")))
    gateway = start(**OPENAI, balance={})
    wait_until(lambda: gateway.logged("bills more today"), 10)
    customer = gateway.customer()
    assert customer.ask("m").status_code == 200
    customer.wait_for_no_hold()
    gateway.reload()
    wait_until(lambda: gateway.logged("as it should be again", provider="own"), 10)


def test_a_key_in_an_error_is_not_shown(start, provider):
    words = {"error": "no such key: sk-admin-very-secret"}
    provider.pages = Costs(page(words, 401))
    gateway = start(**OPENAI, balance={"api_key": "sk-admin-very-secret"})
    found = wait_until_said(gateway)
    assert "HTTP status 401" in found["error"]
    assert "very-secret" not in found["error"] + gateway.stderr()


BAD = {
    "no reader": ({"balance": {"path": "/purse", "below": "1"}}, "read"),
    "no path": ({"balance": {"below": "1", "read": OWN}}, "path"),
    "no alarm": ({"balance": {"path": "/purse", "read": OWN}}, "below"),
    "no amount": ({"provider": "openrouter", "balance": "much"}, "balance"),
    "an unknown member": ({"provider": "openrouter", "balance": {"bellow": "1"}}, "below"),
    "an address without a host": (
        {"provider": "openrouter", "balance": {"below": "1", "url": "http://"}}, "url"),
    "a key of two lines": (
        {"provider": "openrouter", "balance": {"below": "1", "api_key": Lua('"a\\nb"')}},
        "api_key"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_entry_is_refused(shared_provider, tmp_path, name):
    members, word = BAD[name]
    gateway = Gateway(tmp_path / "gateway", shared_provider)
    gateway.policies.provider("own", **members)
    gateway.write_config()
    found = gateway.command("check")
    assert found.returncode != 0
    assert "providers.lua" in found.stderr
    assert word in found.stderr
