"""Requests, tokens and concurrency: 429 with the headers that SDKs read."""

import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import answers
import openai
import pytest
from answers import Chat, Usage
from errors import check_error
from wait import wait_until

HEADERS = ("x-ratelimit-limit-", "x-ratelimit-remaining-", "x-ratelimit-reset-")


@pytest.fixture
def limited(make_gateway):
    """limited(rule): a gateway with that one rule."""

    def limited(rule: str):
        return make_gateway(
            prepare=lambda policies: policies.write("limits", f"return {{ {{ {rule} }} }}\n")
        )

    return limited


def check_429(response, word: str) -> None:
    error = check_error(response, 429, "rate_limit_exceeded", retry=True)
    assert error["type"] == "rate_limit_error"
    assert word in str(error["metadata"])
    seconds, ms = response.headers["retry-after"], response.headers["retry-after-ms"]
    assert 0 < int(ms) <= int(seconds) * 1000 <= 86400_000


def test_requests(limited, provider):
    gateway = limited('scope = "key", requests_per_minute = 5')
    customer = gateway.customer()
    left = []
    for _ in range(5):
        response = customer.ask()
        assert response.status_code == 200
        assert response.headers["x-ratelimit-limit-requests"] == "5"
        left.append(int(response.headers["x-ratelimit-remaining-requests"]))
    assert left == [4, 3, 2, 1, 0]
    refused = customer.ask()
    check_429(refused, "key")
    for name in HEADERS:
        assert refused.headers[name + "requests"]
    assert refused.headers["x-ratelimit-remaining-requests"] == "0"
    assert len(provider.requests) == 5
    customer.create_key()
    assert customer.ask().status_code == 200, "another key has its own"
    with pytest.raises(openai.RateLimitError):
        for _ in range(6):
            customer.openai().chat.completions.create(
                model="gpt-4o-mini", messages=[{"role": "user", "content": "Hi"}]
            )


def as_ms(text: str) -> int:
    """A duration as OpenAI writes it: 1m44s, 6ms."""
    parts = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", text)
    if parts:
        hours, minutes, seconds = (int(part or 0) for part in parts.groups())
        return ((hours * 60 + minutes) * 60 + seconds) * 1000
    return int(re.fullmatch(r"(\d+)ms", text).group(1))


def test_one_in_each_window(limited):
    """No client waits longer than the window."""
    window_ms = 60_000
    customer = limited('scope = "key", requests_per_minute = 1').customer()
    first = customer.ask()
    assert as_ms(first.headers["x-ratelimit-reset-requests"]) == window_ms
    refused = customer.ask()
    check_error(refused, 429, "rate_limit_exceeded", retry=True)
    wait_ms = int(refused.headers["retry-after-ms"])
    assert 0 < wait_ms <= window_ms
    assert int(refused.headers["retry-after"]) == -(-wait_ms // 1000)
    assert refused.headers["x-ratelimit-remaining-requests"] == "0"
    assert wait_ms <= as_ms(refused.headers["x-ratelimit-reset-requests"]) < wait_ms + 1000
    told = re.search(r"Try again in (\w+)\.", refused.json()["error"]["message"])
    assert as_ms(told.group(1)) == -(-wait_ms // 1000) * 1000


def test_what_can_never_fit(limited, provider):
    """The text names the limit, and no client tries again."""
    customer = limited('scope = "key", tokens_per_minute = 50').customer()
    refused = customer.ask(messages=[{"role": "user", "content": "word " * 400}])
    error = check_error(refused, 429, "rate_limit_exceeded", retry=False)
    assert "50 tokens a minute" in error["message"]
    assert "retry-after" not in refused.headers
    assert customer.ask().status_code == 200, "and it has used up nothing"
    assert len(provider.requests) == 1


def test_nothing_is_allowed(limited, provider):
    customer = limited('scope = "key", requests_per_minute = 0').customer()
    check_error(customer.ask(), 429, "rate_limit_exceeded", retry=False)
    assert not provider.requests


def test_a_refused_request_takes_from_no_limit(make_gateway):
    rules = (
        '{ scope = "key", requests_per_minute = 3 }, { scope = "user", requests_per_minute = 1, '
        'models = { "gpt-4o-mini" } }'
    )
    gateway = make_gateway(
        prepare=lambda policies: policies.write("limits", f"return {{ {rules} }}\n")
    )
    customer = gateway.customer()
    assert customer.ask().status_code == 200
    for _ in range(3):
        assert customer.ask().status_code == 429
    for _ in range(2):
        assert customer.ask(model="gpt-4o").status_code == 200
    assert customer.ask(model="gpt-4o").status_code == 429


def test_reason_phrase(limited):
    """RFC 6585 and 9110 name the statuses, and some clients show the name."""
    gateway = limited('scope = "key", models = { "gpt-4o" }, requests_per_minute = 0')
    customer = gateway.customer(credit=None)
    assert customer.ask(model="gpt-4o").reason_phrase == "Too Many Requests"
    assert customer.ask().reason_phrase == "Payment Required"
    assert customer.ask(model="none").reason_phrase == "Not Found"


def test_requests_of_a_user(limited):
    customer = limited('scope = "user", requests_per_minute = 3').customer()
    for _ in range(3):
        customer.create_key()
        assert customer.ask().status_code == 200
    customer.create_key()
    check_429(customer.ask(), "user")


def test_tokens(limited, provider):
    """What was used counts, not what might have been."""
    customer = limited('scope = "key", tokens_per_minute = 3000').customer()
    provider.answer = answers.chat(usage=Usage(100, 900))
    for _ in range(3):
        response = customer.ask(max_tokens=900)
        assert response.status_code == 200
        assert response.headers["x-ratelimit-limit-tokens"] == "3000"
        customer.wait_for_no_hold()
    refused = customer.ask(max_tokens=900)
    check_429(refused, "token")
    for name in HEADERS:
        assert refused.headers[name + "tokens"]


@pytest.mark.parametrize(("named", "most"), [(900, 4), (None, 3), (100, 20)])
def test_tokens_hold_the_answer(limited, provider, named, most):
    """Calls that run at the same time do not pass by their prompts alone."""
    customer = limited('scope = "key", tokens_per_minute = 1900').customer()
    gate = threading.Event()
    provider.answer = answers.behind(gate, answers.chat(usage=Usage(10, 10)))
    body = {"max_tokens": named} if named else {}
    with ThreadPoolExecutor(30) as pool:
        asked = [pool.submit(customer.ask, **body) for _ in range(30)]
        wait_until(lambda: sum(one.done() for one in asked) >= 30 - most, 20, "refusals")
        for one in asked:
            if one.done():
                check_429(one.result(), "token")
                assert int(one.result().headers["retry-after-ms"]) <= 1000, "it is soon free"
        gate.set()
        passed = [one for one in asked if one.result().status_code == 200]
    assert most / 2 <= len(passed) <= most
    assert customer.ask(**body).status_code == 200


def test_what_was_held_is_free_before_the_answer_ends(limited, provider):
    """Who asks one call after the other, the longest possible each, meets no limit."""
    customer = limited('scope = "key", tokens_per_minute = 1900').customer()
    provider.answer = answers.chat(usage=Usage(10, 10))
    for _ in range(40):
        assert customer.ask().status_code == 200
    provider.answer = answers.stream_of(Chat(("word ",), usage=Usage(10, 10)))
    for _ in range(20):
        assert customer.ask(stream=True).status_code == 200


def test_calls_that_fail_hold_nothing(limited, provider):
    customer = limited('scope = "key", tokens_per_minute = 1900').customer()
    provider.answer = answers.error(500, "No.", "server_error", "server_error")
    for _ in range(4):
        assert customer.ask().status_code >= 500
    provider.answer = answers.chat(usage=Usage(10, 10))
    assert customer.ask().status_code == 200


def test_concurrency(limited, provider):
    gateway = limited('scope = "key", concurrency = 2')
    customer = gateway.customer()
    gate = threading.Event()
    provider.answer = answers.stream_of(Chat(), gates={2: gate})  # behind the first text
    client = customer.openai()
    options = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]}
    streams = [client.chat.completions.create(**options, stream=True) for _ in range(2)]
    check_429(customer.ask(), "concurren")
    gate.set()
    for stream in streams:
        assert list(stream)
    provider.answer = answers.chat()
    wait_until(lambda: customer.ask().status_code == 200, 5, "room for another")


def test_gone_clients_make_room(limited, provider):
    customer = limited('scope = "user", concurrency = 1').customer()
    provider.answer = answers.silence()
    with pytest.raises(openai.APITimeoutError):  # streamed: else it would run on, and count
        customer.openai(timeout=0.2).chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": "Hi"}], stream=True
        )
    provider.answer = answers.chat()
    wait_until(lambda: customer.ask().status_code == 200, 5, "room for another")


def test_one_does_not_use_up_the_others(limited):
    gateway = limited('scope = "user", requests_per_minute = 2')
    one, two = gateway.customer(), gateway.customer()
    while one.ask().status_code == 200:
        pass
    assert two.ask().status_code == 200


def test_sdk_waits_and_succeeds(limited):
    """retry-after-ms is honoured by the SDK without our help: a concurrency limit soon ends."""
    customer = limited('scope = "key", concurrency = 1').customer()
    began = time.monotonic()
    done = []

    def ask():
        answer = customer.openai(max_retries=8).chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": "Hi"}]
        )
        done.append(answer.choices[0].message.content)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(done) == 4
    assert time.monotonic() - began < 50


def test_longest_answer(limited, provider):
    """output_tokens_max caps what is asked upstream."""
    customer = limited('scope = "key", output_tokens_max = 50, concurrency = 100').customer()
    assert customer.ask().status_code == 200
    assert provider.last.json["max_tokens"] == 50


SEED_MODELS = '{ "gpt-4o", "gpt-4o-mini", "gpt-4-turbo", "gpt-4", "gpt-3.5-turbo", "demo" }'


def test_rule_for_many_models(limited, provider):
    """Its name in the limiter is long."""
    gateway = limited(f'scope = "key", models = {SEED_MODELS}, concurrency = 1')
    customer = gateway.customer()
    for _ in range(3):
        assert customer.ask().status_code == 200
    assert gateway.is_alive()
