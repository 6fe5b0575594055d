-- POST models/{id}:method: a call to a model by a client of Gemini's API.
local address = require "gemini.address"
local call = require "openai.call"
local count = require "openai.count"

return function(x, path_text)
    local asked, text = address(x, path_text)
    if asked.counts then
        count.answer(x, count.GEMINI, asked.model)
        return
    elseif asked.dialect then
        x:speaks(asked.dialect)
    end
    local form = asked.streamed and not asked.as_array and "?alt=sse" or ""
    call.answer(x, "/models/" .. text .. form, asked)
end
