-- Rules of prices (schedule.lua) as text: for people, and as JSON for the API.
local native = require "policy.native"
local prices = require "policy.prices"
local schedule = require "policy.schedule"
local times = require "policy.times"

local rule_text = {}

local WORDS = schedule.WORDS
local PPM_ONE = 1e6

-- "prompt above 272000, service tier flex"
function rule_text.condition(rule)
    local parts = {}
    if rule.prompt_above >= 0 then
        parts[1] = string.format("prompt above %.0f", rule.prompt_above)
    end
    for _, key in ipairs(WORDS) do
        if rule[key] ~= "" then
            parts[#parts + 1] = string.gsub(key, "_", " ") .. " " .. rule[key]
        end
    end
    times.add_texts(rule, parts)
    return table.concat(parts, ", ")
end

-- "0.5": a decimal.
local function factor_text(rule)
    return native.format_amount(rule.factor_ppm * 1000)
end

-- Whether a rule up to i has made the unit dearer, or what it is a part of.
local function became_dearer(rules, i, name, list)
    while name do
        for j = 1, i do
            if (rules[j].prices[name] or 0) > list[name] then
                return true
            end
        end
        name = prices.fallback(prices.of_name(name), list)
    end
    return false
end

-- The prices that rule i of the list sets, and those of its parts: what has a price of its own
-- becomes dearer as its whole does; with `followers`, also what has none and follows its whole.
-- `list`, `stated`: the prices without conditions, and which of them are no followers.
local function set_prices(rules, i, list, stated, followers)
    local set, found = {}, nil
    for name, pusd in pairs(rules[i].prices) do
        set[name] = pusd
    end
    for _, unit in ipairs(next(set) and prices.UNITS or {}) do
        local name, whole = unit.name, prices.fallback(unit, list)
        local part = list[name] and not set[name] and set[whole]
        if part and ((stated[name] and became_dearer(rules, i, whole, list))
            or (followers and not stated[name])) then
            found = found or schedule.apply(rules, schedule.facts(rules[i]), list, stated, i)
            set[name] = found[name]
        end
    end
    return set
end

-- A line for each rule, for people: "prompt above 272000: input 5, output 20, cached_input 0.5 (as
-- input)". `list`, `stated` as above.
function rule_text.lines(rules, list, stated)
    local lines = {}
    for i, rule in ipairs(rules or {}) do
        local what = {}
        local set = set_prices(rules, i, list, stated)
        for _, unit in ipairs(prices.UNITS) do
            if set[unit.name] then
                what[#what + 1] = unit.name .. " "
                    .. native.format_price(unit.name, set[unit.name])
                    .. (rule.prices[unit.name] and ""
                        or " (as " .. prices.fallback(unit, list) .. ")")
            end
        end
        if rule.factor_ppm ~= PPM_ONE then
            what[#what + 1] = "x " .. factor_text(rule)
        end
        lines[i] = rule_text.condition(rule) .. ": " .. table.concat(what, ", ")
    end
    return lines
end

-- '"when":{"service_tier":"flex"},"factor":"0.5"': the condition, and the prices or the factor.
local function condition(rule, set, style)
    local parts = {}
    if rule.prompt_above >= 0 then
        parts[1] = string.format('"prompt_above":%.0f', rule.prompt_above)
    end
    for _, key in ipairs(WORDS) do
        if rule[key] ~= "" then
            parts[#parts + 1] = '"' .. key .. '":"' .. rule[key] .. '"'
        end
    end
    times.add_members(rule, parts)
    local what = '"factor":"' .. factor_text(rule) .. '"'
    if next(set) then
        what = '"prices":{' .. prices.members(set, style) .. "}"
    end
    return '{"when":{' .. table.concat(parts, ",") .. "}," .. what .. "}"
end

-- Whether OpenRouter's form can say the rule: prices by prompt and UTC hours.
local function is_openrouter(rule)
    for _, key in ipairs(WORDS) do
        if rule[key] ~= "" then
            return false
        end
    end
    return next(rule.prices) ~= nil and times.is_openrouter(rule)
end

-- The units that an override of OpenRouter's form may have (npm package @openrouter/sdk 1.3.19).
local OVERRIDDEN = {
    input = true, output = true, cached_input = true, cache_write = true, cache_write_long = true,
    audio_input = true, cached_audio_input = true,
}

-- These prices, and whether they are all.
local function overridden(set)
    local known, all = {}, true
    for name, pusd in pairs(set) do
        known[name] = OVERRIDDEN[name] and pusd
        all = all and OVERRIDDEN[name]
    end
    return known, all
end

-- The SDK's own words for min_prompt_tokens: the prompt is strictly greater than this threshold.
local function override(rule, set, style)
    local parts = {}
    if rule.prompt_above >= 0 then
        parts[1] = string.format('"min_prompt_tokens":%.0f', rule.prompt_above)
    end
    times.add_override(rule, parts)
    parts[#parts + 1] = prices.members(set, style)
    return "{" .. table.concat(parts, ",") .. "}"
end

local function list_member(name, items)
    return #items == 0 and "" or ',"' .. name .. '":[' .. table.concat(items, ",") .. "]"
end

-- The member `conditions`, with a comma before it; "" if there are none. `list`, `stated`: the
-- prices without conditions (models.lua).
function rule_text.conditions(rules, style, list, stated)
    local items = {}
    for i, rule in ipairs(rules or {}) do
        items[i] = condition(rule, set_prices(rules, i, list, stated, true), style)
    end
    return list_member("conditions", items)
end

-- The same, but what OpenRouter's form can say is in `overrides`. A client that does not know a
-- condition would take its price for the plain one, so the others have a member of their own. So
-- has, once more and whole, a rule that also sets what an override cannot say.
function rule_text.overrides(rules, style, list, stated)
    local overrides, others = {}, {}
    for i, rule in ipairs(rules or {}) do
        local set = set_prices(rules, i, list, stated, true)
        local known, all = overridden(set)
        local said = is_openrouter(rule) and next(known) ~= nil
        overrides[#overrides + 1] = said and override(rule, known, style) or nil
        if not (said and all) then
            others[#others + 1] = condition(rule, set, style)
        end
    end
    return list_member("overrides", overrides) .. list_member("conditions", others)
end

return rule_text
