// The playground's calls: a chat completion, streamed, with the session instead of a key; and what
// it would cost.
import { EventReader } from "../base/sse";
import { address, call, failure, send } from "./client";
import { ApiError } from "./error";
import type { Estimate } from "./types";

export interface Message {
    role: "system" | "user" | "assistant";
    content: string;
}

export interface Asked {
    model: string;
    messages: Message[];
    stream: true;
}

interface Chunk {
    choices?: { delta?: { content?: string | null }; finish_reason?: string | null }[];
    error?: { message: string; code: string | null };
}

export interface Listener {
    onBegin: (requestId: string) => void;
    onText: (piece: string) => void;
}

function readChunk(data: string, listener: Listener): void {
    const chunk = JSON.parse(data) as Chunk;
    if (chunk.error) {
        const { message, code } = chunk.error;
        throw new ApiError(200, { message, code, param: null });
    }
    const text = chunk.choices?.[0]?.delta?.content;
    if (text) {
        listener.onText(text);
    }
}

/** What the call would cost at most, and whether it would pass now. */
export const estimate = (keyId: string, asked: Asked, signal: AbortSignal) =>
    call<Estimate>("POST", "/playground/estimate", {
        query: { key_id: keyId },
        body: asked,
        signal,
    });

/** Throws an ApiError for what went wrong before or in the stream, an AbortError when stopped. */
export async function streamChat(
    keyId: string,
    asked: Asked,
    signal: AbortSignal,
    listener: Listener,
): Promise<void> {
    const url = address("/playground/chat/completions", { key_id: keyId });
    const response = await send("POST", url, { body: asked, signal });
    if (!response.ok || !response.body) {
        throw await failure(response);
    }
    listener.onBegin(response.headers.get("x-request-id") ?? "");
    const events = new EventReader();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
        const { done, value } = await reader.read();
        if (done) {
            return;
        }
        events
            .feed(value)
            .filter((data) => data !== "[DONE]")
            .forEach((data) => readChunk(data, listener));
    }
}
