-- The paid features that a model's entry sells at its plain prices (core/dialect/paid_features.h).
local native = require "policy.native"
local schema = require "policy.schema"

local features = {}

local KNOWN = native.paid_features()
local NAME_BYTES_MAX = 64 -- as in core/dialect/paid_features.h
local NAMES_MAX = 64

-- Whether requests can use a feature of this name. Of "tools.*" any name is known that begins so.
local function is_known(name)
    if KNOWN[name] then
        return true
    end
    for known in pairs(KNOWN) do
        local beginning = string.match(known, "^(.*)%*$")
        if beginning and #name > #beginning and string.sub(name, 1, #beginning) == beginning then
            return true
        end
    end
    return false
end

local function feature(list, index)
    local name = schema.text(list, index, schema.REQUIRED, NAME_BYTES_MAX)
    if string.find(name, "[^\33-\126]") then
        schema.fail(list, index, "a feature's name is printable ASCII without spaces")
    elseif not is_known(name) then
        local near = schema.nearest(name, KNOWN)
        schema.fail(list, index, 'there is no feature "%s"%s', name,
            near ~= "" and near or "; docs/POLICIES.md lists them")
    end
    return name
end

-- What a price of a unit sells: the answer reports the unit, so it is charged at its price.
local BY_UNIT = {
    audio_output = "modalities.audio",
    image_output = "modalities.image",
    cache_write_long = "prompt_cache_retention.24h prompt_cache_options.ttl.12h "
        .. "prompt_cache_options.ttl.24h cache_control.ttl.1h",
}

-- `names` (between spaces) and the features that the prices sell.
function features.with_prices(names, price)
    for unit, sold in pairs(BY_UNIT) do
        if price and price[unit] then
            names = names .. " " .. sold
        end
    end
    return names
end

-- The names of the list at `key`, between spaces.
function features.read(node, key)
    if node.value[key] == nil then
        return ""
    end
    local list = schema.child(node, key)
    local names, seen = {}, {}
    local count = schema.list(list, "features")
    if count > NAMES_MAX then
        schema.fail(node, key, "must be at most %d features, not %d", NAMES_MAX, count)
    end
    for i = 1, count do
        names[i] = feature(list, i)
        if seen[names[i]] then
            schema.fail(list, i, "is given twice")
        end
        seen[names[i]] = true
    end
    return table.concat(names, " ")
end

return features
