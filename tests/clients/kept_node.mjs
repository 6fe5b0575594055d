// The AI SDK with its defaults, in a conversation. With `store` it does not repeat what the model has
// said: it refers to it by its id. Prints a line of JSON.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(`${process.env.CLIENTS_NODE}/`);
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const { generateText } = await load('ai');
const { createOpenAI } = await load('@ai-sdk/openai');

globalThis.AI_SDK_LOG_WARNINGS = false;

const baseURL = `${process.env.GATEWAY_ORIGIN}/v1`;
const openai = createOpenAI({ baseURL, apiKey: process.env.GATEWAY_KEY });
const said = [];
const messages = [];
for (const content of ['How is the weather?', 'And tomorrow?']) {
  messages.push({ role: 'user', content });
  const result = await generateText({ model: openai('gpt-4.1-kept'), messages, maxRetries: 0 });
  said.push(result.text);
  messages.push(...result.response.messages);
}
console.log(JSON.stringify(said));
