import { expect, it } from "vitest";
import { EventReader } from "./sse";

const TEXT = ': keep-alive\n\ndata: {"a":"한"}\n\ndata:{"b":1}\r\n\r\nevent: x\ndata: [DONE]\n\n';

it("reads events, and leaves comments and other fields out", () => {
    expect(new EventReader().feed(TEXT)).toEqual(['{"a":"한"}', '{"b":1}', "[DONE]"]);
});

it("reads the same wherever the text is cut", () => {
    for (let at = 0; at <= TEXT.length; at++) {
        const reader = new EventReader();
        const events = [...reader.feed(TEXT.slice(0, at)), ...reader.feed(TEXT.slice(at))];
        expect(events).toEqual(['{"a":"한"}', '{"b":1}', "[DONE]"]);
    }
});
