#!/usr/bin/env bash
# Anthropic's SDK for Python drops what it does not know from a streamed usage, and keeps it in a plain one.
#
# Guess:    The message that a stream ends with has the members of the last usage, as a plain message has: the
#           SDK keeps unknown members everywhere.
# Version:  anthropic 2.14.0 (PyPI); Python 3.11.
# Seen:     `usage.cost` of a plain answer can be read; of the stream's final message it raises, though the
#           message_delta event that brought it has it.
# Matters:  A gateway that tells what a call has cost in `usage` reaches the customers of plain calls only;
#           who streams must read the event. Documentation and tests that use get_final_message() find none.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check anthropic==2.14.0

cat >look.py <<'PY'
import http.server
import json
import sys
import threading

import anthropic

USAGE = {"input_tokens": 3, "output_tokens": 1}
MESSAGE = {"id": "m-1", "type": "message", "role": "assistant", "model": "m",
           "content": [{"type": "text", "text": "hello"}], "stop_reason": "end_turn",
           "stop_sequence": None, "usage": USAGE | {"cost": 0.5}}
EVENTS = [
    {"type": "message_start", "message": {**MESSAGE, "content": [], "stop_reason": None,
                                          "usage": USAGE}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hello"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None},
     "usage": {"output_tokens": 1, "cost": 0.5}},
    {"type": "message_stop"},
]


class Server(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if asked.get("stream"):
            kind = "text/event-stream"
            body = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"
                           for event in EVENTS)
        else:
            kind, body = "application/json", json.dumps(MESSAGE)
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = anthropic.Anthropic(base_url=f"http://127.0.0.1:{server.server_port}", api_key="none")
asked = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
plain = client.messages.create(**asked).usage
in_event = None
with client.messages.stream(**asked) as stream:
    for event in stream:
        if event.type == "message_delta":
            in_event = getattr(event.usage, "cost", None)
    streamed = stream.get_final_message().usage
found = (getattr(plain, "cost", None), in_event, getattr(streamed, "cost", None))
print("plain, event, final message of the stream:", found)
sys.exit(found != (0.5, 0.5, None))
PY
venv/bin/python look.py
