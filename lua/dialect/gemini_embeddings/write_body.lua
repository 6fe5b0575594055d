-- Writes an answer of Gemini's embedContent or batchEmbedContents. The use is C's.
local native = require "dialect.native"

local out = native.output
local put = native.put

return function(s)
    if s.client ~= "gemini-embeddings-batch" then
        put(out, '{"embedding":{"values":', s.embeddings[1], "}}")
        return
    end
    put(out, '{"embeddings":[')
    for i = 1, #s.embeddings do
        put(out, i > 1 and "," or "", '{"values":', s.embeddings[i], "}")
    end
    put(out, "]}")
end
