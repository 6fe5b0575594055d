"""Mistral as providers.lua has it: it refuses members that it does not know, among them
`max_completion_tokens` and `stream_options.include_usage` (mistralai 3.7.0, PyPI, has neither)."""

from fractions import Fraction

import answers
from gateway import UPSTREAM_KEY
from prices import Price


def test_a_provider_is_not_asked_for_what_it_refuses(make_gateway, provider):
    """Its streams say usage all the same, and customers get theirs."""

    def prepare(policies) -> None:
        policies.model("m", Price("1", "2"), providers=("mistral",))

    gateway = make_gateway(
        prepare=prepare, env={"MISTRAL_BASE_URL": provider.url, "MISTRAL_API_KEY": UPSTREAM_KEY}
    )
    customer = gateway.customer()
    provider.answer = answers.chat(usage=answers.Usage(100, 50), usage_in_chunks="always")
    wish = {"stream_options": {"include_usage": True}}
    for fields in ({}, wish, {"max_completion_tokens": 500, **wish}):
        response = customer.ask("m", stream=True, **fields)
        assert response.status_code == 200
        sent = provider.requests[-1].json
        assert not sent.get("stream_options")
        assert "max_completion_tokens" not in sent
        assert sent.get("max_tokens") == fields.get("max_completion_tokens")
        assert ('"cost"' in response.text) == ("stream_options" in fields)
        assert Fraction(customer.wait_for_record()["cost"]) == Fraction("0.00024")
    gateway.stop()
