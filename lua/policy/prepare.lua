-- A plan in the form that an exchange takes: made once, used by many requests.
local native = require "policy.native"
local prices = require "policy.prices"
local sorting = require "policy.sorting"
local wishes = require "policy.wishes"

local prepare = {}

local ROUTE_MAX = 32 -- LIMIT_ROUTE of core/base/limits.h

-- The handle of a candidate with its margin; made once.
function prepare.handle_of(candidate)
    candidate.handle = candidate.handle or native.candidate(candidate)
    return candidate.handle
end

-- Adds the candidate with each of its keys to the list, as far as there is room.
local function add_keys(list, candidate)
    local function add(handle)
        list[#list + 1] = #list < ROUTE_MAX and handle or nil
    end
    add(prepare.handle_of(candidate))
    if candidate.further_keys and not candidate.pool then
        candidate.pool = {}
        for i, key in ipairs(candidate.further_keys) do
            local other = setmetatable({ api_key = key }, { __index = candidate })
            candidate.pool[i] = native.candidate(other)
        end
    end
    for _, handle in ipairs(candidate.pool or {}) do
        add(handle)
    end
end

-- The candidates that the prices under conditions are of: none, the first, or all.
local function sellers(model, candidates)
    local list = {}
    for i, candidate in ipairs(candidates) do
        if model.sold_under_rules and (model.price_by == "candidate" or i == 1) then
            list[i] = prepare.handle_of(candidate)
        end
    end
    return list
end

-- The worst case over all candidates: the dearest sold price of each unit, the highest margin. An
-- image counts at most what the model's entry says, or the whole context. The servers in `asked`
-- give the context if they say less than the entry, or if the entry says nothing.
local function need(model, candidates, max_tokens)
    local margin, spoken, asked, sold = 0, {}, {}, {}
    for _, candidate in ipairs(candidates) do
        asked[#asked + 1] = candidate.context_key
        sold[#sold + 1] = candidate.sold
        margin = math.max(margin, candidate.margin_ppm)
        spoken[#spoken + 1] = candidate.spoken
    end
    return native.need {
        prices = prices.dearest(sold),
        margin_ppm = margin,
        context = model.context or 0,
        asked = asked,
        others = #asked < #candidates,
        image_tokens_max = model.image_tokens_max or 0,
        output_tokens_max = model.max_output,
        output_tokens_allowed = max_tokens or 0,
        takes_images = model.image_tokens_max ~= nil,
        takes_audio = model.takes_audio,
        takes_files = model.takes_files,
        output_hidden = model.output_hidden,
        spoken = spoken,
        sold_features = model.sold_features,
        sellers = sellers(model, candidates),
        choice = candidates[1] and candidates[1].choice or "",
        beside = model.beside,
    }
end

-- Where a call may go that names what a provider keeps: by that provider's name, the handles of its
-- own candidates, and those followed by the candidates that keep nothing; `others` has only these.
-- nil: no candidate keeps anything. What is kept is with one provider: no other is tried.
local function keepers(candidates)
    local found, others = {}, {}
    local function add(list, candidate)
        if candidate.available then
            add_keys(list, candidate)
        end
    end
    for _, candidate in ipairs(candidates) do
        if candidate.keeps_responses then
            local own = found[candidate.provider] or { own = {}, mixed = {} }
            found[candidate.provider] = own
            add(own.own, candidate)
            add(own.mixed, candidate)
        end
    end
    if next(found) == nil then
        return nil
    end
    for _, candidate in ipairs(candidates) do
        if not candidate.keeps_responses then
            add(others, candidate)
            for _, own in pairs(found) do
                add(own.mixed, candidate)
            end
        end
    end
    return { of = found, others = others }
end

-- `candidates` are as they are listed, or in the order that a function wants, with sort "listed".
-- `counted` comes from limits.find.
function prepare.plan(model, candidates, counted, retry, sort)
    local tried, unavailable_reason, first = {}, nil, nil
    for _, candidate in ipairs(sorting.sorted(candidates, sort)) do
        if not candidate.available then
            unavailable_reason = candidate.unavailable_reason
        else
            first = first or candidate
            add_keys(tried, candidate)
        end
    end
    return {
        candidates = tried,
        keepers = keepers(candidates),
        unavailable_reason = unavailable_reason,
        counts_tokens = first and first.counts_tokens, -- the first that is tried
        retry_on = retry.on,
        attempts_max = retry.attempts_max,
        sort = sorting.SORTS[sort],
        endpoints = model.endpoints,
        limits = counted.handle,
        need = need(model, candidates, counted.output_tokens_max),
    }
end

-- The same by the wish of a client; or nil, code, message.
function prepare.wished(model, candidates, counted, retry, sort, wish)
    local left, sort_or_why, terms = wishes.apply(candidates, wish, sort, retry)
    if not left then
        return nil, "no_provider_left", sort_or_why
    end
    return prepare.plan(model, left, counted, terms, sort_or_why)
end

return prepare
