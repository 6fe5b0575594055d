-- The routes for API clients, below each mount.
local call = require "openai.call"
local conversations = require "openai.conversations"
local count = require "openai.count"
local estimate = require "openai.estimate"
local models = require "model_lists"
local responses = require "openai.responses"

return {
    { method = "POST", path = "/chat/completions", handler = call.at("/chat/completions") },
    { method = "POST", path = "/messages", handler = call.at("/messages") },
    { method = "POST", path = "/responses", handler = call.at("/responses") },
    { method = "POST", path = "/responses/compact",
        handler = call.compact_at("/responses/compact") },
    { method = "POST", path = "/embeddings", handler = call.of "embeddings" },
    { method = "POST", path = "/moderations", handler = call.of "moderations" },
    { method = "POST", path = "/rerank", handler = call.of "rerank" },
    { method = "POST", path = "/completions", handler = call.of "completions" },
    { method = "POST", path = "/decisions", handler = call.of "decisions" },
    { method = "POST", path = "/audio/speech", handler = call.of("speech", "/audio/speech") },
    { method = "POST", path = "/images/generations",
        handler = call.of("images", "/images/generations") },
    { method = "POST", path = "/images/edits",
        handler = call.of("image_edits", "/images/edits") },
    { method = "POST", path = "/images/variations",
        handler = call.of("image_variations", "/images/variations") },
    { method = "POST", path = "/audio/transcriptions",
        handler = call.of("transcriptions", "/audio/transcriptions") },
    { method = "POST", path = "/audio/translations",
        handler = call.of("translations", "/audio/translations") },
    { method = "GET", path = "/responses", handler = responses.upgrade },
    { method = "POST", path = "/responses/input_tokens",
        handler = count.with(count.RESPONSES) },
    { method = "GET", path = "/responses/{id}", handler = responses.get },
    { method = "DELETE", path = "/responses/{id}", handler = responses.delete },
    { method = "POST", path = "/responses/{id}", handler = responses.post },
    { method = "POST", path = "/conversations", handler = conversations.create },
    { method = "GET", path = "/conversations/{id}", handler = conversations.get },
    { method = "POST", path = "/conversations/{id}", handler = conversations.post },
    { method = "DELETE", path = "/conversations/{id}", handler = conversations.delete },
    { method = "POST", path = "/estimate", handler = estimate.chat },
    { method = "POST", path = "/estimate/{id}", handler = estimate.of },
    { method = "POST", path = "/messages/count_tokens", handler = count.with(count.ANTHROPIC) },
    { method = "GET", path = "/models", handler = models.list },
    { method = "GET", path = "/models/{id}", handler = models.get },
    -- google-genai 3.6.1 for Python asks here.
    { method = "POST", path = "/models/{id}", handler = require "gemini.method" },
    { method = "GET", path = "/credits", handler = require "openai.credits" },
    { method = "GET", path = "/key", handler = require "openai.key" },
    { method = "GET", path = "/generation", handler = require "openai.generation" },
}
