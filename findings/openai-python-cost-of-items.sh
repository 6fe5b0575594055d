#!/usr/bin/env bash
# openai-python works through thousands of function calls for each item of a Responses request, before it sends a byte.
#
# Guess:    A body of plain dictionaries is written as JSON: what the SDK adds to that is about as much for a long
#           conversation as for a short one.
# Version:  openai 3.57.0 (PyPI), Python 3.11.
# Seen:     For each small item of `input` (an assistant's message of two letters) some 4,500 Python functions are
#           called in `responses.create`: each value is held against every member of the union of item types, at every
#           depth. A conversation of 200 such items costs 0.9 million calls, several tenths of a second of a processor
#           for 30 KB; `chat.completions.create` takes 690 for a message. The body that arrives is what was given.
# Matters:  Agents send the whole conversation with each turn. The time grows with it, holds the interpreter's lock, and
#           stands in an asyncio program's loop, where it stalls all other streams. To a user it looks as if the gateway were slow
#           to answer: time from the first byte of the request, and benchmark with a client that sends bytes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check openai==3.57.0
cat >"$folder/look.py" <<'PY'
import http.server
import json
import sys
import threading
import time

from openai import OpenAI

SHORT, LONG = 1, 201
arrived = []


class Server(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        arrived.append(body.get("input") or body.get("messages"))
        reply = json.dumps({"id": "r", "object": "response", "created_at": 1, "status": "completed", "model": "m", "output": [],
                            "choices": [], "created": 1}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = OpenAI(api_key="none", base_url=f"http://127.0.0.1:{server.server_port}/v1", max_retries=0)
item = {"type": "message", "role": "assistant", "id": "msg_1", "status": "completed",
        "content": [{"type": "output_text", "text": "Hi", "annotations": []}]}
message = {"role": "assistant", "content": "Hi"}


def calls(ask):
    """Python functions that this thread calls for it, and the processor time of another such request."""
    count = 0

    def note(_frame, event, _arg):
        nonlocal count
        count += event == "call"

    ask()  # imports, and a connection
    sys.setprofile(note)
    ask()
    sys.setprofile(None)
    begun = time.thread_time()
    ask()
    return count, time.thread_time() - begun


def each(ask, one):
    short, _ = calls(lambda: ask([one] * SHORT))
    long, seconds = calls(lambda: ask([one] * LONG))
    return (long - short) / (LONG - SHORT), seconds


item_calls, seconds = each(lambda items: client.responses.create(model="m", input=items), item)
print(f"responses: {item_calls:.0f} calls for each item; {LONG} items take {seconds:.2f} s of a processor")
whole = arrived[-1] == [item] * LONG
message_calls, seconds = each(lambda items: client.chat.completions.create(model="m", messages=items), message)
print(f"chat:      {message_calls:.0f} calls for each message; {LONG} messages take {seconds:.2f} s")
sys.exit(0 if whole and item_calls > 2000 and item_calls > 4 * message_calls else 1)
PY
"$folder/venv/bin/python" "$folder/look.py"
