-- What an address of Gemini's API says of a call: the method stands in the path, behind the model.
local query = require "query"

local ID_BYTES_MAX = 128

local methods = {}

function methods.generateContent(_, id)
    return { model = id, streamed = false }
end

-- Without alt=sse a stream is one JSON array.
function methods.streamGenerateContent(x, id)
    return { model = id, streamed = true, as_array = query.read(x).alt ~= "sse" }
end

function methods.embedContent(_, id)
    return { model = id, endpoint = "gemini-embeddings", dialect = "gemini-embeddings" }
end

function methods.batchEmbedContents(_, id)
    return { model = id, endpoint = "gemini-embeddings", dialect = "gemini-embeddings-batch" }
end

function methods.countTokens(_, id)
    return { model = id, counts = true }
end

-- Reads "MODEL:METHOD", of a path. Returns an address as openai.call takes it, with the `dialect`
-- of embeddings, or with `counts` if only tokens are counted; and the text itself. Ends the task if
-- it names nothing.
return function(x, path_text)
    local text = core.unescape(path_text)
    local id, method = string.match(text or "", "^(.+):(%a+)$")
    local read = methods[method]
    if not read then
        x:refuse(404, "not_found", "There is no such method of a model; known are generateContent, "
            .. "streamGenerateContent, countTokens, embedContent and batchEmbedContents.")
    elseif #id > ID_BYTES_MAX then
        x:refuse(404, "model_not_found", "There is no model of this name.", "model")
    end
    return read(x, id), text
end
