-- Trials of a model in models.lua: `canary`, a candidate that answers a share of the calls, and
-- `shadow`, one that gets a share of them once more without anybody getting its answer.
local prices = require "policy.prices"
local schema = require "policy.schema"

local trials = {}

local CANARY_MEMBERS = { candidate = true, share = true, groups = true, by = true }
local SHADOW_MEMBERS = {
    candidate = true, share = true, groups = true, by = true, spend_per_day = true,
}
local BY = { account = true, call = true }
local ALL_PPM = 1000000
local NAMES = { "canary", "shadow" }

-- The candidates of the model's trials, in this order.
function trials.each(model)
    local list = {}
    for _, name in ipairs(NAMES) do
        list[#list + 1] = model[name] and model[name].candidate
    end
    return list
end

local function share_of(node)
    local ppm = schema.margin(node, "share", schema.REQUIRED)
    if ppm == 0 or ppm > ALL_PPM then
        schema.fail(node, "share", 'must be above "0%" and at most "100%"')
    end
    return ppm
end

-- Its answers, or their cost, could not be told from those of the model's own candidates.
local function check_other(node, model, found)
    for _, candidate in ipairs(model.candidates) do
        if candidate.provider == found.provider and candidate.model == found.model then
            schema.fail(node, "candidate", "is one of the model's candidates: give it another "
                .. "provider or model")
        end
    end
end

-- A trial has its own share of the calls, and a shadow sells nothing.
local function check_members(node, name)
    local inner = schema.child(node, "candidate")
    if inner.value.weight ~= nil then
        schema.fail(inner, "weight", "has no effect here: share says how many calls it gets")
    elseif name == "shadow" and inner.value.allow_loss ~= nil then
        schema.fail(inner, "allow_loss", "has no effect here: nobody pays for a shadow but you")
    end
end

local function read(parent, name, model, members, make)
    local node = schema.only(schema.child(parent, name), members)
    if node.value.candidate == nil then
        schema.fail(node, "candidate", 'is missing: such as { provider = "openai" }')
    end
    check_members(node, name)
    local _, groups = schema.choices(node, "groups", nil, "groups")
    local found = {
        name = name,
        candidate = make(node, "candidate"),
        share_ppm = share_of(node),
        groups = next(groups) and groups or nil,
        by = schema.choice(node, "by", name == "canary" and "account" or "call", BY),
        spend_nusd = members.spend_per_day and schema.amount(node, "spend_per_day"),
    }
    if not found.candidate.price then
        schema.fail(node, "candidate", "has no price, and neither has the model: what it costs "
            .. "must be known")
    end
    check_other(node, model, found.candidate)
    return found
end

-- Sets the members `canary` and `shadow`. `make(parent, key)` reads a candidate.
function trials.read(node, model, make)
    if node.value.canary ~= nil then
        if model.price_by == "cost" then
            schema.fail(node, "canary", "needs a published price that customers go on paying: a "
                .. 'model with price_by = "cost" has none (a shadow needs none)')
        end
        model.canary = read(node, "canary", model, CANARY_MEMBERS, make)
    end
    if node.value.shadow ~= nil then
        model.shadow = read(node, "shadow", model, SHADOW_MEMBERS, make)
        if not model.shadow.spend_nusd then
            schema.fail(schema.child(node, "shadow"), "spend_per_day",
                'is missing: the most that its calls may cost you in a day, such as "5"')
        end
    end
end

-- Sets what we pay, and the published price, at which customers go on buying. `lists`: the prices
-- of the model's candidates, the first one's published.
function trials.set_prices(model, lists)
    for _, found in ipairs(trials.each(model)) do
        local all = { found.price, unpack(lists) }
        local sold = lists[1] or found.price
        found.buy, found.sold = prices.complete(found.price, all), prices.complete(sold, all)
        found.buy_stated = prices.stated(found.price, found.buy)
        found.sold_stated = prices.stated(sold, found.sold)
        found.price = nil
    end
end

-- The same of the rules of both prices.
function trials.set_rules(model)
    local first = model.candidates[1]
    for _, found in ipairs(trials.each(model)) do
        found.buy_rules = found.rules or (not found.own_price and model.rules) or nil
        found.sold_rules = first and first.buy_rules
        found.rules, found.own_price = nil, nil
        found.buy_stated = found.buy_rules and found.buy_stated
        found.sold_stated = found.sold_rules and found.sold_stated
    end
end

-- ---- plans ----

-- Makes the trials of a plan, or nil. `canary_plan()` makes the plan of a call whose first
-- candidates are the canary's, and how many these are; `handle_of` makes a candidate's handle.
function trials.of(model, offer, canary_plan, handle_of)
    local canary, shadow, found = model.canary, model.shadow, {}
    if canary and offer.canary.available then
        local plan, count = canary_plan()
        found.canary = {
            plan = plan, count = count, share_ppm = canary.share_ppm, groups = canary.groups,
            by_account = canary.by == "account",
        }
    end
    if shadow and offer.shadow.available then
        found.shadow = {
            handle = handle_of(offer.shadow), share_ppm = shadow.share_ppm,
            groups = shadow.groups, by_account = shadow.by == "account",
            spend_nusd = shadow.spend_nusd,
        }
    end
    return next(found) and found or nil
end

-- A test compares this with lua/annotations/policy.lua.
trials.CANARY_MEMBERS = CANARY_MEMBERS
trials.SHADOW_MEMBERS = SHADOW_MEMBERS

return trials
