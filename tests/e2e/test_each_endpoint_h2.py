"""Every endpoint at a provider over https and HTTP/2: a test of test_each_endpoint.py again, with
an authority of our own."""

import pytest
from gateway import Gateway
from test_each_endpoint import (  # noqa: F401
    customer,
    prepare,
    test_what_is_charged_can_be_computed,
)
from test_upstream_h2 import h2_provider, provider  # noqa: F401


@pytest.fixture(scope="module")
def house(h2_provider, tmp_path_factory):  # noqa: F811
    gateway = Gateway(tmp_path_factory.mktemp("each_h2"), h2_provider, {})
    prepare(gateway.policies)
    yield from gateway.served()
