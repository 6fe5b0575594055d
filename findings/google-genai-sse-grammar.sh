#!/usr/bin/env bash
# google-genai reads its streams line by line as `data: ` + JSON, not as server-sent events.
#
# Guess:    A client of an `alt=sse` stream reads server-sent events (WHATWG HTML, 9.2.6): a comment is
#           skipped, `id:` and `event:` lines are fields, and the space after `data:` is optional.
# Version:  google-genai 3.6.1 (PyPI), Python 3.11.
# Seen:     Each of these, though a valid stream of two answers, raises UnknownApiResponseError
#           ("Failed to parse response as JSON"): a comment between two events, an `id:` line, an `event:`
#           line, an empty `data:` event, and `data:` without the space. The text before it was given.
# Matters:  A gateway that keeps a quiet Gemini stream alive with a comment, as it may for every other
#           dialect, ends the answer with an error at the client. In this dialect it must stay silent,
#           drop a provider's comments, ids and event names, and write `data: ` with exactly one space.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check google-genai==3.6.1

cat >"$folder/look.py" <<'PY'
import http.server, json, sys, threading

from google import genai


def event(text):
    answer = {"candidates": [{"content": {"role": "model", "parts": [{"text": text}]}, "index": 0}]}
    return "data: " + json.dumps(answer) + "\n\n"


one, two = event("one "), event("two")
streams = {
    "as Google writes it": one + two,
    "a comment between": one + ": still here\n\n" + two,
    "an id line": one + "id: 2\n" + two,
    "an event line": one + "event: message\n" + two,
    "an empty data event": one + "data:\n\n" + two,
    "no space after data:": one + two.replace("data: ", "data:", 1),
}


class Server(http.server.BaseHTTPRequestHandler):
    stream = ""

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        self.wfile.write(Server.stream.encode())

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = genai.Client(
    api_key="none", http_options={"base_url": f"http://127.0.0.1:{server.server_port}"}
)
as_seen = True
for name, Server.stream in streams.items():
    text, error = "", ""
    try:
        for part in client.models.generate_content_stream(model="m", contents="hello"):
            text += part.text or ""
    except Exception as raised:
        error = type(raised).__name__
    print(f"{name:22} text {text!r:12} {error or 'no error'}")
    expected = ("one two", "") if Server.stream is streams["as Google writes it"] else (
        "one ", "UnknownApiResponseError")
    as_seen = as_seen and (text, error) == expected
sys.exit(not as_seen)
PY
"$folder/venv/bin/python" "$folder/look.py" 2>/dev/null
