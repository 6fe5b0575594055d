-- Several API keys of one provider: the member `api_keys` of an entry of providers.lua.
local schema = require "policy.schema"

local key_pool = {}

local KEYS_MAX = 8 -- LIMIT_POOL of core/base/limits.h
local KEY_BYTES_MAX = 511

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

return key_pool
