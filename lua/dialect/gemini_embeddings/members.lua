-- The members of Gemini's embedContent and batchEmbedContents that we know, each with what becomes
-- of it: as in lua/dialect/chat/members.lua. Names may also be written in snake case. Source:
-- google-genai 3.6.1 (PyPI), EmbedContentConfig.
local members, list = require "dialect.member_lists" (true)

-- What one embedding is asked for; in a batch an entry has it.
local function asked_of_one()
    return {
        { "content", "object", "input" },
        { "model", "skip", "the address has it" },
        { "outputDimensionality", "integer",
            "dimensions; in a batch the same for all, else it is refused" },
        { "taskType", "skip", "a hint; OpenAI's models make one kind of embedding" },
        { "title", "refuse", "is text to be read, for which this model's provider has no place." },
    }
end

list("request", "", asked_of_one())
list("batch", "", {
    { "requests", "array", "input" },
    { "model", "skip", "the address has it" },
})
list("entry", "requests[]", asked_of_one())
list("content", "content", {
    { "role", "skip", "embeddings have no roles" },
    { "parts", "array", "input: one text; several parts are refused" },
})
list("part", "content.parts[]", {
    { "text", "string", "input" },
    { "inlineData", "refuse", "is no text; this model's provider reads only texts here." },
    { "fileData", "refuse", "is no text; this model's provider reads only texts here." },
})

-- ---- answers ----

list("answer", "(answer)", {
    { "embedding", "any", "the embedding" },
    { "embeddings", "any", "the embeddings" },
}, true)
list("embedding", "embedding", { { "values", "any", "embedding" } }, true)

return members
