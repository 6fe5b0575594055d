-- Google's own schemas, a part of OpenAPI's ("type": "OBJECT", "nullable"), as JSON Schema.
local native = require "dialect.native"

local doc, out = native.document, native.output
local items, kind, pairs_of, put, text = native.items, native.kind, native.pairs_of, native.put,
    native.text

local schema = {}

local put_google

local function put_list(node)
    local first, count = items(doc, node)
    put(out, "[")
    for i = 0, count - 1 do
        put(out, i > 0 and "," or "")
        put_google(first + i)
    end
    put(out, "]")
end

local function put_properties(node)
    local names, nodes = pairs_of(doc, node)
    put(out, "{")
    for i = 1, #names do
        put(out, i > 1 and "," or "", native.quoted(names[i]), ":")
        put_google(nodes[i])
    end
    put(out, "}")
end

-- Google writes counts as texts.
local COUNTS = {
    minItems = true, maxItems = true, minLength = true, maxLength = true, minProperties = true,
    maxProperties = true,
}
local NOT_KEPT = { nullable = true, propertyOrdering = true, property_ordering = true }

local function is_count(node, what)
    local count = what == "string" and text(doc, node, 16) or ""
    return count == "0" or string.find(count, "^[1-9]%d*$") ~= nil
end

local function put_type(node, nullable)
    local name = native.quoted(string.lower(text(doc, node, 64) or ""))
    put(out, nullable and "[" .. name .. ',"null"]' or name)
end

local function is_nullable(names, nodes)
    for i = 1, #names do
        if names[i] == "nullable" then
            return native.content(doc, nodes[i]) == "true"
        end
    end
    return false
end

local function put_member(name, node, nullable)
    local what = kind(doc, node)
    put(out, native.quoted(name), ":")
    if name == "type" and what == "string" then
        put_type(node, nullable)
    elseif name == "properties" and what == "object" then
        put_properties(node)
    elseif what == "object" and name == "items" then
        put_google(node)
    elseif what == "array" and (name == "anyOf" or name == "prefixItems") then
        put_list(node)
    elseif COUNTS[name] and is_count(node, what) then
        put(out, -node)
    else
        put(out, node)
    end
end

function put_google(node)
    if kind(doc, node) ~= "object" then
        put(out, node)
        return
    end
    local names, nodes = pairs_of(doc, node)
    local nullable, first = is_nullable(names, nodes), true
    put(out, "{")
    for i = 1, #names do
        if not NOT_KEPT[names[i]] then
            put(out, first and "" or ",")
            put_member(names[i], nodes[i], nullable)
            first = false
        end
    end
    put(out, "}")
end

-- Whether what is given as JSON Schema has Google's types: so do the requests with which Gemini CLI
-- chooses a model.
function schema.is_google(node)
    if not node or kind(doc, node) ~= "object" then
        return false
    end
    local names, nodes = pairs_of(doc, node)
    for i = 1, #names do
        if names[i] == "type" then
            return kind(doc, nodes[i]) == "string"
                and string.find(text(doc, nodes[i], 64) or "", "^%u+$") ~= nil
        end
    end
    return false
end

-- Writes the schema of a tool or a format: `schema` is JSON Schema, `google` is Google's.
function schema.put(owner)
    if owner.google then
        put_google(owner.google)
    else
        put(out, owner.schema or '{"type":"object","properties":{}}')
    end
end

return schema
