import { expect, test } from "vitest";
import { talks, tasksOf } from "./endpoints";

const at = (...paths: string[]) => ({ supported_endpoints: paths });

test("a model talks where conversations are held", () => {
    expect(talks(at("/v1/chat/completions", "/v1/messages"))).toBe(true);
    expect(talks(at("/v1/embeddings", "/v1/chat/completions"))).toBe(true);
    expect(talks(at("/v1/completions"))).toBe(false);
    expect(talks(at("/v1/embeddings"))).toBe(false);
    expect(talks(at())).toBe(false);
});

test("what can be tried is told by the paths, talking first", () => {
    expect(tasksOf(at("/v1/embeddings", "/v1/chat/completions"))).toEqual(["chat", "embeddings"]);
    expect(tasksOf(at("/v1/completions"))).toEqual(["completions"]);
    expect(tasksOf(at("/v1/images/edits", "/v1/images/generations"))).toEqual(["images", "edits"]);
    expect(tasksOf(at("/v1/decisions", "/v1/models/m:embedContent"))).toEqual([]);
});
