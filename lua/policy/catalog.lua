-- catalog.lua: what providers publish (docs/CATALOG.md); generated, and optional. models.lua sells
-- from it with sell(name, overrides). Only what is sold becomes a model: an entry is checked as one
-- of models.lua, and the rest of the catalogue is dropped after the load.
local native = require "policy.native"
local prices = require "policy.prices"
local schema = require "policy.schema"

local catalog = {}

local MEMBERS = { source = true, version = true, date = true, sha256 = true, models = true }
-- Members of an entry that are no members of models.lua.
local OWN = { provider = true, model = true, mode = true, retires = true }
local NEAR_MAX = 3
-- The endpoint of what is no conversation, by its mode.
local ENDPOINTS = {
    embedding = "embeddings", moderation = "moderations", rerank = "rerank",
    audio_speech = "speech", image_generation = "images",
    audio_transcription = "transcriptions", image_edit = "image_edits",
    completion = "completions", decisions = "decisions",
}
-- Where providers, by their names in price files, have an endpoint of their own for it.
local OWN_ENDPOINTS = { gemini = { embedding = "gemini-embeddings" } }

-- The file's table and the node of its models while policies load; nil: there is none.
local open_models
-- What sell() made -> {name, overrides = set of names}.
local sales = setmetatable({}, { __mode = "k" })

-- `value`: what the file returned; nil: there is no such file.
function catalog.open(value)
    open_models = nil
    if value ~= nil then
        local node = schema.only(schema.open("catalog.lua", value), MEMBERS)
        schema.text(node, "source", schema.REQUIRED, 200)
        open_models = schema.child(node, "models")
    end
end

function catalog.close()
    open_models = nil
end

-- The name of the entry that the table was sold from, or nil.
function catalog.origin(value)
    return sales[value] and sales[value].name
end

-- {name, overrides (a set of names)} of what sell() made.
function catalog.sale(value)
    return sales[value]
end

-- 'catalog.lua:12, "gpt-4o"'
function catalog.place(name)
    return schema.place(open_models, name) .. ', "' .. name .. '"'
end

local function copy(value)
    if type(value) ~= "table" then
        return value
    end
    local copied = {}
    for key, item in pairs(value) do
        copied[key] = copy(item)
    end
    return copied
end

-- Names that have this one in them, such as "gemini/NAME"; else the most similar one.
local function near(name)
    local found = {}
    for known in pairs(open_models.value) do
        if type(known) == "string" and name ~= "" and string.find(known, name, 1, true) then
            found[#found + 1] = '"' .. known .. '"'
        end
    end
    table.sort(found)
    while #found > NEAR_MAX do
        table.remove(found)
    end
    local nearest = #found == 0 and native.nearest(name, open_models.value)
    found[1] = found[1] or (nearest and '"' .. nearest .. '"')
    return #found > 0 and "; did you mean " .. table.concat(found, " or ") .. "?" or ""
end

-- The entry, or nil and why.
local function find(name)
    if not open_models then
        return nil, "there is no catalog.lua to sell from; make one: llm-gateway catalog import "
            .. "FILE"
    end
    local entry = open_models.value[name]
    if entry == nil then
        return nil, "catalog.lua has no such model" .. near(name)
    elseif type(entry) ~= "table" then
        return nil, "its entry must be a table (" .. catalog.place(name) .. ")"
    elseif entry.mode ~= nil and not ENDPOINTS[entry.mode] then
        return nil, string.format("the gateway does not serve models of the mode %s yet (%s)",
            tostring(entry.mode), catalog.place(name))
    end
    return entry
end

-- nil: conversations.
local function endpoints_of(entry)
    local own = OWN_ENDPOINTS[entry.provider]
    local word = entry.mode and (own and own[entry.mode] or ENDPOINTS[entry.mode])
    return word and { word }
end

-- Takes a unit out of the prices under conditions, and rules that have no price left.
local function drop_from_rules(model, unit)
    for i = #(type(model.when) == "table" and model.when or {}), 1, -1 do
        local rule = model.when[i]
        if type(rule) == "table" and rule[unit] ~= nil then
            rule[unit] = nil
            local priced = rule.factor
            for name in pairs(prices.MEMBERS) do
                priced = priced or rule[name]
            end
            if not priced then
                table.remove(model.when, i)
            end
        end
    end
end

-- What one call may count needs the most of it, for the hold. Without that it is not sold.
local function drop_uncounted(model)
    for _, unit in ipairs(prices.COUNTED) do
        if model[unit] ~= nil and model[unit .. "_max"] == nil then
            if unit == "web_search" and model.searches then
                return "searches in each call: give the most searches of one call, such as "
                    .. "{ web_search_max = 10 }"
            elseif model.input == nil then
                return string.format("is sold by the %s: give the most that one call may have, "
                    .. "such as { %s_max = 10 }", unit, unit)
            end
            model[unit] = nil
            model.web_search_by = unit ~= "web_search" and model.web_search_by or nil
            drop_from_rules(model, unit)
        end
    end
    model.searches = model.web_search ~= nil and model.searches or nil
end

-- A model that reads pictures needs the most tokens that one can cost; price files do not have it.
local function drop_vision(model)
    for i = #(type(model.capabilities) == "table" and model.capabilities or {}), 1, -1 do
        if model.capabilities[i] == "vision" and model.image_tokens_max == nil then
            table.remove(model.capabilities, i)
        end
    end
end

-- An edit reads pictures. Where these cost nothing, how many tokens one has decides nothing.
local function see_pictures(model)
    model.capabilities = { "vision" }
    if model.image_tokens_max == nil and model.input ~= nil then
        return "reads pictures: give the most tokens that one can cost, such as "
            .. "{ image_tokens_max = 6000 }"
    end
    model.image_tokens_max = model.image_tokens_max or 1
end

-- Text that is generated has a price, and be it 0: of sound that is sold by the second.
local function price_text(model)
    if model.second ~= nil and model.input == nil and model.output == nil then
        model.input, model.output = "0", "0"
    end
end

local PREPARED = { audio_transcription = price_text, image_edit = see_pictures }

local function override(model, overrides)
    for key, value in pairs(overrides) do
        model[key] = value
        if value == false then
            model[key] = nil
            drop_from_rules(model, key)
        end
    end
end

-- What a call must ask for before its rule can hold; without the rule it is refused.
local ASKED = { service_tier = true, speed = true, region = true }

local function is_asked(rule)
    for key in pairs(rule) do
        if ASKED[key] then
            return true
        end
    end
    return false
end

-- A price of the operator's own counts for all calls: a rule of the catalogue that sets it, too, is
-- left out, so what it is about is not sold. A rule that a call meets unasked cannot be left out.
local function drop_rules(model, overrides)
    for unit in pairs(prices.MEMBERS) do
        for i = #(overrides[unit] and type(model.when) == "table" and model.when or {}), 1, -1 do
            local rule = model.when[i]
            if type(rule) == "table" and rule[unit] ~= nil then
                if not is_asked(rule) then
                    return unit .. " has another price under conditions in the catalogue: give "
                        .. "`when` of your own, too (when = false: there is none)"
                end
                table.remove(model.when, i)
            end
        end
    end
end

local function names_of(overrides)
    local names = {}
    for key in pairs(overrides) do
        names[key] = true
    end
    return names
end

-- sell(name, overrides): an entry of models.lua, or nil and why.
local function sell(name, overrides)
    local entry, why = find(name)
    if not entry then
        return nil, 'sell("' .. string.sub(name, 1, 100) .. '"): ' .. why
    end
    overrides = overrides or {}
    local model = copy(entry)
    for key in pairs(OWN) do
        model[key] = nil
    end
    model.owned_by, model.endpoints = entry.provider, endpoints_of(entry)
    model.candidates = { { provider = entry.provider, model = entry.model } }
    override(model, overrides)
    why = overrides.when == nil and drop_rules(model, overrides)
        or drop_uncounted(model)
        or (PREPARED[entry.mode] and PREPARED[entry.mode](model))
    if why then
        return nil, 'sell("' .. name .. '"): ' .. why
    end
    if overrides.capabilities == nil then
        drop_vision(model)
    end
    sales[model] = { name = name, overrides = names_of(overrides) }
    return model
end

native.sell_with(sell)

-- A test compares these with lua/annotations/policy.lua.
catalog.MEMBERS = MEMBERS
catalog.ENTRY_MEMBERS = OWN

return catalog
