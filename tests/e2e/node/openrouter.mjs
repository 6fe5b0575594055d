// The price list of the gateway under test, as OpenRouter's official package reads it: for each
// model what was sent and what the package makes of it. Also the names of all members it knows.
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(path.join(process.env.E2E_NODE, 'here.js'));
const file = require.resolve('@openrouter/sdk/models');
const { OpenRouter } = await import(pathToFileURL(require.resolve('@openrouter/sdk')).href);
const { PricingOverride$inboundSchema, PublicPricing$inboundSchema } = await import(
  pathToFileURL(file).href
);

const response = await fetch(process.env.E2E_BASE_URL + '/models', {
  headers: { Authorization: 'Bearer ' + process.env.E2E_KEY },
});
const models = {};
for (const { id, pricing } of (await response.json()).data) {
  models[id] = { sent: pricing, read: PublicPricing$inboundSchema.parse(pricing) };
}
const client = new OpenRouter({
  apiKey: process.env.E2E_KEY,
  serverURL: process.env.E2E_BASE_URL,
});
const { data: key } = await client.apiKeys.getCurrentKeyMetadata();
const names = (schema) => Object.keys(schema.in.shape);
console.log(
  JSON.stringify({
    models,
    key,
    pricing: names(PublicPricing$inboundSchema),
    override: names(PricingOverride$inboundSchema),
  }),
);
