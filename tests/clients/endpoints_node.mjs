// Clients for Node at every endpoint that they know, beside conversations; a line of JSON for each
// call: {"CLIENT/MODEL": what it shows}. The models are those of tests/e2e/endpoint_calls.py.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(`${process.env.CLIENTS_NODE}/`);
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const { OpenAI, toFile } = await load('openai');
const { CohereClient, CohereClientV2 } = require('cohere-ai');
const { GoogleGenAI } = await load('@google/genai');
const { embedMany, generateImage, generateSpeech, rerank, transcribe } = await load('ai');
const { createOpenAI } = await load('@ai-sdk/openai');
const { createCohere } = await load('@ai-sdk/cohere');

globalThis.AI_SDK_LOG_WARNINGS = false;

const origin = process.env.GATEWAY_ORIGIN;
const apiKey = process.env.GATEWAY_KEY;
const openai = new OpenAI({ apiKey, baseURL: `${origin}/v1`, maxRetries: 0 });
const cohere = new CohereClient({ token: apiKey, environment: origin });
const cohereV2 = new CohereClientV2({ token: apiKey, environment: origin });
const google = new GoogleGenAI({ apiKey, httpOptions: { baseUrl: origin } });
const ai = createOpenAI({ baseURL: `${origin}/v1`, apiKey });
const aiCohere = createCohere({ baseURL: `${origin}/v2`, apiKey });

const sound = Buffer.from(process.env.SOUND, 'base64');
const picture = Buffer.from(process.env.PICTURE, 'base64');
const wav = () => toFile(sound, 'a.wav');
const png = () => toFile(picture, 'a.png', { type: 'image/png' });
const text = 'Hello there: 안녕하세요 👋🏽\n';
const ranked = { query: 'q', documents: ['a', 'b'] };
const bytesOf = async (response) => Buffer.from(await response.arrayBuffer()).length;
const scores = (results) => results.map((one) => [one.index, one.relevanceScore ?? one.score]);

async function all(stream) {
  const events = [];
  for await (const event of await stream) events.push(event);
  return events;
}

const CALLS = {
  'openai/completions': async (model) =>
    (await openai.completions.create({ model, prompt: 'x' })).choices[0].text,
  'openai/completions-streamed': async (model) =>
    (await all(openai.completions.create({ model, prompt: 'x', stream: true })))
      .map((chunk) => chunk.choices[0]?.text ?? '')
      .join(''),
  'openai/embeddings': async (model) =>
    (await openai.embeddings.create({ model, input: 'x' })).data[0].embedding,
  'openai/moderations': async (model) =>
    (await openai.moderations.create({ model, input: 'x' })).results[0].flagged,
  'openai/decisions': async (model) => {
    const questions = [{ type: 'predicate', instructions: 'It is about animals.' }];
    return (await openai.decisions.create({ model, input: 'x', questions })).answers[0].probability;
  },
  'openai/speech-by-characters': async (model) =>
    bytesOf(await openai.audio.speech.create({ model, voice: 'alloy', input: text })),
  'openai/speech-by-seconds': async (model) => {
    const asked = { model, voice: 'alloy', input: text, response_format: 'wav' };
    return bytesOf(await openai.audio.speech.create(asked));
  },
  'openai/images': async (model) =>
    (await openai.images.generate({ model, prompt: 'x' })).data[0].b64_json,
  'openai/images-streamed': async (model) =>
    (await all(openai.images.generate({ model, prompt: 'x', stream: true }))).at(-1).b64_json,
  'openai/images-by-the-picture': async (model) =>
    (await openai.images.generate({ model, prompt: 'x', n: 3, size: '1536x1024' })).data.length,
  'openai/edits': async (model) =>
    (await openai.images.edit({ model, image: await png(), prompt: 'x' })).data[0].b64_json,
  'openai/edits-streamed': async (model) => {
    const asked = { model, image: await png(), prompt: 'x', stream: true };
    return (await all(openai.images.edit(asked))).at(-1).b64_json;
  },
  'openai/variations': async (model) => {
    const asked = { model, image: await png(), n: 2, size: '1536x1024' };
    return (await openai.images.createVariation(asked)).data.length;
  },
  'openai/transcriptions': async (model) =>
    (await openai.audio.transcriptions.create({ model, file: await wav() })).text,
  'openai/transcriptions-streamed': async (model) =>
    (await all(openai.audio.transcriptions.create({ model, file: await wav(), stream: true }))).at(
      -1,
    ).text,
  'openai/transcriptions-by-seconds': async (model) =>
    (await openai.audio.transcriptions.create({ model, file: await wav() })).text,
  'openai/translations': async (model) =>
    (await openai.audio.translations.create({ model, file: await wav() })).text,
  'cohere v1/rerank-by-searches': async (model) =>
    scores((await cohere.rerank({ model, ...ranked })).results),
  'cohere v2/rerank-by-searches': async (model) =>
    scores((await cohereV2.rerank({ model, ...ranked })).results),
  'cohere v2/rerank-by-tokens': async (model) =>
    scores((await cohereV2.rerank({ model, ...ranked })).results),
  'google-genai/batchEmbedContents': async (model) =>
    (await google.models.embedContent({ model, contents: ['x'] })).embeddings[0].values,
  'AI SDK/embeddings': async (model) =>
    (await embedMany({ model: ai.embedding(model), values: ['x'] })).embeddings[0],
  'AI SDK/images': async (model) =>
    (await generateImage({ model: ai.image(model), prompt: 'x' })).image.base64,
  'AI SDK/speech-by-characters': async (model) =>
    (await generateSpeech({ model: ai.speech(model), text, voice: 'alloy' })).audio.uint8Array
      .length,
  'AI SDK/transcriptions': async (model) =>
    (await transcribe({ model: ai.transcription(model), audio: sound })).text,
  'AI SDK/rerank-by-searches': async (model) => {
    const found = await rerank({ model: aiCohere.reranking(model), ...ranked });
    return found.ranking.map((one) => [one.originalIndex, one.score]);
  },
};

for (const [name, call] of Object.entries(CALLS)) {
  let said;
  try {
    said = await call(name.split('/')[1]);
  } catch (error) {
    said = { error: String(error?.stack ?? error) };
  }
  console.log(JSON.stringify({ [name]: said }));
}
