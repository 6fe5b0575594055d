-- POST models/{id}:method: a call to a model by a client of Gemini's API.
local call = require "openai.call"
local count = require "openai.count"
local query = require "query"

local ID_BYTES_MAX = 128

local methods = {}

function methods.generateContent(x, id, endpoint)
    call.answer(x, endpoint, { model = id, streamed = false })
end

-- Without alt=sse a stream is one JSON array.
function methods.streamGenerateContent(x, id, endpoint)
    local as_array = query.read(x).alt ~= "sse"
    call.answer(x, endpoint .. (as_array and "" or "?alt=sse"),
        { model = id, streamed = true, as_array = as_array })
end

function methods.embedContent(x, id, endpoint)
    x:speaks "gemini-embeddings"
    call.answer(x, endpoint, { model = id, endpoint = "gemini-embeddings" })
end

function methods.batchEmbedContents(x, id, endpoint)
    x:speaks "gemini-embeddings-batch"
    call.answer(x, endpoint, { model = id, endpoint = "gemini-embeddings" })
end

function methods.countTokens(x, id)
    count.answer(x, count.GEMINI, id)
end

return function(x, path_text)
    local text = core.unescape(path_text)
    local id, method = string.match(text or "", "^(.+):(%a+)$")
    local handler = methods[method]
    if not handler then
        x:refuse(404, "not_found", "There is no such method of a model; known are generateContent, "
            .. "streamGenerateContent, countTokens, embedContent and batchEmbedContents.")
    elseif #id > ID_BYTES_MAX then
        x:refuse(404, "model_not_found", "There is no model of this name.", "model")
    end
    handler(x, id, "/models/" .. id .. ":" .. method)
end
