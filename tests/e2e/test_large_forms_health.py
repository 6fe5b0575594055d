"""Whose fault a large form's failure is: a provider that gives up on a client that stalls has not
failed, so one customer cannot take it from the others; one that gives up on a whole form has."""

import pytest
from large_forms import MB, Form, begin_upload, costs_nothing, make_house, upload
from prices import usd
from test_transcriptions import by_seconds
from upload_provider import Upload, read_all

IN_A_ROW = 5  # failures that open a breaker
PIECES = 20  # that a client sends before it stalls


@pytest.fixture
def house(provider_of_uploads, tmp_path):
    gateway = make_house(tmp_path, provider_of_uploads, workers=1)
    gateway.policies.provider("fragile", base_url=provider_of_uploads.url, breaker={})
    gateway.policies.model("whisper", endpoints=["transcriptions"], context=16000, max_output=2000,
                           input="0", output="0", second="0.0001", second_max=7000,
                           candidates=[{"provider": "fragile", "model": "theirs"}])  # fmt: skip
    yield from gateway.served()


def gives_up_at(count: int):
    """It has waited long enough, and closes."""

    def plan(got: Upload, read) -> None:
        while got.bytes < count and read():
            pass

    return plan


def test_clients_that_stall(house, provider_of_uploads):
    what = Form(5 * MB)
    provider_of_uploads.plan = gives_up_at(1 * MB)
    for count in range(1, IN_A_ROW + 2):
        customer = house.customer(credit="100")
        with begin_upload(customer, what, PIECES) as connection:
            reply = connection.read_reply()
        assert reply.status == 502
        costs_nothing(customer, provider_of_uploads.wait_for(count))
    assert house.never_logged("breaker opened")
    provider_of_uploads.plan = read_all
    with upload(customer, what) as connection:
        assert connection.read_reply().status == 200
    assert usd(customer.wait_for_record()["cost"]) == by_seconds(what.seconds)


def test_a_provider_that_gives_up_on_whole_forms(house, provider_of_uploads):
    what = Form(1 * MB)
    provider_of_uploads.plan = gives_up_at(what.bytes)
    customer = house.customer(credit="100")
    for _ in range(IN_A_ROW):
        with upload(customer, what) as connection:
            assert connection.read_reply().status == 502
    assert len(house.logs("breaker opened", provider="fragile")) == 1
