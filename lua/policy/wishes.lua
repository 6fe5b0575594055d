-- What clients may wish of the choice of a provider: the member `wishes` of routes.lua, and what a
-- wish makes of a model's candidates. lua/openai/wishes.lua reads the wishes of a request.
local prices = require "policy.prices"
local schema = require "policy.schema"
local sorting = require "policy.sorting"

local wishes = {}

-- Whether a wish names providers, which customers may not know.
local NAMES_PROVIDERS = { order = true, only = true, ignore = true }
wishes.NAMES = { order = true, only = true, ignore = true, allow_fallbacks = true, sort = true,
    max_price = true, models = true }

-- Which unit each member of max_price is about.
wishes.PRICED = { prompt = "input", completion = "output", request = "request", image = "image" }

-- Which wishes are granted, as a set; by default those that name no providers, and the others
-- where customers see who answers.
function wishes.read(parent)
    local value = parent.value.wishes
    if type(value) == "table" then
        return select(2, schema.choices(parent, "wishes", wishes.NAMES, "wishes"))
    end
    local stated = value ~= nil and schema.boolean(parent, "wishes")
    local granted = {}
    for name in pairs(wishes.NAMES) do
        granted[name] = stated or value == nil
            and (not NAMES_PROVIDERS[name] or "shown") or nil
    end
    return granted
end

-- ---- at request time ----

-- The candidates for which `keeps` is true.
local function filter(candidates, keeps)
    local list = {}
    for _, candidate in ipairs(candidates) do
        if keeps(candidate) then
            list[#list + 1] = candidate
        end
    end
    return list
end

local function names_of(candidates)
    local names, seen = {}, {}
    for _, candidate in ipairs(candidates) do
        if not seen[candidate.provider] then
            seen[candidate.provider] = true
            names[#names + 1] = candidate.provider
        end
    end
    return table.concat(names, ", ")
end

-- Whether one of the texts in the set, in lower case, is the provider's name.
local function is_named(set, candidate)
    return set[string.lower(candidate.provider)] ~= nil
end

-- Whether the sell price of each unit is at most what the client pays. In units of a millionth of a
-- pico-dollar: whole numbers, so what /v1/models lists is a bound that holds.
local function is_affordable(most, candidate)
    for member, nusd in pairs(most) do
        local unit = wishes.PRICED[member]
        local pusd = candidate.sold[unit] or 0
        local scale = prices.of_name(unit).single and 1e9 or 1e3
        if pusd * (1e6 + candidate.margin_ppm) > nusd * scale then
            return false
        end
    end
    return true
end

-- Where a model has candidates that are not sold at a loss, no wish may choose one that is: the
-- operator pays for it where the others fail, and not where a client prefers it.
local function without_losses(candidates, all)
    local gainful = filter(all, function(candidate) return not candidate.allow_loss end)
    if #gainful == 0 then
        return candidates
    end
    return filter(candidates, function(candidate) return not candidate.allow_loss end)
end

-- The candidates whose providers `order` names, in that order, and then, with `others`, the others.
local function ordered(candidates, order, others)
    local list, taken = {}, {}
    for _, name in ipairs(order) do
        for _, candidate in ipairs(candidates) do
            if string.lower(candidate.provider) == name and not taken[candidate] then
                list[#list + 1], taken[candidate] = candidate, true
            end
        end
    end
    local named = #list
    for _, candidate in ipairs(candidates) do
        if others and not taken[candidate] then
            list[#list + 1] = candidate
        end
    end
    return list, named > 0
end

local function first_available(candidates)
    for _, candidate in ipairs(candidates) do
        if candidate.available then
            return { candidate }
        end
    end
    return candidates
end

-- Those that the wish leaves, or nil and why there is none.
local function left(candidates, wish)
    local list = filter(candidates, function(candidate)
        return not (wish.only and not is_named(wish.only, candidate)
            or wish.ignore and is_named(wish.ignore, candidate))
    end)
    if wish.order and not wish.fallbacks then
        list = ordered(list, wish.order, false)
    end
    if #list == 0 then
        return nil, "'provider' leaves no provider of this model"
            .. (core.providers_shown and ", which has " .. names_of(candidates) or "") .. "."
    end
    local named = list
    list = filter(list, function(candidate)
        return is_affordable(wish.max_price or {}, candidate)
    end)
    if #list == 0 then
        return nil, "'provider.max_price' is below the price of this model; GET /v1/models lists "
            .. "the prices."
    end
    if wish.order or wish.only or wish.ignore or wish.sort or #list < #named then
        list = without_losses(list, candidates)
    end
    if #list == 0 then
        return nil, "The providers that 'provider' leaves are asked only where others fail."
    end
    return list
end

-- The candidates as the wish wants them, the word for x:choose, and the terms of retries; or nil
-- and why none is left. `sort` and `retry` are what the policy says.
function wishes.apply(candidates, wish, sort, retry)
    local list, why = left(sorting.sorted(candidates, sort), wish)
    if not list then
        return nil, why
    end
    local found
    if wish.order then
        list, found = ordered(list, wish.order, wish.fallbacks)
        sort = found and "listed" or sort
    elseif wish.sort == "price" then
        list, sort = sorting.by(list, "sold"), "listed"
    elseif wish.sort then
        sort = wish.sort
    end
    if wish.fallbacks or wish.order then
        return list, sort, retry
    elseif sorting.SORTS[sort] == sorting.SORTS.listed then
        list = first_available(list)
    end
    return list, sort, { attempts_max = 1, on = retry.on, unknown = retry.unknown,
        repeats = retry.repeats, queue_wait_ms = retry.queue_wait_ms,
        queue_calls = retry.queue_calls }
end

return wishes
