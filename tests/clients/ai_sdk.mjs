// Vercel's AI SDK with its OpenAI provider: each scenario as a stream, a line of JSON for each.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(`${process.env.CLIENTS_NODE}/`);
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const { streamText } = await load('ai');
const { createOpenAI } = await load('@ai-sdk/openai');
const provider = createOpenAI({
  baseURL: process.env.OPENAI_BASE_URL,
  apiKey: process.env.OPENAI_API_KEY,
});
globalThis.AI_SDK_LOG_WARNINGS = false;

async function run(model) {
  const said = { text: '', tokens: null, error: null };
  const note = (error) => {
    said.error = String(error?.message ?? error);
  };
  try {
    const result = streamText({
      model: provider.chat(model),
      prompt: 'Hello!',
      maxRetries: 0,
      onError: ({ error }) => note(error),
    });
    for await (const part of result.fullStream ?? result.stream) {
      if (part.type === 'text-delta') said.text += part.text;
      if (part.type === 'error') note(part.error);
      if (part.type === 'finish') said.tokens = part.totalUsage.outputTokens ?? null;
    }
  } catch (error) {
    note(error);
  }
  return said;
}

for (const name of process.argv.slice(2)) console.log(JSON.stringify({ [name]: await run(name) }));
