-- Several API keys of one provider: the member `api_keys` of an entry of providers.lua.
local native = require "policy.native"
local schema = require "policy.schema"

local key_pool = {}

local KEYS_MAX = 8 -- LIMIT_POOL of core/base/limits.h
local KEY_BYTES_MAX = 511
local KEY_BYTES_MIN, KEY_SHOWN_BYTES = 20, 4
local SECRET_BYTES_MIN = 12 -- a shorter one is a word like "none", for a server without keys

-- The node with the first key as its api_key, and the further ones; nil: there are none. Keys that
-- are "" are left out: their variables are not set.
function key_pool.read(node)
    if node.value.api_keys == nil then
        return node, nil
    elseif node.value.api_key ~= nil then
        schema.fail(node, "api_keys", "is given beside api_key")
    end
    local list = schema.child(node, "api_keys")
    local count = schema.list(list, "keys")
    if count > KEYS_MAX then
        schema.fail(node, "api_keys", "must be at most %d keys, not %d", KEYS_MAX, count)
    end
    local value, first, further = {}, nil, {}
    for i = 1, count do
        local key = list.value[i] ~= "" and schema.text(list, i, nil, KEY_BYTES_MAX) or nil
        further[#further + 1] = first and key
        first = first or key
    end
    for name, member in pairs(node.value) do
        value[name] = member
    end
    value.api_keys, value.api_key = nil, first
    return { file = node.file, value = value, key = node.key, parent = node.parent },
        #further > 0 and further or nil
end

-- How many keys an entry has, or a candidate of it.
function key_pool.count(entry)
    return (entry.api_key and 1 or 0) + #(entry.further_keys or {})
end

local function key_at(entry, i)
    return i == 1 and entry.api_key or entry.further_keys[i - 1]
end

-- Its keys' last characters, as alerts name them (core/exchange/raised_alerts.c); "" for one that
-- is too short to show any.
function key_pool.endings(entry)
    local list = {}
    for i = 1, key_pool.count(entry) do
        local key = key_at(entry, i)
        list[i] = #key >= KEY_BYTES_MIN and string.sub(key, -KEY_SHOWN_BYTES) or ""
    end
    return list
end

-- Whether one of the entry's keys stands in the file itself.
function key_pool.is_written(node, entry)
    for i = 1, key_pool.count(entry) do
        local key = key_at(entry, i)
        if #key >= SECRET_BYTES_MIN and native.holds(node.file, key) then
            return true
        end
    end
    return false
end

return key_pool
