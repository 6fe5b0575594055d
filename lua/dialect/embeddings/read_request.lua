-- Reads a request for embeddings of OpenAI's API. Its canonical form: { inputs = { a string each },
-- dimensions, answer = { inputs = how many } }.
local common = require "dialect.common"
local members = require "dialect.embeddings.members"
local native = require "dialect.native"

local doc = native.document
local kind = native.kind

local ROOT = 1
local ENCODINGS = { float = true, base64 = true }

local function text_node(node)
    if kind(doc, node) ~= "string" then
        common.refuse("input", "'input' has tokens as numbers; this model's provider reads texts: "
            .. "send the text itself.")
    end
    return node
end

local function read_inputs(input)
    local inputs = {}
    if kind(doc, input) ~= "array" then
        return { text_node(input) }
    end
    local first, count = native.items(doc, input)
    for i = 1, count do
        inputs[i] = text_node(first + i - 1)
    end
    return inputs
end

return function()
    local request = native.read(doc, ROOT, members.request)
    local encoding = request.encoding_format
    if encoding and not ENCODINGS[encoding] then
        common.refuse("encoding_format", "'encoding_format' must be float or base64.")
    end
    local inputs = read_inputs(common.need(request.input, "input"))
    return {
        inputs = inputs,
        dimensions = request.dimensions,
        answer = { inputs = #inputs },
    }
end
