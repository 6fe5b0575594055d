-- Cohere's client (cohere 7.3.1, ClientV2) puts its own version behind an address without a path.
local call = require "openai.call"

return {
    { method = "POST", path = "/rerank", handler = call.of "rerank" },
}
