-- What administrators see of the policies: each candidate with its prices and margins, and the
-- providers. policy/init.lua has the members.
local key_pool = require "policy.key_pool"
local models = require "policy.models"
local native = require "policy.native"
local prices = require "policy.prices"
local rule_text = require "policy.rule_text"

local status = {}

local function set_prices(record, candidate, margin_ppm)
    record.buy = prices.texts(candidate.buy, native.format_price)
    record.sold_by_cost = candidate.sold_by_cost
    record.when = candidate.buy_rules and rule_text.lines(candidate.buy_rules, candidate.buy,
        candidate.buy_stated)
    record.sell = not margin_ppm and {} or prices.texts(candidate.sold, function(unit, pusd)
        return native.sell_price(unit, pusd, margin_ppm)
    end)
end

-- Sets the margin at the plain prices and, if there are rules, those under each of them, the lowest
-- first.
local function set_margins(record, candidate, margin_ppm)
    local list = models.margins(candidate, margin_ppm)
    record.margin, record.loss = models.format_margin(list[1].ppm), list[1].loss
    for i, found in ipairs(list) do
        found.margin, found.place = models.format_margin(found.ppm), i
        record.loss = record.loss or found.loss
    end
    table.sort(list, function(a, b)
        return a.ppm < b.ppm or (a.ppm == b.ppm and a.place < b.place)
    end)
    record.margins = #list > 1 and list or nil
end

function status.without_price(model)
    return {
        model = model.id, name = model.name, available = false,
        unavailable_reason = "has no price",
    }
end

-- `margin_ppm` nil: its rule has failed, and `why` says how.
local function row_of(model, candidate, place, margin_ppm, why)
    local record = { model = model.id, name = model.name }
    record.provider, record.upstream_model = candidate.provider, candidate.model
    record.available = candidate.available
    record.unavailable_reason = candidate.unavailable_reason
    record.place = place
    record.context, record.context_key = model.context, candidate.context_key
    record.margin_error = why
    if margin_ppm then
        set_margins(record, candidate, margin_ppm)
    end
    set_prices(record, candidate, margin_ppm)
    return record
end

-- Adds the rows of a model to the list: its candidates, canary and shadow. `margin_ppm` and `why`
-- as above; `hedged`: after what time, and how often, or nil.
function status.add(list, model, margin_ppm, why, hedged)
    for place, candidate in ipairs(model.candidates) do
        local record = row_of(model, candidate, place, margin_ppm, why)
        record.hedged = place == 1 and hedged or nil
        list[#list + 1] = record
    end
    for _, name in ipairs { "canary", "shadow" } do
        local trial = model[name]
        if trial then
            local record = row_of(model, trial.candidate, nil, margin_ppm, why)
            record.trial, record.share = name, models.format_margin(trial.share_ppm)
            if name == "shadow" then -- nothing is sold
                record.sell, record.margin, record.margins, record.loss = {}, nil, nil, nil
            end
            list[#list + 1] = record
        end
    end
end

local function trial_of(trial)
    if not trial then
        return nil
    end
    local groups = nil
    for name in pairs(trial.groups or {}) do
        groups = groups or {}
        groups[#groups + 1] = name
    end
    table.sort(groups or {})
    return {
        provider = trial.candidate.provider, model = trial.candidate.model,
        available = trial.candidate.available, share = models.format_margin(trial.share_ppm),
        by = trial.by, groups = groups,
        spend_per_day = trial.spend_nusd and native.format_amount(trial.spend_nusd),
    }
end

-- The trials of a model: {model, canary, shadow}; nil: it has none.
function status.trials(model)
    if model.canary or model.shadow then
        return { model = model.id, canary = trial_of(model.canary),
            shadow = trial_of(model.shadow) }
    end
end

function status.providers(found)
    local list = {}
    for _, provider in pairs(found) do
        list[#list + 1] = {
            name = provider.name,
            dialect = provider.dialect,
            base_url = provider.base_url,
            available = provider.available,
            unavailable_reason = provider.unavailable_reason,
            models = provider.models,
            spend_per_day_nusd = provider.spend_per_day_nusd,
            keys = key_pool.endings(provider),
            key_is_written = provider.key_is_written,
        }
    end
    table.sort(list, function(a, b) return a.name < b.name end)
    return list
end

return status
