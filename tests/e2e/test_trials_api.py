"""The operator's comparison of a model's candidates with its canary and shadow."""

import answers
import openapi
import pytest
from answers import Usage
from errors import check_error
from prices import charge, usd
from trials import MAIN, MODEL, OTHER, administrator, candidate, draws, ended, rows, sell
from wait import wait_until

pytestmark = pytest.mark.quick
CALLS = 90
CANARY = {"candidate": candidate("young"), "share": "50%", "by": "call"}
SHADOW = {"candidate": candidate("dark"), "share": "100%", "spend_per_day": "5"}
BROKEN = answers.error(500, "no", None, "server_error")


def test_side_by_side(make_gateway, provider):
    gateway = make_gateway(prepare=lambda policies: sell(policies, canary=CANARY, shadow=SHADOW))
    admin, customer = administrator(gateway), gateway.customer()
    document = openapi.Document(openapi.load())

    admin.web.event_hooks["response"].append(document.check)

    def compare(query: str = "") -> dict[str, dict]:
        told = admin.call("GET", f"/admin/trials/compare?model={MODEL}{query}", 200)
        assert told["complete"] is True
        return {row["role"]: row for row in told["data"]}

    assert compare() == {}
    provider.script("main", answers.chat(usage=Usage(100, 40)))
    provider.script("young", answers.chat(usage=Usage(100, 60), finish_reason="length"))
    provider.script("dark", answers.chat(usage=Usage(100, 50)))
    broken = 0
    for turn in range(CALLS):
        if turn == CALLS // 2:
            provider.script("young", BROKEN)
            broken = len([one for one in provider.requests if one.model == "young"])
        assert customer.ask(MODEL, stream=turn % 3 == 0).status_code == 200
        # One after the other: too many shadows at a time would be left out.
        calls = sum(one.model == "main" for one in provider.requests)
        failed = sum(one.model == "young" for one in provider.requests) - broken if broken else 0
        wait_until(lambda n=calls - failed: len(ended(gateway, n) or []) == n, 10, "the shadow")
    names = [record["id"] for record in customer.all_records()]
    young = sum(draws("canary", name, MODEL, 0.5) for name in names)
    found = compare()
    assert list(found) == ["primary", "canary", "shadow"]
    canary, primary, dark = found["canary"], found["primary"], found["shadow"]
    assert (canary["calls"], canary["answered"]) == (young, broken)
    assert canary["failures"] == {"5xx": young - broken}
    assert canary["failed_ppm"] == (young - broken) * 1_000_000 // young
    assert canary["finish_reasons"] == {"length": broken}
    assert primary["calls"] == primary["answered"] == CALLS - broken
    assert primary["finish_reasons"] == {"stop": CALLS - broken}
    assert primary["output_tokens_a_call"] == 40
    assert usd(primary["cost_a_call"]) == charge(MAIN, Usage(100, 40), "0")
    # Only calls of one attempt tell how long a candidate takes.
    assert primary["total_ms"]["calls"] == CALLS - young
    assert primary["total_ms"]["p50"] <= primary["total_ms"]["p90"]
    assert 0 < primary["first_byte_ms"]["calls"] < primary["total_ms"]["calls"]
    assert dark["calls"] == CALLS - young
    assert usd(dark["cost"]) == (CALLS - young) * charge(OTHER, Usage(100, 50), "0")
    assert dark["output_tokens_a_call"] == 50
    # Of few calls nothing is claimed.
    few = primary["first_byte_ms"]
    assert (few["p50"] is None) == (few["calls"] < 20)
    assert compare("&from=2001-01-01&to=2001-01-02") == {}
    (listed,) = admin.call("GET", "/admin/trials", 200)["data"]
    assert listed["canary"]["share"] == "50%"
    assert listed["shadow"]["spend_per_day"] == "5"
    check_error(admin.web.get("/admin/trials/compare"), 400, "missing_field", on_api=False)
    assert rows(gateway, "SELECT count(*) FROM shadows")[0][0] == CALLS - young


def test_few_calls_claim_nothing(make_gateway, provider):
    gateway = make_gateway(prepare=lambda policies: sell(policies, canary=CANARY))
    admin, customer = administrator(gateway), gateway.customer()
    for _ in range(5):
        assert customer.ask(MODEL).status_code == 200
    told = admin.call("GET", f"/admin/trials/compare?model={MODEL}", 200)
    assert sum(row["calls"] for row in told["data"]) == 5
    for row in told["data"]:
        assert row["failed_ppm"] is row["cost_a_call"] is row["output_tokens_a_call"] is None
        assert row["total_ms"]["p50"] is row["total_ms"]["p90"] is None
