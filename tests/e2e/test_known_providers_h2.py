"""The providers that need only their key, over https and HTTP/2: these are the tests of
test_known_providers.py again, with an authority of our own."""

import pytest
from test_known_providers import (  # noqa: F401
    customer,
    make_known,
    test_a_stream,
    test_an_answer,
    test_completions,
    test_deepseek_for_clients_of_anthropic,
    test_embeddings,
    test_errors,
    test_faults_of_the_account,
    test_google,
    test_limits,
    test_rerank,
    test_rerank_of_voyage,
)
from test_upstream_h2 import h2_provider, provider  # noqa: F401


@pytest.fixture(scope="module")
def house(h2_provider, tmp_path_factory):  # noqa: F811
    gateway = make_known(tmp_path_factory.mktemp("known_h2"), h2_provider)
    entries = gateway.policies.read("providers")
    trusting = f'breaker = false, ca_file = "{h2_provider.certificate}",'
    head, own, rest = entries.partition("    openai = {")  # which trusts it already
    end = rest.index("\n    }")
    rest = rest[:end] + rest[end:].replace("breaker = false,", trusting)
    rest = rest.replace(f'{trusting} dialect = "demo"', 'breaker = false, dialect = "demo"')
    gateway.policies.write("providers", head + own + rest)
    yield from gateway.served()
