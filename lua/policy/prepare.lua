-- A plan in the form that an exchange takes: made once, used by many requests.
local hedge = require "policy.hedge"
local native = require "policy.native"
local prices = require "policy.prices"
local sorting = require "policy.sorting"
local trials = require "policy.trials"
local wishes = require "policy.wishes"

local prepare = {}

local ROUTE_MAX = 32 -- LIMIT_ROUTE of core/base/limits.h
local ATTEMPTS_MAX = 8 -- LIMIT_ATTEMPTS there

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
function prepare.need(model, candidates, max_tokens)
    local margin, spoken, asked, sold = 0, {}, {}, {}
    for _, candidate in ipairs(candidates) do
        asked[#asked + 1] = candidate.context_key
        sold[#sold + 1] = candidate.sold
        margin = math.max(margin, candidate.margin_ppm)
        spoken[#spoken + 1] = candidate.spoken
    end
    return native.need {
        model = model.id,
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
local function keepers(candidates, canary)
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
    -- What a canary keeps outlives its trial: others of its provider go on with it, or itself.
    if canary and canary.keeps_responses and not found[canary.provider] then
        found[canary.provider] = { own = {}, mixed = {} }
        add(found[canary.provider].own, canary)
        add(found[canary.provider].mixed, canary)
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
-- `counted` comes from limits.find. `canary`: of the model, or nil.
function prepare.plan(model, candidates, counted, retry, sort, canary)
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
        keepers = keepers(candidates, canary),
        unavailable_reason = unavailable_reason,
        counts_tokens = first and first.counts_tokens, -- the first that is tried
        retry_on = retry.on,
        retry_unknown = retry.unknown,
        repeats = retry.repeats,
        shares = model.shares_answers,
        attempts_max = retry.attempts_max,
        queue_wait_ms = retry.queue_wait_ms,
        queue_calls = retry.queue_calls,
        hedge = hedge.of(model, retry),
        sort = sorting.SORTS[sort],
        endpoints = model.endpoints,
        limits = counted.handle,
        need = prepare.need(model, candidates, counted.output_tokens_max),
    }
end

-- The plan of a call that goes to the canary first, and to the others of the list `plan` if it
-- fails; and how many places the canary has. It gets an attempt more: the trial takes none away.
local function canary_plan(model, offer, candidates, counted, plan)
    local list, copy, all = {}, {}, { offer.canary, unpack(candidates) }
    add_keys(list, offer.canary)
    local count = #list
    for _, handle in ipairs(plan.candidates) do
        list[#list + 1] = #list < ROUTE_MAX and handle or nil
    end
    for name, value in pairs(plan) do
        copy[name] = value
    end
    copy.candidates, copy.canary_count = list, count
    copy.counts_tokens = offer.canary.counts_tokens
    copy.attempts_max = math.min(plan.attempts_max + 1, ATTEMPTS_MAX)
    copy.need = prepare.need(model, all, counted.output_tokens_max)
    return copy, count
end

-- As prepare.plan, with the model's trials. `candidates` are the offer's, in an order.
function prepare.with_trials(model, offer, candidates, counted, retry, sort)
    local plan = prepare.plan(model, candidates, counted, retry, sort, offer.canary)
    plan.trials = trials.of(model, offer, function()
        return canary_plan(model, offer, candidates, counted, plan)
    end, prepare.handle_of)
    return plan
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
