-- Writes an answer of OpenAI's embeddings. The encoding that the client has asked for, and the use,
-- are C's (core/dialect/embedding_encoding.h).
local native = require "dialect.native"

local out = native.output
local put = native.put

return function(s)
    put(out, '{"object":"list","data":[')
    for i = 1, #s.embeddings do
        put(out, i > 1 and "," or "", '{"object":"embedding","index":',
            string.format("%d", i - 1), ',"embedding":', s.embeddings[i], "}")
    end
    put(out, '],"model":')
    native.put_text(out, s.model)
    put(out, "}")
end
