"""Tokens of a text, learned from a model's reported calls: compared with what a real tokenizer
counts, and used for what a call holds."""

import itertools
import json
import random
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import cache

import answers
import pytest
from answers import Chat, Usage
from fake_provider import Gate
from prices import Price, charge
from rawhttp import chat_bytes
from test_stream_funds import overrun
from wait import wait_until

PRICE = Price("2", "4")
ENGLISH = """It was not that the harbour had changed. The cranes still stood along the quay, and the
boats came in with the tide as they had done when she was a child; but the people who worked there
spoke more quietly, and nobody whistled any more. She walked as far as the old customs house,
counted the broken windows, and turned back before the rain began. """
CODE = """static int find_place(const struct table *table, uint64_t key)
{
    for (size_t i = 0; i < table->count; i++) {
        if (table->entries[i].key == key && !table->entries[i].deleted)
            return (int)i;
    }
    return -1; /* none */
}
def total(rows): return sum(row["amount"] * (1 + row.get("tax", 0.0)) for row in rows if row)
"""
KOREAN = """항구가 변한 것은 아니었다. 크레인은 여전히 부두를 따라 서 있었고,
배들은 그녀가 어렸을 때처럼 밀물과 함께 들어왔다. 그러나 그곳에서 일하는
사람들은 더 조용히 말했고, 아무도 휘파람을 불지 않았다. """


def digits(rng: random.Random) -> str:
    return " ".join(str(rng.randrange(10**9)) for _ in range(40)) + " "


KINDS = ("English", "code", "Korean", "digits")


def text_of(kind: str, rng: random.Random) -> str:
    """Each time another one of its kind."""
    if kind == "digits":
        return "".join(digits(rng) for _ in range(4))
    base = {"English": ENGLISH, "code": CODE, "Korean": KOREAN}[kind]
    lines = base.splitlines(keepends=True) * 3
    rng.shuffle(lines)
    return "".join(lines)


def few_for_each_byte(text: str) -> int:
    """A small tokenizer: words of at most four letters, and a token for each byte of all else."""
    return sum(
        (len(word) + 3) // 4 if word.isascii() and word.isalpha() else len(word.encode())
        for word in text.split()
    )


def tiktoken(name: str):
    @cache
    def encoding():
        import bpe_openai  # here, for it reads its vocabularies for a second

        return bpe_openai.get_encoding(name)

    return lambda text: len(encoding().encode(text))


TOKENIZERS = {
    "o200k": tiktoken("o200k_base"),
    "cl100k": tiktoken("cl100k_base"),
    "small": few_for_each_byte,
}
models = (f"m{number}" for number in itertools.count())


@pytest.fixture(scope="module")
def module_gateway(tmp_path_factory, shared_provider):
    from gateway import Gateway

    gateway = Gateway(tmp_path_factory.mktemp("rates"), shared_provider, {})
    for number in range(20):
        gateway.policies.model(f"m{number}", PRICE)
    gateway.start()
    yield gateway
    gateway.stop()


@pytest.fixture
def house(module_gateway, provider):
    yield module_gateway
    module_gateway.check_holds()


def counting(tokens, reported: bool):
    """A provider that answers with the question's own text, in pieces of a word."""

    async def answer(connection, request) -> None:
        body = request.json
        text = body["messages"][0]["content"]
        usage = Usage(tokens(text) + 7, tokens(text)) if reported else None
        whole = text.split(" ")
        pieces = [word + " " for word in whole[:-1]] + whole[-1:]
        if not body.get("stream"):
            pieces = [text]
        chat = Chat(pieces=tuple(pieces), usage=usage)
        if body.get("stream"):
            await answers.stream(chat.events(body))(connection, request)
        else:
            await answers.reply(200, chat.body("m"))(connection, request)

    return answer


def ask(customer, model, text, streamed):
    message = [{"role": "user", "content": text}]
    response = customer.ask(model, messages=message, stream=streamed)
    assert response.status_code == 200, response.text


def check_estimates(house, provider, model, tokens) -> None:
    """Of all four kinds, after calls of all four: within a quarter, in and out."""
    rng = random.Random(7)
    customer = house.customer(credit="100")
    provider.answer = counting(tokens, reported=True)
    for number in range(10):
        for kind in KINDS:
            ask(customer, model, text_of(kind, rng), streamed=number % 2 == 0)
    house.reload()  # what was learned outlives it
    provider.answer = counting(tokens, reported=False)
    count = 10 * len(KINDS)
    wrong = []
    for kind, streamed in itertools.product(KINDS, (False, True)):
        text = text_of(kind, rng)
        ask(customer, model, text, streamed)
        count += 1
        record = customer.wait_for_record(min(count, 50))
        if record["usage_source"] != "estimated":
            record = customer.records()[0]
        for got, true in (
            (record["input_tokens"], tokens(text) + 7),
            (record["output_tokens"], tokens(text)),
        ):
            if not 0.75 * true <= got <= 1.25 * true:
                wrong.append((kind, streamed, got, true))
    assert not wrong


@pytest.mark.parametrize("name", TOKENIZERS)
def test_estimates_are_near_a_real_tokenizer_s_counts(house, provider, name):
    check_estimates(house, provider, next(models), TOKENIZERS[name])


def test_nothing_is_learned_of_what_cannot_be_true(house, provider):
    """A tokens' count that is none of the text's."""
    model, rng = next(models), random.Random(3)
    customer = house.customer(credit="100")
    text = text_of("English", rng)
    for wild in (lambda text: 100_000, lambda text: len(text) // 200):
        provider.answer = counting(wild, reported=True)
        for _ in range(4):
            ask(customer, model, text, streamed=False)
    provider.answer = counting(None, reported=False)
    ask(customer, model, text, streamed=False)
    record = customer.wait_for_record(9)
    assert record["usage_source"] == "estimated"
    assert record["input_tokens"] == (len(text.encode()) + len("user") + 3) // 4


# ---- what is held ----


def test_a_stream_with_a_limit_is_held_by_the_chunk(house, provider):
    """Agents state 32,000 tokens and need a hundred."""
    customer = house.customer(credit="1")
    with Gate(provider) as gate:
        provider.answer = answers.stream_of(Chat(usage=Usage(10, 100)), gates={2: gate})
        body = {"model": "m0", "stream": True, "messages": [{"role": "user", "content": "Hi"}]}
        path = "/api/v1/chat/completions"
        with house.http.stream(
            "POST", path, headers=customer.authorization, json=body | {"max_tokens": 16000}
        ) as response:
            assert response.status_code == 200
            held = Decimal(customer.wallet()["held"])
            assert charge(PRICE, Usage(0, 1024)) <= held <= charge(PRICE, Usage(100, 1024))
            gate.set()
            response.read()
    customer.wait_for_no_hold()
    assert 1 - customer.balance == charge(PRICE, Usage(10, 100))


@pytest.mark.parametrize("streamed", [False, True])
def test_many_calls_at_once_with_money_for_half(house, provider, streamed):
    """300 calls, money for 150: at least 140 answers, never below zero, and the house pays next to
    nothing."""
    tokens, model, rng = TOKENIZERS["cl100k"], next(models), random.Random(5)
    text = "".join(text_of("English", rng) for _ in range(4))
    usage = Usage(tokens(text) + 7, 200)
    teacher = house.customer(credit="100")
    fields = {"messages": [{"role": "user", "content": text}], "max_tokens": 200}
    if streamed:
        fields["stream"] = True
    pieces = tuple(" word" for _ in range(200))
    provider.answer = answers.chat(pieces=pieces, usage=usage)
    for _ in range(12):
        assert teacher.ask(model, **fields).status_code == 200
    price = charge(PRICE, usage)
    customer = house.customer(credit=str(150 * price))
    before = overrun(house)
    seen = len(provider.requests)
    body = chat_bytes(customer.key, json.dumps({"model": model, **fields}).encode())
    statuses = []

    def call() -> None:
        with house.connect() as connection:
            connection.send(body)
            statuses.append(connection.read_reply().status)

    with Gate(provider) as gate, ThreadPoolExecutor(300) as pool:
        provider.answer = answers.behind(gate, answers.chat(pieces=pieces, usage=usage))
        calls = [pool.submit(call) for _ in range(300)]
        wait_until(lambda: len(provider.requests) - seen + len(statuses) >= 300, 25, "all of them")
        gate.set()
    for done in calls:
        done.result()
    customer.wait_for_no_hold()
    assert len(statuses) == 300
    assert statuses.count(200) >= 140
    assert set(statuses) == {200, 402}
    assert customer.balance >= 0
    paid = 150 * price - customer.balance
    assert overrun(house) - before <= paid / 1000
