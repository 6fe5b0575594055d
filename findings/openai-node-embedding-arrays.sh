#!/usr/bin/env bash
# openai-node turns an embedding that arrives as an array of numbers into a quarter as many wrong ones.
#
# Guess:    A client that asks for nothing special gets the vector that the server sent: either the SDK
#           leaves an array as it is, or it fails.
# Version:  openai 6.49.0 (npm), Node.js 20 or newer.
# Seen:     The SDK adds `encoding_format: "base64"` by itself. When the server answers with an array all the
#           same, the SDK decodes the array as if it were base64 of floats: eight numbers become two, near
#           zero, without an error. With `encoding_format: "float"` in the call the vector arrives whole.
# Matters:  Several OpenAI-compatible servers ignore `encoding_format` and always send arrays. Passed on as
#           they came, a customer's index fills with noise that nobody notices. A gateway must answer in the
#           encoding that was asked for, whatever its provider sent.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix "$folder" openai@6.49.0 >/dev/null
cat >look.mjs <<'JS'
import http from 'node:http';
import OpenAI from 'openai';

const vector = [0.5, 1, 2, 3, 4, 5, 6, 7];
const asked = [];
const server = http.createServer((request, reply) => {
    let body = '';
    request.on('data', (piece) => (body += piece));
    request.on('end', () => {
        asked.push(JSON.parse(body).encoding_format);
        reply.setHeader('content-type', 'application/json');
        const data = [{ object: 'embedding', index: 0, embedding: vector }];
        reply.end(JSON.stringify({ object: 'list', model: 'm', data, usage: { prompt_tokens: 1, total_tokens: 1 } }));
    });
});
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const client = new OpenAI({ apiKey: 'none', baseURL: `http://127.0.0.1:${server.address().port}/v1` });
const left = await client.embeddings.create({ model: 'm', input: 'hello' });
const said = await client.embeddings.create({ model: 'm', input: 'hello', encoding_format: 'float' });
server.close();
console.log('sent            ', vector.length, 'numbers');
console.log('nothing asked:  ', left.data[0].embedding.length, 'numbers; the SDK asked for', asked[0]);
console.log('float asked:    ', said.data[0].embedding.length, 'numbers');
const asSeen = asked[0] === 'base64' && left.data[0].embedding.length === 2 &&
    left.data[0].embedding.every((number) => Math.abs(number) < 1e-30) && said.data[0].embedding.length === 8;
process.exit(asSeen ? 0 : 1);
JS
node look.mjs
