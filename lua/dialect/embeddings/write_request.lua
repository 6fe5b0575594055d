-- Writes a request for embeddings of OpenAI's API. Numbers are asked for: every server has them.
local native = require "dialect.native"

local out = native.output
local put, put_text = native.put, native.put_text

return function(asked, wish)
    put(out, '{"model":')
    put_text(out, wish.model)
    put(out, ',"input":[')
    for i = 1, #asked.inputs do
        put(out, i > 1 and "," or "", asked.inputs[i])
    end
    put(out, '],"encoding_format":"float"')
    if asked.dimensions then
        put(out, ',"dimensions":')
        native.put_number(out, asked.dimensions)
    end
    put(out, "}")
end
