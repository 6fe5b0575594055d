"""However a provider's stream is cut into packets, the client of each dialect gets the same bytes,
passed or translated."""

import itertools
import re

import answers
import pytest
from gateway import Gateway
from stream_grammar import READ, read_responses
from test_dialect_money import CLIENTS, events_of, request_of, sell

PAIRS = [(client, of) for client in CLIENTS for of in CLIENTS]
PIECES = 8  # alike, so that most of them are neither parsed nor translated one by one
SPLITS = 10  # of a pair in an ordinary run; with --long every one
OURS = re.compile(rb'req_[0-9A-Z]{26}|"(?:created|created_at|completed_at)":\d+')


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("splits"), shared_provider, {})
    sell(gateway)
    yield from gateway.served()


def ask(customer, client: str, of: str) -> bytes:
    """The stream, without the ids and times that are its own."""
    path, body = request_of(client, of, True)
    headers = {"Authorization": f"Bearer {customer.key}"}
    reply = customer.gateway.http.post(path, json=body, headers=headers)
    assert reply.status_code == 200, reply.text
    passed = client == of == "openai-responses"
    read = read_responses(reply.text, typed=False) if passed else READ[client](reply.text)
    assert (read.end, read.text) == ("whole", "".join(f" w{n:04}" for n in range(PIECES)))
    return OURS.sub(b"", reply.content)


@pytest.mark.parametrize(("client", "of"), PAIRS)
def test_every_split(house, provider, client, of, is_long):
    customer = house.customer(credit="1000")
    events = events_of(of, PIECES)
    whole = answers.sse_whole(events, chunk_bytes=230)
    provider.answer = answers.raw(whole, ending="keep")
    wanted = ask(customer, client, of)
    first = PAIRS.index((client, of))  # no two pairs are cut at the same places
    for at in range(1 + first, len(whole), 1 if is_long else len(whole) // SPLITS):
        provider.answer = answers.raw(whole[:at], whole[at:], gap_s=0.001, ending="keep")
        assert ask(customer, client, of) == wanted, f"cut at {at}"


@pytest.mark.parametrize(("client", "of"), PAIRS)
def test_seven_bytes_at_a_time(house, provider, client, of):
    """Every place of the stream is within six of a cut; each pair cuts at other places."""
    customer = house.customer(credit="1000")
    events = events_of(of, PIECES)
    whole = answers.sse_whole(events, chunk_bytes=230)
    provider.answer = answers.raw(whole, ending="keep")
    wanted = ask(customer, client, of)
    start = PAIRS.index((client, of)) % 7 + 1
    cuts = [0, *range(start, len(whole), 7), len(whole)]
    pieces = [whole[a:b] for a, b in itertools.pairwise(cuts)]
    provider.answer = answers.raw(*pieces, gap_s=0.0003, ending="keep")
    assert ask(customer, client, of) == wanted


@pytest.mark.parametrize(("client", "of"), [pair for pair in PAIRS if pair[1] != "gemini"])
def test_what_comes_behind_the_end(house, provider, client, of):
    """In the same packet, and like an event before: the client gets nothing of it."""
    customer = house.customer(credit="1000")
    events = events_of(of, PIECES)
    piece = next(event for event in events if b" w0005" in event)
    provider.answer = answers.raw(answers.sse_whole(events), ending="keep")
    wanted = ask(customer, client, of)
    provider.answer = answers.raw(answers.sse_whole([*events, piece, piece]), ending="keep")
    assert ask(customer, client, of) == wanted
    customer.wait_for_no_hold()
    records = customer.all_records()
    assert records[0]["cost"] == records[1]["cost"]
