"""The providers of policies/providers.lua, as they ship, and models of the catalogue: each is asked
in its own dialect, at the address that the environment names."""

import re

import anthropic_answers
import gemini_answers
import pytest
from gateway import UPSTREAM_KEY, Gateway


def sold_by(gateway: Gateway, provider: str) -> str:
    """A model of the catalogue."""
    text = gateway.policies.read("catalog")
    return re.search(rf'\["([^"/]+)"\] = \{{\n +provider = "{provider}"', text)[1]


@pytest.mark.once
@pytest.mark.parametrize(
    ("name", "end", "asked", "header", "answer"),
    [
        ("anthropic", "", "/v1/messages", "x-api-key", anthropic_answers.message),
        ("anthropic", "/v1", "/v1/messages", "x-api-key", anthropic_answers.message),
        ("gemini", "", "/v1beta/models/", "x-goog-api-key", gemini_answers.content),
    ],
)
def test_its_own_dialect(make_gateway, provider, name, end, asked, header, answer):
    address = provider.url.removesuffix("/v1") + end
    env = {f"{name.upper()}_BASE_URL": address, f"{name.upper()}_API_KEY": UPSTREAM_KEY}
    gateway = make_gateway(start=False, env=env)
    model = sold_by(gateway, name)
    more = '{ web_search = false, capabilities = { "tools" } }'
    gateway.policies.write("models", f'return {{ ["{model}"] = sell("{model}", {more}) }}\n')
    gateway.policies.write("examples", "return {}\n")
    gateway.start()
    provider.answer = answer()
    answered = gateway.customer().ask(model=model)
    assert answered.json()["choices"][0]["message"]["content"] == "Hello there!"
    assert provider.last.path.startswith(asked)
    assert provider.last.headers[header] == UPSTREAM_KEY
    gateway.stop()
