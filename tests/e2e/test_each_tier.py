"""The tier in which an answer says that it was served decides its price at every endpoint, wherever
the answer says it: beside its usage or in it."""

from fractions import Fraction

import endpoint_calls
import pytest
from endpoint_calls import CALLS, model_of
from gateway import Gateway
from policy_prices import exact_of, rounded_up

TIERS = [{"service_tier": "flex", "factor": "0.5"}, {"service_tier": "priority", "factor": "2"}]
# Of these, endpoint_calls makes whole bodies or events. (Conversations: test_conditions.py.)
NAMES = ["embeddings", "embedContent", "batchEmbedContents", "moderations", "rerank, by tokens",
         "rerank, by searches", "decisions", "images", "images, streamed", "edits",
         "edits, streamed", "transcriptions", "transcriptions, streamed",
         "transcriptions, by seconds", "translations"]  # fmt: skip
reply, event = endpoint_calls.reply, endpoint_calls.event


def tiered(name: str) -> str:
    return model_of(name) + "-in-tiers"


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("each-tier"), shared_provider, {})
    gateway.policies.write("examples", "return {}\n")
    endpoint_calls.sell(gateway.policies)
    for name in NAMES:
        call = CALLS[name]
        gateway.policies.model(tiered(name), endpoints=[call.endpoints], when=TIERS,
                               providers=(call.provider,), **call.sold)  # fmt: skip
    yield from gateway.served()


def served(body: dict, tier: str, where: str) -> dict:
    if "usageMetadata" in body:
        name = "serviceTier" if where == "beside" else "trafficType"
        word = tier if where == "beside" else f"ON_DEMAND_{tier.upper()}"
        return body | {"usageMetadata": body["usageMetadata"] | {name: word}}
    if where == "within" and "usage" in body:
        return body | {"usage": body["usage"] | {"service_tier": tier}}
    return body | {"service_tier": tier}


@pytest.mark.parametrize("where", ["beside", "within"])
@pytest.mark.parametrize(("tier", "factor"), [("flex", "0.5"), ("priority", "2")])
@pytest.mark.parametrize("name", NAMES)
def test_it_decides(house, provider, monkeypatch, name, tier, factor, where):
    call, customer = CALLS[name], house.customer()
    monkeypatch.setattr(endpoint_calls, "reply", lambda body: reply(served(body, tier, where)))
    monkeypatch.setattr(
        endpoint_calls, "event",
        lambda kind, **members: event(kind, **served(members, tier, where)),
    )  # fmt: skip
    provider.answer = call.answer(call.used)
    assert call.send(customer, tiered(name)).status_code == 200
    customer.wait_for_no_hold()
    exact = exact_of(house.policies, model_of(name), call.used) * Fraction(factor)
    assert 10 - customer.balance == rounded_up(exact)
