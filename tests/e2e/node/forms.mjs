// Forms with files by the official package: transcriptions, plain, as text and streamed.
import { client, sdk } from './sdk.mjs';

const sound = () => sdk.toFile(Buffer.from(process.env.E2E_SOUND, 'base64'), 'a.wav');
const openai = client();
const asked = { model: 'scribe' };
const plain = await openai.audio.transcriptions.create({ ...asked, file: await sound() });
const text = await openai.audio.transcriptions.create({
  ...asked,
  file: await sound(),
  response_format: 'text',
});
const events = [];
for await (const event of await openai.audio.transcriptions.create({
  ...asked,
  file: await sound(),
  stream: true,
})) {
  events.push(event.type);
}
console.log(JSON.stringify({ plain, text, events }));
