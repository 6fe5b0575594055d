#!/usr/bin/env bash
# OpenTelemetry's OpenAI instrumentation records no span for a stream that its reader leaves early.
#
# Guess:    A call that was made has a span: at the latest when the stream object is gone, it ends, perhaps
#           with less in it.
# Version:  opentelemetry-instrumentation-openai-v2 2.4b0 with opentelemetry-util-genai 1.1b0,
#           opentelemetry-sdk 1.45.2, openai 3.57.0 (PyPI), Python 3.11. (Their newest together,
#           util-genai 1.3b0, satisfy each other's bounds and cannot be imported; nor can they without
#           httpx, which openai has left for httpx2.)
# Seen:     Read to its end: one span, with both token counts. Left by `break` and collected: no span, no
#           duration, no token count. Left by `stream.close()`: a span without token counts.
# Matters:  The provider bills a stream that is left, so the customer's own traces lack exactly the calls whose
#           charge is asked about. A gateway must not send customers there for their use; its own record of
#           an abandoned stream is the only one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check openai==3.57.0 opentelemetry-sdk==1.45.2 \
    opentelemetry-instrumentation-openai-v2==2.4b0 opentelemetry-util-genai==1.1b0 httpx==0.28.1
cat >look.py <<'PY'
import gc, http.server, json, threading

import openai
from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter


def chunk(choices, **more):
    body = {"id": "c-1", "object": "chat.completion.chunk", "created": 1700000000, "model": "m",
            "choices": choices, **more}
    return "data: " + json.dumps(body) + "\n\n"


STREAM = (
    chunk([{"index": 0, "delta": {"content": "hello "}, "finish_reason": None}]) * 20
    + chunk([{"index": 0, "delta": {}, "finish_reason": "stop"}])
    + chunk([], usage={"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30})
    + "data: [DONE]\n\n"
)


class Server(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        self.wfile.write(STREAM.encode())

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
spans = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(spans))
OpenAIInstrumentor().instrument(tracer_provider=provider)
client = openai.OpenAI(
    base_url=f"http://127.0.0.1:{server.server_port}/v1", api_key="none", max_retries=0)


def ask():
    return client.chat.completions.create(
        model="m", messages=[{"role": "user", "content": "hello"}], stream=True,
        stream_options={"include_usage": True})


def show(name):
    gc.collect()
    found = [span.attributes.get("gen_ai.usage.output_tokens") for span in spans.get_finished_spans()]
    print(f"{name}: {len(found)} spans, output tokens {found}", flush=True)
    spans.clear()


for _ in ask():
    pass
show("read to its end")
stream = ask()
for _ in stream:
    break
del stream, _
show("left by break")
stream = ask()
for _ in stream:
    break
stream.close()
show("closed")
PY
venv/bin/python look.py | tee seen
diff - seen <<'SEEN'
read to its end: 1 spans, output tokens [20]
left by break: 0 spans, output tokens []
closed: 1 spans, output tokens [None]
SEEN
