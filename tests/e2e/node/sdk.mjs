// The official openai package for Node, unmodified. It is installed outside the repository, so it is
// found by E2E_NODE, the folder that has node_modules.
import { createRequire } from 'node:module';
import path from 'node:path';

const require = createRequire(path.join(process.env.E2E_NODE, 'here.js'));

export const sdk = require('openai');

/** A client of the gateway under test. */
export function client(options = {}) {
  return new sdk.OpenAI({
    apiKey: process.env.E2E_KEY,
    baseURL: process.env.E2E_BASE_URL,
    maxRetries: 0,
    ...options,
  });
}

/** What a call was refused with, as plain data. */
export async function refusal(call) {
  try {
    await call();
  } catch (error) {
    const { status, code, param, type, message } = error;
    return { class: error.constructor.name, status, code, param, type, message };
  }
  return { class: null };
}
