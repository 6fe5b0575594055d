"""What is found in the database, the log or a core dump is no key that works."""

import gzip
import json
import re
from pathlib import Path

import answers
import pytest
from customer import PASSWORD, QUESTION
from gateway import UPSTREAM_KEY
from rawhttp import request_bytes
from wait import wait_until

PROMPT = "a prompt that nobody else may read 7f3a"
ANSWER = "an answer that nobody else may read 91bc"


def memory_of(pid: int):
    """Every readable region of the process, as a core dump would have it."""
    with Path(f"/proc/{pid}/mem").open("rb") as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            place, rights, *rest = line.split()
            if "r" not in rights or (rest and rest[-1] in ("[vvar]", "[vsyscall]")):
                continue
            start, end = (int(part, 16) for part in place.split("-"))
            if end - start > 1 << 32:
                continue  # a sanitizer's reserve
            try:
                memory.seek(start)
                yield memory.read(end - start)
            except OSError:
                continue


def count_in_memory(gateway, text: str) -> int:
    data = text.encode()
    return sum(block.count(data) for block in memory_of(gateway.process.pid))


@pytest.fixture
def used(make_gateway, provider):
    """A gateway that has seen keys, passwords and prompts in every way, and logs all it can."""
    gateway = make_gateway(log_level="debug")
    provider.answer = answers.chat(pieces=(ANSWER,))
    customer = gateway.customer()
    messages = [{"role": "user", "content": PROMPT}]
    assert customer.ask(messages=messages).status_code == 200
    assert customer.ask(messages=messages, stream=True).status_code == 200
    customer.post(b'{"model":"gpt-4o-mini","messages":"' + PROMPT.encode() + b'"}')
    customer.post(b'{"model":' + PROMPT.encode())
    customer.get("/nothing", params={"key": customer.key})
    gateway.http.get("/api/v1/models", headers={"x-api-key": customer.key})
    gateway.http.get("/api/v1/models", headers={"x-api-key": customer.key[:-1] + "~"})
    gateway.http.post(
        "/api/auth/signin", json={"email": customer.email, "password": PASSWORD + "!"}
    )
    provider.answer = answers.error(401, f"Incorrect API key: {UPSTREAM_KEY}", None, "x")
    customer.ask(messages=messages)
    provider.answer = answers.chat()
    customer.wait_for_no_hold()
    return gateway, customer


def session_of(customer) -> str:
    (cookie,) = customer.web.cookies.jar
    return cookie.value


def test_database_holds_nothing_that_works(used):
    gateway, customer = used
    secrets = [customer.key, customer.key[7:], PASSWORD, session_of(customer), PROMPT, ANSWER,
               UPSTREAM_KEY]  # fmt: skip
    files = [path for path in gateway.folder.glob("gateway.db*") if path.is_file()]
    assert files
    for path in files:
        data = path.read_bytes()
        for secret in secrets:
            assert secret.encode() not in data, f"{secret} in {path.name}"


def test_log_holds_nothing_that_works(used):
    gateway, customer = used
    text = gateway.stderr() + (gateway.folder / "stdout.log").read_text()
    for secret in (customer.key, customer.key[12:-4], PASSWORD, session_of(customer), PROMPT,
                   ANSWER, UPSTREAM_KEY):  # fmt: skip
        assert secret not in text
    assert not re.search(r"llm_sk_[0-9A-Za-z]{12}", text)
    assert customer.records()[0]["id"] in text, "yet each exchange has its line"


def test_no_core_dump(gateway):
    """There is none, so it holds no prompt and no key; 1 byte also stops those piped to a program
    (core(5))."""
    limits = Path(f"/proc/{gateway.process.pid}/limits").read_text().splitlines()
    (core,) = [line.split() for line in limits if line.startswith("Max core file size")]
    assert core[4:6] == ["1", "1"]


def test_memory_keeps_no_key(make_gateway, provider):
    """A key that was used leaves no copy once its requests are over."""
    gateway = make_gateway()
    email = "memory@example.com"
    gateway.value_of("user", "create", email)
    gateway.value_of("credit", email, "10")
    key = gateway.value_of("key", "create", email)
    question = {"model": "gpt-4o-mini", "messages": list(QUESTION)}
    places = [{"Authorization": f"Bearer {key}"}, {"x-api-key": key}, {"api-key": key}]
    wait_until(lambda: gateway.http.get("/v1/credits", headers=places[0]).status_code == 200, 5)
    for number in range(10):
        headers = places[number % 3]
        for body in (question, question | {"stream": True}, question | {"model": "x"}, {}):
            gateway.http.post("/v1/chat/completions", headers=headers, json=body)
        gateway.http.get("/v1/nothing", headers=headers)
        gateway.http.get("/v1/models", headers=headers)
        with gateway.connect() as connection:  # a head that comes in pieces, and one that is bad
            data = request_bytes("GET", "/v1/models", headers)
            connection.send(data[:60])
            connection.send(data[60:])
            assert connection.read_reply("GET").status == 200
            connection.send(data.replace(b"HTTP/1.1", b"HTTP/1.9"))
            connection.read_to_end()
    gateway.http.close()
    with gateway.connect() as connection:
        connection.send(request_bytes("GET", "/v1/models", places[0])[:-2])  # not yet a whole head
        wait_until(lambda: count_in_memory(gateway, key) > 0, 5, "a key that is searched for")
    wait_until(lambda: count_in_memory(gateway, key) == 0, 30, "memory without the key")


@pytest.mark.parametrize("how", ["plain", "chunks", "gzip"])
def test_memory_keeps_no_password(make_gateway, how):
    """A password that was sent leaves no copy, however its body was framed or packed."""
    gateway = make_gateway()
    password = f"a password in memory, {how} 5c1e"
    needle = password[-16:]
    body = json.dumps({"email": "memory@example.com", "password": password}).encode()
    headers = {"Content-Type": "application/json"}
    if how == "gzip":
        body = gzip.compress(body)
        headers |= {"Content-Encoding": "gzip"}
    if how == "chunks":
        headers |= {"Transfer-Encoding": "chunked"}
        data = request_bytes("POST", "/api/auth/signup", headers)
        for at in range(0, len(body), 20):
            piece = body[at : at + 20]
            data += b"%x\r\n%s\r\n" % (len(piece), piece)
        data += b"0\r\n\r\n"
    else:
        data = request_bytes("POST", "/api/auth/signup", headers, body)
    with gateway.connect() as connection:
        for at in range(0, len(data) - 1, 50):
            connection.send(data[at : min(at + 50, len(data) - 1)])
        wait_until(lambda: count_in_memory(gateway, needle) > 0, 5, "a password to be found")
        connection.send(data[-1:])
        assert connection.read_reply().status == 201
    wait_until(lambda: count_in_memory(gateway, needle) == 0, 30, "memory without the password")


def test_secret_file(used):
    """Its owner alone may read it."""
    gateway, _ = used
    assert (gateway.folder / "secret").stat().st_mode & 0o777 == 0o600


def test_secret_file_for_all_is_refused(make_gateway):
    gateway = make_gateway()
    gateway.stop()
    (gateway.folder / "secret").chmod(0o644)
    served = gateway.command("serve")
    assert served.returncode != 0
    assert "secret" in served.stderr + served.stdout
    (gateway.folder / "secret").chmod(0o600)


def test_stolen_database_is_worthless(make_gateway, used, provider):
    """Without the secret file, keys in a copy of the database open nothing."""
    gateway, customer = used
    gateway.verify_ledger()
    thief = make_gateway(start=False)
    for path in gateway.folder.glob("gateway.db*"):
        if path.is_file() and not path.name.endswith("lock"):
            (thief.folder / path.name).write_bytes(path.read_bytes())
    thief.start()
    response = thief.http.get("/api/v1/models", headers=customer.authorization)
    assert response.status_code == 401
