-- The members of OpenAI's embeddings that we know, each with what becomes of it: as in
-- lua/dialect/chat/members.lua. Source: openai 3.57.0 (PyPI), EmbeddingCreateParams.
local members, list = require "dialect.member_lists" ()

list("request", "", {
    { "model", "skip", "the address has the provider's name of the model" },
    { "input", "any", "contents; lists of tokens are refused" },
    { "dimensions", "integer", "outputDimensionality" },
    { "provider", "skip", "wishes of who answers: the gateway reads them" },
    { "models", "skip", "wishes of who answers: the gateway reads them" },
    { "encoding_format", "text", "the gateway writes float or base64; others are refused" },
    { "user", "skip", "a log of the provider's account" },
})

-- ---- answers ----

list("answer", "(answer)", { { "data", "array", "the embeddings" } }, true)
list("entry", "data[]", {
    { "index", "integer", "the place" },
    { "embedding", "any", "values" },
}, true)

return members
