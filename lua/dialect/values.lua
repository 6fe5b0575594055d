-- Values of an answer: a node, or nil.
local native = require "dialect.native"

local doc = native.document
local bytes, integer, kind = native.bytes, native.integer, native.kind

local values = {}

function values.is_text(node)
    return node and kind(doc, node) == "string" and bytes(doc, node) > 0
end

function values.is_object(node)
    return node and kind(doc, node) == "object"
end

function values.is_array(node)
    return node and kind(doc, node) == "array"
end

function values.number(node)
    return node and integer(doc, node)
end

return values
