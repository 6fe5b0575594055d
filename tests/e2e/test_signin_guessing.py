"""Who guesses passwords is slowed down, and keeps nobody out: not others at the same gateway, not
the account's owner, who has another address or a browser that was signed in before."""

import threading
from functools import partial

import httpx2 as httpx
import pytest
from customer import PASSWORD
from errors import check_error
from gateway import REAL_PASSWORDS

pytestmark = pytest.mark.once

GUESSERS = 80
FREE = 6  # wrong ones that cost no time, as lua/dashboard/throttle.lua has it
ELSEWHERE = "127.0.0.2"  # all of 127/8 is this machine


def browser(gateway, address: str | None = None) -> httpx.Client:
    transport = httpx.HTTPTransport(local_address=address) if address else None
    return httpx.Client(
        base_url=gateway.origin + "/api", timeout=240, trust_env=False, transport=transport
    )


def sign_in(web: httpx.Client, email: str, password: str = PASSWORD) -> httpx.Response:
    return web.post("/auth/signin", json={"email": email, "password": password})


def guess(web: httpx.Client, email: str, count: int) -> httpx.Response:
    """So many wrong passwords, or less when it is told to wait; the last answer."""
    for i in range(count):
        response = sign_in(web, email, f"wrong password {i}")
        if response.status_code != 401:
            break
    return response


@pytest.fixture
def make_gateway(make_gateway):
    return partial(make_gateway, env=REAL_PASSWORDS)


class Guessers:
    """So many connections that guess at once, without a pause, each so many times at most."""

    def __init__(self, gateway, email_of, times: int):
        self.times = times
        self.stop = threading.Event()
        self.statuses = []
        self.threads = [
            threading.Thread(target=self.run, args=(gateway, email_of(i))) for i in range(GUESSERS)
        ]

    def run(self, gateway, email: str) -> None:
        with browser(gateway) as web:
            for _ in range(self.times):
                if self.stop.is_set():
                    return
                self.statuses.append(sign_in(web, email, "wrong password").status_code)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()


@pytest.mark.parametrize("one", [True, False], ids=["one account", "many accounts"])
def test_80_guessers_keep_nobody_out(make_gateway, one):
    gateway = make_gateway()
    victim, other = gateway.customer(), gateway.customer()

    def email_of(i: int) -> str:
        return victim.email if one else f"{i}.{victim.email}"

    with Guessers(gateway, email_of, 1000 if one else 1) as crowd:
        with browser(gateway) as web:
            assert sign_in(web, other.email).status_code == 200
        with browser(gateway, ELSEWHERE) as web:
            assert sign_in(web, victim.email).status_code == 200
        assert victim.sign_in(), "by a browser that is known"
    assert set(crowd.statuses) <= {401, 429}, "whoever has guessed was answered"


def test_ten_wrong_ones_do_not_lock_out(make_gateway):
    """Nor ten every quarter of an hour: what is waited for is seconds."""
    gateway = make_gateway()
    victim = gateway.customer()
    with browser(gateway) as web:
        assert guess(web, victim.email, 10).status_code == 401
        assert sign_in(web, victim.email).status_code == 200


def test_wait_grows_and_is_told(make_gateway):
    """And who is not concerned; and that the operator can end it."""
    gateway = make_gateway()
    victim, other = gateway.customer(), gateway.customer()
    other.sign_in()
    with browser(gateway) as web:
        refused = guess(web, victim.email, 40)
        error = check_error(refused, 429, on_api=False)
        seconds = int(refused.headers["retry-after"])
        assert 5 <= seconds <= 60
        assert error["metadata"]["retry_after_seconds"] == seconds
        assert f"{seconds} seconds" in error["message"]
        assert sign_in(web, victim.email).status_code == 429, "the right one, too"
        assert sign_in(other.web, victim.email).status_code == 429, "known to another account"
        assert sign_in(web, other.email).status_code == 200, "another account"
    with browser(gateway, ELSEWHERE) as web:
        assert sign_in(web, victim.email).status_code == 200, "another address"
    assert victim.call("GET", "/auth/me", 200), "the session that exists"
    assert victim.sign_in(), "a browser that was signed in before"
    victim.call("POST", "/auth/signout", 204)
    assert victim.sign_in(), "and has signed out"
    assert gateway.command("user", "unlock", victim.email).returncode == 0
    with browser(gateway) as web:
        assert sign_in(web, victim.email).status_code == 200
    assert gateway.command("user", "unlock", "nobody@example.com").returncode == 1


def test_unknown_address_is_slowed_down_alike(make_gateway):
    gateway = make_gateway()
    with browser(gateway) as web:
        refused = guess(web, "nobody@example.com", 40)
    error = check_error(refused, 429, on_api=False)
    assert "for this account" in error["message"]


def test_known_browser_is_slowed_down_by_itself(make_gateway):
    gateway = make_gateway()
    victim = gateway.customer()
    victim.sign_in()
    assert guess(victim.web, victim.email, 40).status_code == 429


def test_device_cookie(gateway, customer):
    response = sign_in(customer.web, customer.email)
    cookies = {line.partition("=")[0]: line for line in response.headers.get_list("set-cookie")}
    assert set(cookies) == {"session", "device"}
    device = cookies["device"].lower()
    assert "httponly" in device
    assert "samesite=lax" in device
    token = cookies["device"].partition("=")[2].partition(";")[0]
    assert token.encode() not in gateway.database.read_bytes()
