// Speech by the official package: prints the sound in base64.
import { client } from './sdk.mjs';

const speech = await client().audio.speech.create({ model: 'tts', voice: 'alloy', input: 'Hello' });
const sound = Buffer.from(await speech.arrayBuffer());
console.log(JSON.stringify({ sound: sound.toString('base64') }));
