#!/usr/bin/env bash
# Anthropic's SDKs drop every event without an `event:` line, errors too, and end as if all were well.
#
# Guess:    Each event's JSON says its `type`, so the SDK reads that; the `event:` line, which repeats it, may
#           be missing as it is in OpenAI's streams. At least an error is noticed.
# Version:  anthropic 2.14.0 (PyPI), @anthropic-ai/sdk 1.14.0 (npm); Python 3.11, Node.js 20 or newer.
# Seen:     The same six events give six with their names, none without, and no exception. An error event
#           raises with its name; without it the stream is empty and ends well.
# Matters:  A gateway (or a proxy between) that translates another provider's stream and writes only `data:`
#           lines serves curl and looks right in its log, while every customer of these SDKs gets an empty
#           answer that was charged, and no error to tell why.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check anthropic==2.14.0
npm install --silent --no-audit --no-fund --prefix "$folder" @anthropic-ai/sdk@1.14.0 >/dev/null

cat >look.py <<'PY'
import http.server, json, subprocess, sys, threading

import anthropic

USAGE = {"input_tokens": 3, "output_tokens": 1}
MESSAGE = {"id": "m-1", "type": "message", "role": "assistant", "model": "m", "content": [],
           "stop_reason": None, "stop_sequence": None, "usage": USAGE}
ANSWER = [
    {"type": "message_start", "message": MESSAGE},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hello"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None},
     "usage": {"output_tokens": 1}},
    {"type": "message_stop"},
]
ERROR = [{"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}]


class Server(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        _, what, names = self.path.split("/")[:3]
        for event in ANSWER if what == "answer" else ERROR:
            name = f"event: {event['type']}\n" if names == "named" else ""
            self.wfile.write(f"{name}data: {json.dumps(event)}\n\n".encode())

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
for case in ("answer/named", "answer/bare", "error/named", "error/bare"):
    address = f"http://127.0.0.1:{server.server_port}/{case}"
    client = anthropic.Anthropic(base_url=address, api_key="none", max_retries=0)
    events, end = 0, "ends well"
    try:
        for _ in client.messages.create(
            model="m", max_tokens=5, messages=[{"role": "user", "content": "hello"}], stream=True
        ):
            events += 1
    except anthropic.APIError:
        end = "raises"
    print(f"python {case}: {events} events, {end}", flush=True)
    subprocess.run(["node", "look.mjs", address, case], check=True)
PY
cat >look.mjs <<'JS'
import Anthropic from '@anthropic-ai/sdk';

const client = new Anthropic({ baseURL: process.argv[2], apiKey: 'none', maxRetries: 0 });
let events = 0, end = 'ends well';
try {
    const messages = [{ role: 'user', content: 'hello' }];
    for await (const _ of await client.messages.create({ model: 'm', max_tokens: 5, messages, stream: true })) events++;
} catch {
    end = 'raises';
}
console.log(`node ${process.argv[3]}: ${events} events, ${end}`);
JS
venv/bin/python look.py | tee seen
diff - seen <<'SEEN'
python answer/named: 6 events, ends well
node answer/named: 6 events, ends well
python answer/bare: 0 events, ends well
node answer/bare: 0 events, ends well
python error/named: 0 events, raises
node error/named: 0 events, raises
python error/bare: 0 events, ends well
node error/bare: 0 events, ends well
SEEN
