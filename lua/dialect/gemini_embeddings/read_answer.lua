-- Reads an answer of Gemini's embedContent or batchEmbedContents: `s.embeddings` gets one node for
-- each input, in their order.
local members = require "dialect.gemini_embeddings.members"
local native = require "dialect.native"
local values = require "dialect.values"

local doc = native.document

local ROOT = 1

local reader = {}

local function values_of(node)
    local given = values.is_object(node) and native.read(doc, node, members.embedding)
    return given and given.values or error("an embedding has no values", 0)
end

function reader.body(s)
    local answer = native.read(doc, ROOT, members.answer)
    if not values.is_array(answer.embeddings) then
        s.embeddings = { values_of(answer.embedding) }
        return
    end
    local first, count = native.items(doc, answer.embeddings)
    s.embeddings = {}
    for i = 1, count do
        s.embeddings[i] = values_of(first + i - 1)
    end
end

return reader
