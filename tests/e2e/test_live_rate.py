"""Requests a second, as the operator's overview shows them."""

from functools import partial

from test_admin_api import make_admin
from wait import wait_until


def test_it_follows_at_once(make_gateway, provider):
    """A request is in it soon, and soon no more, while the last minute still has it."""
    gateway = make_gateway(workers=2)
    admin, customer = make_admin(gateway), gateway.customer()
    live = partial(admin.call, "GET", "/admin/live", 200)
    assert (live()["rate_s"], live()["rate_requests"]) == (5, 0)
    assert customer.ask().status_code == 200
    wait_until(lambda: live()["rate_requests"] == 1, 10, "the request in the rate")
    wait_until(lambda: live()["rate_requests"] == 0, 20, "a rate without it")
    assert live()["requests"] == 1
