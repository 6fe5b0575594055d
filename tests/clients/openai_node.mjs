// The official openai package for Node: each scenario as a stream, a line of JSON for each.
import { createRequire } from 'node:module';

const require = createRequire(`${process.env.CLIENTS_NODE}/`);
const { OpenAI } = require('openai');
const client = new OpenAI({ maxRetries: 0, timeout: 30_000 });

async function run(model) {
  const said = { text: '', cost: null, error: null };
  try {
    const stream = await client.chat.completions.create({
      model,
      messages: [{ role: 'user', content: 'Hello!' }],
      stream: true,
      stream_options: { include_usage: true },
    });
    for await (const chunk of stream) {
      for (const choice of chunk.choices) said.text += choice.delta.content ?? '';
      if (chunk.usage) said.cost = chunk.usage.cost;
    }
  } catch (error) {
    said.error = error.message;
  }
  return said;
}

for (const name of process.argv.slice(2)) console.log(JSON.stringify({ [name]: await run(name) }));
