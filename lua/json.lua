-- Writes small JSON documents. cjson cannot: it turns an empty list into {}, cuts numbers to 14
-- digits and escapes slashes. Members are in alphabetical order.
local json = {}

local LIST = {} -- metatable of lists
local RAW = {} -- metatable of texts that are JSON
local EXACT_MAX = 2 ^ 53 -- above this, a Lua number is not exact

json.null = setmetatable({ text = "null" }, RAW)

-- Marks a table as a list, even if it is empty.
function json.list(items)
    return setmetatable(items, LIST)
end

-- Marks a text as JSON, such as a result of the store, to be written unchanged.
function json.raw(text)
    return setmetatable({ text = text }, RAW)
end

local function number_text(value)
    if value ~= math.floor(value) or value > EXACT_MAX or value < -EXACT_MAX then
        error("json: not a whole number that is exact: " .. tostring(value))
    end
    return string.format("%.0f", value)
end

local encode

local function list_text(items)
    local parts = {}
    for i = 1, #items do
        parts[i] = encode(items[i])
    end
    return "[" .. table.concat(parts, ",") .. "]"
end

local function object_text(members)
    local names = {}
    for name in pairs(members) do
        names[#names + 1] = name
    end
    table.sort(names)
    for i, name in ipairs(names) do
        names[i] = core.json_string(name) .. ":" .. encode(members[name])
    end
    return "{" .. table.concat(names, ",") .. "}"
end

function encode(value)
    local kind = type(value)
    if kind == "string" then
        return core.json_string(value)
    elseif kind == "number" then
        return number_text(value)
    elseif kind == "boolean" then
        return tostring(value)
    elseif kind ~= "table" then
        error("json: cannot write a " .. kind)
    end
    local mark = getmetatable(value)
    if mark == RAW then
        return value.text
    elseif mark == LIST then
        return list_text(value)
    end
    return object_text(value)
end

json.encode = encode

return json
