#!/usr/bin/env bash
# The same `retry-after: 86400` makes one OpenAI SDK give up at once and the other sleep for a day.
#
# Guess:    SDKs of one maker bound how long they wait in the same way: a wait beyond the call's own timeout is
#           either not taken or cut to seconds.
# Version:  openai 3.57.0 (PyPI); openai 6.49.0, @anthropic-ai/sdk 1.14.0 (npm); Python 3.11, Node.js 20.
# Seen:     With `retry-after: 100` all ask again. With 86400 openai-python raises after one request. Both
#           Node SDKs set a timer of 86,400,000 ms before each of two further requests, although the call's
#           timeout is 9 seconds. (The timers are recorded and cut short here, so nothing sleeps a day.)
# Matters:  A gateway that hands on a provider's daily quota with its own Retry-After hangs a customer's Node
#           process for a day, without a word. What will not pass within a minute must go out without
#           Retry-After and with `x-should-retry: false`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check openai==3.57.0
npm install --silent --no-audit --no-fund --prefix "$folder" openai@6.49.0 @anthropic-ai/sdk@1.14.0 >/dev/null
cat >look.py <<'PY'
import http.server, threading, time, openai

asked = []
waits = []
time.sleep = lambda seconds: waits.append(round(seconds))


class Server(http.server.BaseHTTPRequestHandler):
    after = ""

    def do_POST(self):
        asked.append(1)
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(429)
        self.send_header("retry-after", Server.after)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = openai.OpenAI(
    base_url=f"http://127.0.0.1:{server.server_port}/v1", api_key="none", timeout=9)
for Server.after in ("100", "86400"):
    asked.clear()
    waits.clear()
    try:
        client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hello"}])
    except openai.RateLimitError:
        print(f"openai-python retry-after {Server.after}: {len(asked)} requests, waits {waits}")
PY
cat >look.mjs <<'JS'
import http from 'node:http';
import OpenAI from 'openai';
import Anthropic from '@anthropic-ai/sdk';

let requests = 0, waits = [], after = '';
const server = http.createServer((request, reply) => {
    requests++;
    request.resume();
    reply.writeHead(429, { 'retry-after': after, 'content-type': 'application/json' }).end('{}');
});
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const address = `http://127.0.0.1:${server.address().port}`;
const setTimer = globalThis.setTimeout;
globalThis.setTimeout = (call, ms, ...rest) => {
    if (ms > 10000) waits.push(ms / 1000);
    return setTimer(call, ms > 10000 ? 20 : ms, ...rest);
};
const options = { apiKey: 'none', timeout: 9000 };
const messages = [{ role: 'user', content: 'hello' }];
const openai = new OpenAI({ ...options, baseURL: address + '/v1' });
const anthropic = new Anthropic({ ...options, baseURL: address });
const calls = {
    'openai-node': () => openai.chat.completions.create({ model: 'm', messages }),
    'anthropic-node': () => anthropic.messages.create({ model: 'm', max_tokens: 5, messages }),
};
for (const [name, call] of Object.entries(calls))
    for (after of ['100', '86400']) {
        requests = 0;
        waits = [];
        await call().catch(() => {});
        console.log(`${name} retry-after ${after}: ${requests} requests, waits [${waits.join(', ')}]`);
    }
server.close();
JS
{ venv/bin/python look.py && node look.mjs; } | tee seen
diff - seen <<'SEEN'
openai-python retry-after 100: 3 requests, waits [100, 100]
openai-python retry-after 86400: 1 requests, waits []
openai-node retry-after 100: 3 requests, waits [100, 100]
openai-node retry-after 86400: 3 requests, waits [86400, 86400]
anthropic-node retry-after 100: 3 requests, waits [100, 100]
anthropic-node retry-after 86400: 3 requests, waits [86400, 86400]
SEEN
