-- Reads a request for embeddings of Gemini's API: one content, or a batch of them.
-- https://ai.google.dev/api/embeddings
local common = require "dialect.common"
local members = require "dialect.gemini_embeddings.members"
local native = require "dialect.native"

local doc = native.document
local need = common.need

local ROOT = 1

-- Returns the text of the content. OpenAI's API has one text for each embedding.
local function read_content(node, place)
    local content = native.read(doc, node, members.content, place)
    local where = place .. ".parts"
    local first, count = native.items(doc, need(content.parts, where))
    if count ~= 1 then
        common.refuse(where, "'" .. where .. "' must have one part: this model's provider reads "
            .. "one text for each embedding.")
    end
    local part = native.read(doc, first, members.part, where .. "[0]")
    return need(part.text, where .. "[0].text")
end

local function read_entries(list)
    local inputs, dimensions = {}, nil
    local first, count = native.items(doc, need(list, "requests"))
    for i = 1, count do
        local place = "requests[" .. i - 1 .. "]"
        local entry = native.read(doc, first + i - 1, members.entry, place)
        inputs[i] = read_content(need(entry.content, place .. ".content"), place .. ".content")
        if i > 1 and entry.outputDimensionality ~= dimensions then
            local param = place .. ".outputDimensionality"
            common.refuse(param, "'" .. param .. "' must be the same in all requests: this model's "
                .. "provider has one for all of them.")
        end
        dimensions = entry.outputDimensionality
    end
    return inputs, dimensions
end

local function read_one()
    local request = native.read(doc, ROOT, members.request)
    return { read_content(need(request.content, "content"), "content") },
        request.outputDimensionality
end

return function(_, client)
    local inputs, dimensions
    if client == "gemini-embeddings-batch" then
        inputs, dimensions = read_entries(native.read(doc, ROOT, members.batch).requests)
    else
        inputs, dimensions = read_one()
    end
    return { inputs = inputs, dimensions = dimensions, answer = { inputs = #inputs } }
end
