-- POST models/{id}:method: a call to a model by a client of Gemini's API.
local call = require "openai.call"
local count = require "openai.count"

local ID_BYTES_MAX = 128

-- Whether they stream.
local METHODS = { generateContent = false, streamGenerateContent = true }

return function(x, path_text)
    local text = core.unescape(path_text)
    local id, method = string.match(text or "", "^(.+):(%a+)$")
    local streamed = METHODS[method]
    if streamed == nil and method ~= "countTokens" then
        x:refuse(404, "not_found", "There is no such method of a model; known are generateContent, "
            .. "streamGenerateContent and countTokens.")
    elseif #id > ID_BYTES_MAX then
        x:refuse(404, "model_not_found", "There is no model of this name.", "model")
    end
    if method == "countTokens" then
        count.answer(x, '{"totalTokens":%.0f}', id)
    end
    call.answer(x, "/models/" .. id .. ":" .. method, nil, nil, id, streamed)
end

