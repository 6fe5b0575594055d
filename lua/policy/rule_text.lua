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

-- A line for each rule, for people: "prompt above 272000: input 5 output 20".
function rule_text.lines(rules)
    local lines = {}
    for i, rule in ipairs(rules or {}) do
        local what = {}
        for _, unit in ipairs(prices.UNITS) do
            if rule.prices[unit.name] then
                what[#what + 1] = unit.name .. " "
                    .. native.format_price(unit.name, rule.prices[unit.name])
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
local function condition(rule, style)
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
    if next(rule.prices) then
        what = '"prices":{' .. prices.members(rule.prices, style) .. "}"
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

-- The SDK's own words for min_prompt_tokens: the prompt is strictly greater than this threshold.
local function override(rule, style)
    local parts = {}
    if rule.prompt_above >= 0 then
        parts[1] = string.format('"min_prompt_tokens":%.0f', rule.prompt_above)
    end
    times.add_override(rule, parts)
    parts[#parts + 1] = prices.members(rule.prices, style)
    return "{" .. table.concat(parts, ",") .. "}"
end

local function list_member(name, items)
    return #items == 0 and "" or ',"' .. name .. '":[' .. table.concat(items, ",") .. "]"
end

-- The member `conditions`, with a comma before it; "" if there are none.
function rule_text.conditions(rules, style)
    local items = {}
    for i, rule in ipairs(rules or {}) do
        items[i] = condition(rule, style)
    end
    return list_member("conditions", items)
end

-- The same, but what OpenRouter's form can say is in `overrides`. A client that does not know a
-- condition would take its price for the plain one, so the others have a member of their own.
function rule_text.overrides(rules, style)
    local overrides, others = {}, {}
    for _, rule in ipairs(rules or {}) do
        if is_openrouter(rule) then
            overrides[#overrides + 1] = override(rule, style)
        else
            others[#others + 1] = condition(rule, style)
        end
    end
    return list_member("overrides", overrides) .. list_member("conditions", others)
end

return rule_text
