// The vendors' own packages for Node, and the AI SDK with each vendor's provider. Asks as told by
// CLIENT/MODEL/HOW, where HOW is plain, streamed or tool; a line of JSON for each.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(`${process.env.CLIENTS_NODE}/`);
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const { OpenAI } = await load('openai');
const { default: Anthropic } = await load('@anthropic-ai/sdk');
const { GoogleGenAI } = await load('@google/genai');
const { generateText, streamText, jsonSchema, tool } = await load('ai');
const { createOpenAI } = await load('@ai-sdk/openai');
const { createAnthropic } = await load('@ai-sdk/anthropic');
const { createGoogle, createGoogleGenerativeAI } = await load('@ai-sdk/google');
const { createOpenResponses } = await load('@ai-sdk/open-responses');

globalThis.AI_SDK_LOG_WARNINGS = false;

const origin = process.env.GATEWAY_ORIGIN;
const apiKey = process.env.GATEWAY_KEY;
const QUESTION = 'How is the weather?';
const TOOL = 'get_weather';
const DESCRIPTION = 'Tells the weather.';
const PARAMETERS = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
};

const openai = new OpenAI({ apiKey, baseURL: `${origin}/v1`, maxRetries: 0 });
const anthropic = new Anthropic({ apiKey, baseURL: origin, maxRetries: 0 });
const google = new GoogleGenAI({ apiKey, httpOptions: { baseUrl: origin } });

const call = (name, text) => ({ name, input: JSON.parse(text) });

async function chat(model, streamed, tools) {
  const body = { model, messages: [{ role: 'user', content: QUESTION }] };
  if (tools) {
    const made = { name: TOOL, description: DESCRIPTION, parameters: PARAMETERS };
    body.tools = [{ type: 'function', function: made }];
  }
  if (!streamed) {
    const { choices, usage } = await openai.chat.completions.create(body);
    return { text: choices[0].message.content, tokens: usage.completion_tokens };
  }
  body.stream_options = { include_usage: true };
  const stream = openai.chat.completions.stream(body);
  const { message } = (await stream.finalChatCompletion()).choices[0];
  const made = message.tool_calls?.[0]?.function;
  const { completion_tokens } = await stream.totalUsage();
  return {
    text: message.content ?? '',
    tool: made && call(made.name, made.arguments),
    tokens: completion_tokens,
  };
}

async function responses(model, streamed, tools) {
  const body = { model, input: QUESTION, store: false };
  if (tools) {
    const made = { name: TOOL, description: DESCRIPTION, parameters: PARAMETERS, strict: true };
    body.tools = [{ type: 'function', ...made }];
  }
  const response = streamed
    ? await openai.responses.stream(body).finalResponse()
    : await openai.responses.create(body);
  const made = response.output.find((item) => item.type === 'function_call');
  return {
    text: response.output_text,
    tool: made && call(made.name, made.arguments),
    tokens: response.usage.output_tokens,
  };
}

async function messages(model, streamed, tools) {
  const body = { model, max_tokens: 1000, messages: [{ role: 'user', content: QUESTION }] };
  if (tools) {
    body.tools = [{ name: TOOL, description: DESCRIPTION, input_schema: PARAMETERS }];
  }
  const message = streamed
    ? await anthropic.messages.stream(body).finalMessage()
    : await anthropic.messages.create(body);
  const made = message.content.find((block) => block.type === 'tool_use');
  return {
    text: message.content.map((block) => block.text ?? '').join(''),
    tool: made && { name: made.name, input: made.input },
    tokens: message.usage.output_tokens,
  };
}

async function contents(model, streamed, tools) {
  const body = { model, contents: QUESTION };
  if (tools) {
    const made = { name: TOOL, description: DESCRIPTION, parametersJsonSchema: PARAMETERS };
    body.config = { tools: [{ functionDeclarations: [made] }] };
  }
  const pieces = streamed
    ? await google.models.generateContentStream(body)
    : [await google.models.generateContent(body)];
  const said = { text: '' };
  for await (const piece of pieces) {
    for (const part of piece.candidates?.[0]?.content?.parts ?? []) {
      if (part.functionCall)
        said.tool = { name: part.functionCall.name, input: part.functionCall.args };
      else said.text += part.text ?? '';
    }
    said.tokens = piece.usageMetadata?.candidatesTokenCount ?? said.tokens;
  }
  return said;
}

// With the AI SDK's own model of a vendor.
function aiSdk(modelOf) {
  return async (name, streamed, tools) => {
    const made = { description: DESCRIPTION, inputSchema: jsonSchema(PARAMETERS) };
    const how = { model: modelOf(name), prompt: QUESTION, maxRetries: 0 };
    if (tools) how.tools = { [TOOL]: tool(made) };
    let failure = null;
    const result = streamed
      ? streamText({ ...how, onError: ({ error }) => (failure = error) })
      : await generateText(how);
    const text = await result.text;
    const [first] = await result.toolCalls;
    const { outputTokens } = await result.usage;
    if (failure) throw failure;
    return {
      text,
      tool: first && { name: first.toolName, input: first.input },
      tokens: outputTokens,
    };
  };
}

const aiGoogle = createGoogleGenerativeAI ?? createGoogle;
const CLIENTS = {
  'openai chat': chat,
  'openai responses': responses,
  anthropic: messages,
  'google-genai': contents,
  'AI SDK openai': aiSdk(createOpenAI({ baseURL: `${origin}/v1`, apiKey })),
  'AI SDK anthropic': aiSdk(createAnthropic({ baseURL: `${origin}/v1`, apiKey })),
  'AI SDK google': aiSdk(aiGoogle({ baseURL: `${origin}/v1beta`, apiKey })),
  'AI SDK open-responses': aiSdk(
    createOpenResponses({ name: 'gateway', url: `${origin}/v1/responses`, apiKey }),
  ),
};

for (const asked of process.argv.slice(2)) {
  const [client, model, how] = asked.split('/');
  let said;
  try {
    said = await CLIENTS[client](model, how !== 'plain', how === 'tool');
  } catch (error) {
    said = { error: String(error?.stack ?? error) };
  }
  console.log(JSON.stringify({ [asked]: said }));
}
