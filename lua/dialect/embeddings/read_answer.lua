-- Reads an answer of OpenAI's embeddings: `s.embeddings` gets one node for each input, in the order
-- of the inputs. The order of `data` is not trusted where an entry has an index.
local members = require "dialect.embeddings.members"
local native = require "dialect.native"

local doc = native.document

local ROOT = 1

local reader = {}

function reader.body(s)
    local answer = native.read(doc, ROOT, members.answer)
    local first, count = native.items(doc, answer.data or error("there are no embeddings", 0))
    local found = {}
    for i = 1, count do
        local entry = native.read(doc, first + i - 1, members.entry)
        local place = (entry.index or i - 1) + 1
        if not entry.embedding or found[place] or place < 1 or place > count then
            error("the embeddings have no clear order", 0)
        end
        found[place] = entry.embedding
    end
    s.embeddings = found
end

return reader
