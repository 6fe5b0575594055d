// Runs the case named on the command line and prints what happened as one line of JSON.
import { client, refusal, sdk } from './sdk.mjs';

const model = 'gpt-4o-mini';
const messages = [{ role: 'user', content: 'Hello!' }];
const weather = {
  type: 'function',
  function: {
    name: 'get_weather',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: [] },
  },
};

async function collect(stream) {
  const result = { text: '', chunks: 0, usage: [], arguments: '', finish: null };
  for await (const chunk of stream) {
    result.chunks += 1;
    if (chunk.usage) result.usage.push(chunk.usage);
    for (const choice of chunk.choices) {
      result.text += choice.delta.content ?? '';
      result.finish = choice.finish_reason ?? result.finish;
      for (const call of choice.delta.tool_calls ?? []) {
        result.arguments += call.function?.arguments ?? '';
      }
    }
  }
  return result;
}

function counting() {
  const sent = [];
  const counted = (url, init) => {
    sent.push(url);
    return fetch(url, init);
  };
  return { sent, fetch: counted };
}

const cases = {
  async completions() {
    const ask = { model: 'texts', prompt: ['one', 'two'], stream_options: { include_usage: true } };
    const whole = await client().completions.create({ model: ask.model, prompt: ask.prompt });
    const result = { whole: whole.choices.map((choice) => choice.text), cost: whole.usage.cost };
    result.stream = ['', ''];
    for await (const chunk of await client().completions.create({ ...ask, stream: true })) {
      for (const choice of chunk.choices) result.stream[choice.index] += choice.text;
      result.usage = chunk.usage ?? result.usage;
    }
    return result;
  },
  async whole() {
    const answer = await client().chat.completions.create({ model, messages });
    return { text: answer.choices[0].message.content, usage: answer.usage, id: answer._request_id };
  },
  async streamed() {
    return collect(await client().chat.completions.create({ model, messages, stream: true }));
  },
  async usage() {
    const options = { stream: true, stream_options: { include_usage: true } };
    return collect(await client().chat.completions.create({ model, messages, ...options }));
  },
  async tools() {
    const asked = { model, messages, tools: [weather] };
    const answer = await client().chat.completions.create(asked);
    const streamed = await client().chat.completions.create({ ...asked, stream: true });
    const calls = answer.choices[0].message.tool_calls;
    return { whole: calls[0].function.arguments, streamed: (await collect(streamed)).arguments };
  },
  async quoted() {
    const asked = { model, messages, max_tokens: 50 };
    const told = await client().post('/estimate', { body: asked });
    const headers = { 'x-llm-max-cost': told.max_cost_exact };
    const answer = await client().chat.completions.create(asked, { headers });
    const counted = counting();
    const bound = { headers: { 'x-llm-max-cost': '0' } };
    const many = client({ fetch: counted.fetch, maxRetries: 3 });
    const refused = await refusal(() => many.chat.completions.create(asked, bound));
    return { told: told.max_cost, cost: answer.usage.cost, refused, sent: counted.sent.length };
  },
  async choices() {
    const asked = { model, messages, n: 2, logprobs: true, top_logprobs: 1 };
    const answer = await client().chat.completions.create(asked);
    return answer.choices.map((choice) => [choice.index, choice.logprobs.content[0].logprob]);
  },
  async schema() {
    const schema = { type: 'object', properties: { a: { type: 'array' } }, required: [] };
    const format = { type: 'json_schema', json_schema: { name: 'x', schema, strict: true } };
    const asked = { model, messages, response_format: format };
    const answer = await client().chat.completions.create(asked);
    return JSON.parse(answer.choices[0].message.content);
  },
  async image() {
    const url = 'data:image/png;base64,' + Buffer.alloc(60000, 7).toString('base64');
    const content = [{ type: 'image_url', image_url: { url } }];
    await client().chat.completions.create({ model, messages: [{ role: 'user', content }] });
    return { bytes: url.length };
  },
  async models() {
    const ids = [];
    for await (const one of client().models.list()) ids.push(one.id);
    return { ids, one: await client().models.retrieve(model) };
  },
  async refused() {
    const ask = (body, options) => () =>
      client(options).chat.completions.create({ model, messages, ...body });
    return {
      400: await refusal(ask({ messages: 'hello' })),
      401: await refusal(ask({}, { apiKey: 'llm_sk_wrong' })),
      404: await refusal(ask({ model: 'no-such-model' })),
    };
  },
  async create() {
    const { sent, fetch } = counting();
    const call = () => client({ fetch, maxRetries: 2 }).chat.completions.create({ model, messages });
    return { ...(await refusal(call)), sent: sent.length };
  },
  async once() {
    return refusal(() => client().chat.completions.create({ model, messages }));
  },
  async cut() {
    let text = '';
    const error = await refusal(async () => {
      const stream = await client().chat.completions.create({ model, messages, stream: true });
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    });
    return { text, ...error };
  },
  async timeout() {
    return refusal(() => client({ timeout: 300 }).chat.completions.create({ model, messages }));
  },
  async idempotent() {
    const options = { headers: { 'Idempotency-Key': process.argv[3] } };
    const ask = { model, messages };
    const first = await client({ maxRetries: 4 }).chat.completions.create(ask, options);
    const again = await client().chat.completions.create(ask, options);
    const streamed = { ...ask, stream: true };
    const refused = await refusal(() => client().chat.completions.create(streamed, options));
    return { ids: [first._request_id, again._request_id], cost: first.usage.cost, refused };
  },
  async aborted() {
    const stream = await client().chat.completions.create({ model, messages, stream: true });
    let chunks = 0;
    for await (const _ of stream) {
      chunks += 1;
      if (chunks === 3) break; // the package then aborts the request
    }
    return { chunks };
  },
  async many() {
    const one = client();
    const ask = (number) =>
      one.chat.completions.create({
        model,
        messages: [{ role: 'user', content: `answer ${number}` }],
        max_tokens: 100,
      });
    const answers = await Promise.all([...Array(200).keys()].map(ask));
    const right = answers.filter((a, i) => a.choices[0].message.content === `answer ${i}`);
    return { right: right.length };
  },
};

if (!sdk.OpenAI) throw new Error('the openai package is not there');
console.log(JSON.stringify(await cases[process.argv[2]]()));
