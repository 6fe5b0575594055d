-- What a client wishes of the choice of a provider: the member `provider` of a request. Its form is
-- OpenRouter's (npm packages @openrouter/sdk 1.3.19, ProviderPreferences, and
-- @openrouter/ai-sdk-provider 2.10.0, whose prices may be numbers). What would promise more than
-- the gateway knows is refused: a wish that is silently ignored is a trap.
local policy = require "policy"
local wishing = require "policy.wishes"

local wishes = {}

local NAMES_MAX, NAME_BYTES_MAX = 32, 128
local MODELS_MAX = 4 -- LIMIT_ASKED_MODELS of core/base/limits.h
local WORD_BYTES_MAX = 32

-- "exacto" is about the quality of tool calls, of which nothing is known: the policy's order.
local SORTS = { price = "price", latency = "latency", throughput = "throughput", exacto = false }

local function refuse(x, name, what)
    x:refuse(400, "invalid_value", "'provider." .. name .. "' " .. what, "provider." .. name)
end

-- The members of an object, without those that are null. `name`: how it is called in errors.
local function members(x, raw, name)
    local found, code, message = core.read_members(raw)
    if not found then
        x:refuse(400, code, (string.gsub(message, "[Tt]he body", "'" .. name .. "'")), name)
    end
    for member, value in pairs(found) do
        if value == "null" then
            found[member] = nil
        end
    end
    return found
end

local function names(x, name, raw)
    local list = core.read_strings(raw, NAMES_MAX, NAME_BYTES_MAX)
    if not list then
        refuse(x, name, "must be a list of at most " .. NAMES_MAX .. " names of providers.")
    end
    local set = {}
    for i, provider in ipairs(list) do
        list[i] = string.lower(provider)
        set[list[i]] = true
    end
    if #list > 0 then
        return list, name ~= "order" and set or nil
    end
end

-- true is what happens without it.
local function fallbacks(x, name, raw)
    if raw ~= "true" and raw ~= "false" then
        refuse(x, name, "must be true or false.")
    elseif raw == "false" then
        return false
    end
end

-- A word, or {by, partition}: with one model there is nothing to part.
local function sort(x, name, raw)
    if string.sub(raw, 1, 1) == "{" then
        local object = members(x, raw, "provider." .. name)
        for member in pairs(object) do
            if member ~= "by" and member ~= "partition" then
                refuse(x, name .. "." .. member, "is not known.")
            end
        end
        if not object.by then
            return nil
        end
        raw, name = object.by, name .. ".by"
    end
    local word = core.read_string(raw, WORD_BYTES_MAX)
    if not word or SORTS[word] == nil then
        refuse(x, name, 'must be "price", "latency" or "throughput".')
    end
    return SORTS[word] or nil
end

local function max_price(x, name, raw)
    local most = members(x, raw, "provider." .. name)
    for member, amount in pairs(most) do
        local path = name .. "." .. member
        if not wishing.PRICED[member] then
            refuse(x, path, 'is not known here; there are "prompt", "completion", "request" and '
                .. '"image".')
        end
        most[member] = core.read_amount(amount)
            or refuse(x, path, "must be an amount in USD, such as 0.5, with at most 9 decimals.")
    end
    return next(most) and most
end

local function none(x, name, raw)
    if raw ~= "false" and raw ~= "[]" and raw ~= '"allow"' then
        refuse(x, name, "cannot be granted: the gateway does not know this of its providers. Leave "
            .. "it out, and ask the operator.")
    end
end

local function nothing() end

local READERS = {
    order = names, only = names, ignore = names, allow_fallbacks = fallbacks, sort = sort,
    max_price = max_price,
    -- Promises about providers of which the gateway knows nothing.
    data_collection = none, zdr = none, enforce_distillable_text = none, quantizations = none,
    -- What a provider's dialect cannot carry is refused anyway.
    require_parameters = nothing,
    -- Preferences that promise nothing.
    preferred_min_throughput = nothing, preferred_max_latency = nothing,
}

local function check_granted(x, name)
    local granted = policy.wishes[name]
    if not granted then
        refuse(x, name, "is not granted here: the operator chooses it. Leave it out.")
    elseif granted == "shown" and not core.providers_shown then
        refuse(x, name, "is not granted here: the operator does not show who answers. Leave it "
            .. "out.")
    end
end

-- The wish of the text `raw` of the member `provider`, or nil if it says nothing: {order (names in
-- lower case, in their order), only, ignore (sets of such names), fallbacks (whether others may be
-- tried), sort ("price", "latency" or "throughput"), max_price (nano-USD by
-- member)}. Ends the task with a 400 that names what is wrong, or not granted.
function wishes.read(x, raw)
    local wish, says = {}, false
    for name, value in pairs(members(x, raw, "provider")) do
        local read = READERS[name]
        if not read then
            refuse(x, name, "is not known.")
        end
        local found, set = read(x, name, value)
        if found ~= nil then
            check_granted(x, name)
            wish[name], says = set or found, true
        end
    end
    wish.fallbacks = wish.allow_fallbacks ~= false
    return says and wish or nil
end

-- The models of the text `raw` of the member `models` that are to be tried, in order, `first`
-- before the others; each once. Ends the task with a 400 if they are too many, or not granted.
function wishes.models(x, raw, first)
    local list = core.read_strings(raw, MODELS_MAX, NAME_BYTES_MAX - 1)
    local models, seen = { first }, { [first] = true }
    for _, name in ipairs(list or {}) do
        if not seen[name] then
            models[#models + 1], seen[name] = name, true
        end
    end
    if not list or #models > MODELS_MAX then
        x:refuse(400, "invalid_value", "'models' must be a list of at most " .. MODELS_MAX
            .. " names of models, 'model' among them.", "models")
    elseif #models > 1 and not policy.wishes.models then
        x:refuse(400, "invalid_value", "'models' is not granted here: the operator chooses who "
            .. "answers. Leave it out.", "models")
    end
    return models
end

return wishes
