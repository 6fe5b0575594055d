#!/usr/bin/env bash
# opencode asks six times, for a minute, where the body of a 402 happens to have digits like 500 in it.
#
# Guess:    An agent asks again where the status says that it may help (429, 5xx). 402 says that money is
#           missing: the agent shows the message and ends, whatever amount the message names; all the more with
#           `x-should-retry: false`.
# Version:  opencode-ai 1.18.33 (npm) with its @ai-sdk/openai-compatible, `opencode run`; Linux on x64,
#           Node.js 20 or newer.
# Seen:     "$0.512" in the message: one request. "$0.500" or "$0.429": six requests, over 66 to 85 seconds on a
#           busy machine (waits of about 2, 4, 8, 16 and 32 seconds and up to a quarter more). So, too, where the
#           message has no digits and a field beside it, which is never shown, says "0.050000000". The message
#           is shown after the last request, as it came, and the exit status is 1. (The agent looks for
#           /429|500|502|503|504|524/ and for some words in the message and in the whole body, whatever the
#           status.)
# Matters:  Whether a customer without money is told so at once or after a minute, and whether a gateway is asked
#           once or six times, hangs on an amount, a count or an identifier that happens to be in a refusal.
#           Each digit that a refusal does not need (zeros behind an amount above all) makes it more likely.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix "$folder" opencode-ai@1.18.33 >/dev/null
cat >look.mjs <<'JS'
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';

const costs = (amount) => ({ message: `Not enough credits: this could cost up to $${amount}.` });
const cases = [
    ['$0.512 in the message', costs('0.512')],
    ['$0.500 in the message', costs('0.500')],
    ['$0.429 in the message', costs('0.429')],
    ['0.050000000 beside it', { message: 'Not enough credits.', metadata: { required: '0.050000000' } }],
];
const asked = cases.map(() => []);
const server = http.createServer((request, reply) => {
    const [, number, path] = request.url.match(/^.([0-9])(.*)/);
    if (request.method + path !== 'POST/v1/chat/completions') throw new Error(request.url);
    request.resume();
    asked[number].push(Date.now());
    const error = { type: 'insufficient_quota', param: null, code: 'insufficient_credits', ...cases[number][1] };
    reply.writeHead(402, { 'content-type': 'application/json', 'x-should-retry': 'false' });
    reply.end(JSON.stringify({ error }));
});
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));

async function run(number) {
    const cwd = `${process.cwd()}/${number}`;
    fs.mkdirSync(cwd);
    const baseURL = `http://127.0.0.1:${server.address().port}/${number}/v1`;
    const models = { m: { name: 'M', limit: { context: 128000, output: 32000 } } };
    const house = { npm: '@ai-sdk/openai-compatible', options: { baseURL, apiKey: 'none' }, models };
    const settings = { provider: { house }, model: 'house/m', small_model: 'house/m' };
    const nowhere = 'http://127.0.0.1:9';
    const env = {
        PATH: process.env.PATH, HOME: cwd, TMPDIR: cwd,
        HTTP_PROXY: nowhere, HTTPS_PROXY: nowhere, NO_PROXY: '127.0.0.1,localhost',
        OPENCODE_CONFIG_CONTENT: JSON.stringify(settings), OPENCODE_DISABLE_DEFAULT_PLUGINS: '1',
        OPENCODE_DISABLE_MODELS_FETCH: '1', OPENCODE_DISABLE_AUTOUPDATE: '1', OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
    };
    const command = ['run', '--auto', '--title', 'Task', 'Say hello.'];
    const agent = spawn('../node_modules/.bin/opencode', command, { env, cwd, timeout: 600000 });
    const [name, { message }] = cases[number];
    let output = '', shown = 0;
    const look = (text) => {
        output += text;
        if (!shown && output.includes(message)) shown = asked[number].length;
    };
    agent.stdin.end();
    agent.stdout.on('data', look);
    agent.stderr.on('data', look);
    const status = await new Promise((ended) => agent.on('close', ended));
    console.error(`${name}: asked at`, asked[number].map((ms) => (ms - asked[number][0]) / 1000).join(', '), 's');
    return `${name}: ${asked[number].length} requests, message shown after number ${shown}, exit ${status}`;
}

console.log((await Promise.all(cases.map((_, number) => run(number)))).join('\n'));
server.close();
JS
node look.mjs | tee seen
diff - seen <<'SEEN'
$0.512 in the message: 1 requests, message shown after number 1, exit 1
$0.500 in the message: 6 requests, message shown after number 6, exit 1
$0.429 in the message: 6 requests, message shown after number 6, exit 1
0.050000000 beside it: 6 requests, message shown after number 6, exit 1
SEEN
