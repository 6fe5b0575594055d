// Pictures by the official package, plain and streamed.
import { client } from './sdk.mjs';

const asked = { model: 'tokens', prompt: 'A cat' };
const plain = await client().images.generate(asked);
const events = [];
for await (const event of await client().images.generate({
  ...asked,
  stream: true,
  partial_images: 1,
})) {
  events.push(event.type);
}
console.log(JSON.stringify({ plain: plain.data[0].b64_json, events }));
