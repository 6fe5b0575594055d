"""Providers over TLS: libcurl instead of our own client, and everything as over plain HTTP. These
are the tests of other files again, with a provider and a gateway that they share here. (Not those
that take long where Python encrypts.)"""

import answers
import pytest
from certificate import make_certificate
from fake_provider import Provider
from gateway import Gateway
from test_backpressure import (  # noqa: F401
    test_large_body_to_a_slow_provider,
    test_money_ends_in_what_had_been_kept_back,
    test_one_slow_reader_stops_nobody_else,
    test_slow_reader_gets_everything,
)
from test_bytes import (  # noqa: F401
    test_1_mb_prompt,
    test_answer_in_small_packets,
    test_answer_is_byte_identical_but_for_the_cost,
    test_large_answer,
    test_one_byte_at_a_time,
    test_stream_closed_instead_of_chunked,
    test_stream_is_byte_identical,
    test_stream_reaches_the_client_as_it_comes,
)
from test_context_lengths import (  # noqa: F401
    test_it_follows_and_survives_reloads,
    test_only_who_may_be_is_asked,
)
from test_departure import (  # noqa: F401
    test_a_whole_answer_is_waited_for_and_charged,
    test_leaving_with_the_answer_in_flight,
)
from test_gone import (  # noqa: F401
    test_gone_before_the_first_byte,
    test_gone_in_mid_stream,
    test_gone_while_the_provider_pauses,
    test_many_leave_at_once,
)
from test_upstream import (  # noqa: F401
    impatient,
    test_10_mb_line_first,
    test_answer_that_never_ends,
    test_connection_left_open_after_done,
    test_failure_before_the_first_byte,
    test_failure_in_mid_stream,
    test_gzip_that_nobody_asked_for,
    test_informational_answers,
    test_keep_alive_and_close,
    test_nothing_upstream_ever_shows,
    test_refused,
    test_retry_after_by_a_reset,
    test_retry_after_is_passed_on,
    test_silence,
    test_silence_in_mid_stream,
)


@pytest.fixture(scope="module")
def tls_provider(tmp_path_factory):
    certificate, key = make_certificate(tmp_path_factory.mktemp("provider"))
    provider = Provider(answers.chat(), certificate, key)
    yield provider
    provider.stop()


@pytest.fixture
def provider(tls_provider):
    tls_provider.reset()
    yield tls_provider
    assert not tls_provider.failures, f"an answer function failed: {tls_provider.failures}"
    tls_provider.reset()


@pytest.fixture(scope="module")
def module_gateway(tls_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("upstream_tls"), tls_provider)
    impatient(gateway.policies)
    gateway.start()
    yield gateway
    gateway.stop()


@pytest.fixture
def gateway(module_gateway, provider):
    yield module_gateway
    module_gateway.check_clean()
    module_gateway.check_holds()


@pytest.fixture
def customer(gateway):
    return gateway.customer()
