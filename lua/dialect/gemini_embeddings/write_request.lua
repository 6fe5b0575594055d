-- Writes a request for embeddings of Gemini's API: one content, or a batch of them.
local common = require "dialect.common"
local native = require "dialect.native"

local out = native.output
local put = native.put

-- The members of one embedding.
local function put_one(asked, input)
    put(out, '"content":{"parts":[{"text":', input, "}]}")
    if asked.dimensions then
        put(out, ',"outputDimensionality":')
        native.put_number(out, asked.dimensions)
    end
end

return function(asked, wish, provider)
    if provider ~= "gemini-embeddings-batch" then
        put(out, "{")
        put_one(asked, common.need(asked.inputs[1], "input"))
        put(out, "}")
        return
    end
    local model = '"model":"models/' .. common.escaped(wish.model) .. '",'
    put(out, '{"requests":[')
    for i = 1, #asked.inputs do
        put(out, i > 1 and ",{" or "{", model)
        put_one(asked, asked.inputs[i])
        put(out, "}")
    end
    put(out, "]}")
end
