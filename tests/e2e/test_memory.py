"""Where memory is short, an answer fails and says so: nothing of it vanishes."""

import json
import re
import resource
import threading
from pathlib import Path

import answers
import pytest
from gateway import is_sanitized
from rawhttp import chat_bytes
from wait import wait_until

EVENT_BYTES = 3 * 1024 * 1024  # to edit it, a copy is made
SPARE_BYTES = 1024 * 1024
BODY = (
    b'{"stream":true,"model":"gpt-4o-mini","messages":[{"role":"user","content":"x"}],'
    b'"max_tokens":1000}'
)


def data_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmData:\s+(\d+) kB", status)[1]) * 1024


@pytest.mark.skipif(is_sanitized(), reason="the sanitizers end a process that has no memory")
@pytest.mark.parametrize("lacks", ["room for its bytes", "a copy"])
def test_an_event_without_memory_fails_the_stream(make_gateway, provider, lacks):
    """It cannot be read, or not be edited. That is not the provider's fault."""
    gateway = make_gateway(
        workers=1, prepare=lambda policies: policies.write("limits", "return {}\n")
    )
    customer = gateway.customer(credit="1000")
    event = json.loads(answers.content_event("lost").removeprefix(b"data: "))
    event["padding"] = "y" * EVENT_BYTES
    event["usage"] = {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}
    text = b"data: " + json.dumps(event).encode() + b"\n\n"
    gate = threading.Event()
    is_read = lacks == "a copy"
    parts = [answers.content_event("begun"), text[:-3], text[-3:], answers.DONE]
    provider.answer = answers.stream(parts, gates={2 if is_read else 1: gate})
    pid, endless = gateway.process.pid, resource.RLIM_INFINITY
    before = gateway.rss_bytes()
    with gateway.connect() as connection:
        connection.send(chat_bytes(customer.key, BODY))
        assert connection.read_head().status == 200
        assert b"begun" in connection.read_chunk()
        if is_read:
            wait_until(lambda: gateway.rss_bytes() > before + EVENT_BYTES, 10, "the event")
        limit = data_bytes(pid) + SPARE_BYTES
        resource.prlimit(pid, resource.RLIMIT_DATA, (limit, endless))
        gate.set()
        got = b""
        while chunk := connection.read_chunk():
            got += chunk
        resource.prlimit(pid, resource.RLIMIT_DATA, (endless, endless))
    assert b"internal_error" in got
    assert b"no memory left" in got
    assert b"yyyy" not in got
    customer.wait_for_no_hold()
