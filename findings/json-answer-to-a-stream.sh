#!/usr/bin/env bash
# Three SDKs take a plain JSON answer to `stream: true` for an empty stream that ended well.
#
# Guess:    A server that ignores `stream: true` and answers 200 `application/json` with a whole completion
#           gives the client either the text or an error: the label says that it is no event stream.
# Version:  openai 3.57.0 (PyPI), openai 6.49.0, ai 6.0.326 with @ai-sdk/openai 3.0.141 (npm);
#           Python 3.11, Node.js 20 or newer.
# Seen:     All three end without text and without an error. The AI SDK adds a finish reason of its own,
#           "other", and a usage without numbers.
# Matters:  Some servers and proxies do answer so (an answer from a cache, a provider whose model cannot
#           stream). Passed on as it came, the call is charged and the customer sees an empty answer and no
#           fault. A gateway must look at the first bytes and turn such an answer into chunks.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check openai==3.57.0
npm install --silent --no-audit --no-fund --prefix "$folder" openai@6.49.0 ai@6.0.326 \
    @ai-sdk/openai@3.0.141 >/dev/null

cat >server.py <<'PY'
import http.server

ANSWER = b"""{"id":"c-1","object":"chat.completion","created":1700000000,"model":"m","choices":[{"index":0,
"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],
"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}"""


class Server(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
print(f"http://127.0.0.1:{server.server_port}/v1", flush=True)
server.serve_forever()
PY

cat >client.py <<'PY'
import sys, openai

chunks = openai.OpenAI(base_url=sys.argv[1], api_key="none", max_retries=0).chat.completions.create(
    model="m", messages=[{"role": "user", "content": "hello"}], stream=True)
print("openai-python: chunks", len(list(chunks)), "no error")
PY

cat >client.mjs <<'JS'
import OpenAI from 'openai';
import { streamText } from 'ai';
import { createOpenAI } from '@ai-sdk/openai';

const settings = { baseURL: process.argv[2], apiKey: 'none' };
let chunks = 0;
const messages = [{ role: 'user', content: 'hello' }];
const client = new OpenAI({ ...settings, maxRetries: 0 });
for await (const _ of await client.chat.completions.create({ model: 'm', messages, stream: true })) chunks++;
console.log('openai-node: chunks', chunks, 'no error');

let text = '', errors = 0, reason = '';
const answer = streamText({ model: createOpenAI(settings).chat('m'), prompt: 'hello', maxRetries: 0, onError() {} });
for await (const part of answer.fullStream) {
    if (part.type === 'text-delta') text += part.text;
    if (part.type === 'error') errors++;
    if (part.type === 'finish') reason = part.finishReason;
}
console.log(`ai: text "${text}" finish "${reason}"`, errors === 0 ? 'no error' : 'an error');
JS

python3 server.py >address &
server=$!
trap 'kill "$server"; rm -rf "$folder"' EXIT
until [ -s address ]; do sleep 0.05; done
address=$(cat address)
{
    venv/bin/python client.py "$address"
    node client.mjs "$address" 2>/dev/null
} | tee "$folder/seen"
diff - "$folder/seen" <<'SEEN'
openai-python: chunks 0 no error
openai-node: chunks 0 no error
ai: text "" finish "other" no error
SEEN
