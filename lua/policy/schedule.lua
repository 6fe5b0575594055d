-- Prices under conditions: the list `when` of a model or a candidate in models.lua. Rules apply in
-- their order (core/exchange/price_schedule.h), so the load refuses two of which the order is not
-- clear: a rule that sets a price must not stand behind a stricter one, nor behind a factor.
local native = require "policy.native"
local prices = require "policy.prices"
local schema = require "policy.schema"

local schedule = {}

local WORDS = { "service_tier", "speed", "region" }
local MEMBERS = { prompt_above = true, factor = true }
for _, word in ipairs(WORDS) do
    MEMBERS[word] = true
end
for name in pairs(prices.MEMBERS) do
    MEMBERS[name] = true
end
local PLAIN_TIERS = {
    auto = true, default = true, standard = true, on_demand = true, standard_only = true,
}
local RULES_MAX = 16 -- as in core/exchange/price_schedule.h
local WORD_BYTES_MAX = 23
local TOKENS_MAX = 1e9
local PPM_ONE = 1e6
local FACTOR_MAX_PPM = 100 * PPM_ONE

-- A text, or a list of texts: any of these.
local function words(node, key)
    local value = node.value[key]
    if type(value) ~= "table" then
        return { schema.text(node, key, nil, WORD_BYTES_MAX) }
    end
    local list = schema.child(node, key)
    local found = {}
    for i = 1, schema.list(list, "names") do
        found[i] = schema.text(list, i, schema.REQUIRED, WORD_BYTES_MAX)
        if found[found[i]] then
            schema.fail(list, i, "is given twice")
        end
        found[found[i]] = true
    end
    if #found == 0 then
        schema.fail(node, key, "must have at least one name")
    end
    return found
end

local function check_words(node, key, list)
    for _, word in ipairs(list) do
        if string.find(word, "[^%w%._%-]") then
            schema.fail(node, key, 'must be letters, digits, ".", "_" and "-"')
        elseif key == "service_tier" and PLAIN_TIERS[word] then
            schema.fail(node, key, '"%s" is the plain price', word)
        end
    end
end

-- The prices that the rule sets, by unit; each needs a price without conditions, too.
local function set_prices(node, base)
    local set = {}
    for name in pairs(prices.MEMBERS) do
        set[name] = prices.read_one(node, name)
        if set[name] and not base[name] then
            schema.fail(node, name, "there is no such price without conditions")
        end
    end
    return set
end

local function read_rule(parent, index, base)
    local node = schema.only(schema.child(parent, index), MEMBERS)
    local rule = {
        list = parent,
        prompt_above = schema.integer(node, "prompt_above", -1, 0, TOKENS_MAX),
        factor_ppm = schema.factor(node, "factor", FACTOR_MAX_PPM),
        set = set_prices(node, base),
        words = {},
    }
    for _, key in ipairs(WORDS) do
        rule.words[key] = words(node, key)
        check_words(node, key, rule.words[key])
    end
    local conditions = rule.prompt_above >= 0
    for _, key in ipairs(WORDS) do
        conditions = conditions or #rule.words[key] > 0
    end
    if not conditions then
        schema.fail(parent, index, "has no condition: prompt_above, %s", table.concat(WORDS, ", "))
    elseif rule.factor_ppm == PPM_ONE then
        schema.fail(node, "factor", "of 1 changes nothing")
    elseif (rule.factor_ppm ~= nil) == (next(rule.set) ~= nil) then
        schema.fail(parent, index, "must have either prices or a factor")
    end
    return rule
end

-- Whether both conditions can hold for one call; and whether the first is no wider.
local function compare(one, other)
    local together, stricter = true, one.prompt_above >= other.prompt_above
    for _, key in ipairs(WORDS) do
        local a, b = one[key], other[key]
        together = together and (a == "" or b == "" or a == b)
        stricter = stricter and (b == "" or a == b)
    end
    return together, stricter
end

local function shares_price(one, other)
    for name in pairs(one.prices) do
        if other.prices[name] then
            return name
        end
    end
end

local function check_pair(earlier, later)
    local together, stricter = compare(later, earlier)
    local name = shares_price(earlier, later)
    if together and name and not stricter then
        schema.fail(later.list, later.place, 'sets "%s" for calls that rule %d sets, too, and is '
            .. "not stricter: put the wider rule first, or make them exclude each other", name,
            earlier.place)
    elseif earlier.factor_ppm ~= PPM_ONE and next(later.prices) then
        schema.fail(later.list, later.place, "sets prices behind a factor: put all factors last")
    end
end

-- Each combination of names is a rule of its own.
local function expand(rule, place, out)
    for _, tier in ipairs(#rule.words.service_tier > 0 and rule.words.service_tier or { "" }) do
        for _, speed in ipairs(#rule.words.speed > 0 and rule.words.speed or { "" }) do
            for _, region in ipairs(#rule.words.region > 0 and rule.words.region or { "" }) do
                out[#out + 1] = {
                    list = rule.list, place = place, prompt_above = rule.prompt_above,
                    service_tier = tier, speed = speed, region = region, prices = rule.set,
                    factor_ppm = rule.factor_ppm or PPM_ONE,
                }
            end
        end
    end
end

-- The rules of the list `when`, or nil. `base`: the prices without conditions.
function schedule.read(node, base)
    if node.value.when == nil then
        return nil
    end
    local list = schema.child(node, "when")
    local rules = {}
    for i = 1, schema.list(list, "rules") do
        expand(read_rule(list, i, base), i, rules)
    end
    if #rules > RULES_MAX then
        schema.fail(node, "when", "must be at most %d rules, each name counted, not %d", RULES_MAX,
            #rules)
    end
    for j = 2, #rules do
        for i = 1, j - 1 do
            if rules[i].place ~= rules[j].place then
                check_pair(rules[i], rules[j])
            end
        end
    end
    return #rules > 0 and rules or nil
end

-- The names of the paid features that the rules sell, each with a space before it.
function schedule.features(rules)
    local names = ""
    for _, rule in ipairs(rules or {}) do
        names = names .. (rule.service_tier ~= "" and " service_tier." .. rule.service_tier or "")
            .. (rule.speed ~= "" and " speed." .. rule.speed or "")
            .. (rule.region ~= "" and " inference_geo." .. rule.region or "")
    end
    return names
end

local function matches(rule, facts)
    for _, key in ipairs(WORDS) do
        if rule[key] ~= "" and rule[key] ~= facts[key] then
            return false
        end
    end
    return facts.prompt_tokens > rule.prompt_above
end

-- The prices of a list under `facts` {prompt_tokens, service_tier, speed, region}, as
-- price_schedule_apply gives them.
function schedule.apply(rules, facts, list, stated)
    if not rules then
        return list
    end
    local found, own = {}, {}
    for name, pusd in pairs(list) do
        found[name], own[name] = pusd, stated[name]
    end
    for _, rule in ipairs(rules) do
        if matches(rule, facts) then
            for name, pusd in pairs(rule.prices) do
                found[name], own[name] = pusd, 1
            end
            for name, pusd in pairs(found) do
                found[name] = native.times(pusd, rule.factor_ppm)
            end
        end
    end
    prices.follow(found, own)
    return found
end

-- "prompt above 272000, service tier flex"
local function condition_text(rule)
    local parts = {}
    if rule.prompt_above >= 0 then
        parts[1] = string.format("prompt above %.0f", rule.prompt_above)
    end
    for _, key in ipairs(WORDS) do
        if rule[key] ~= "" then
            parts[#parts + 1] = string.gsub(key, "_", " ") .. " " .. rule[key]
        end
    end
    return table.concat(parts, ", ")
end

-- The facts under which each rule of the lists begins to match, with a text.
function schedule.cases(...)
    local cases = {}
    for i = 1, select("#", ...) do
        for _, rule in ipairs(select(i, ...) or {}) do
            cases[#cases + 1] = {
                prompt_tokens = rule.prompt_above + 1, service_tier = rule.service_tier,
                speed = rule.speed, region = rule.region, text = condition_text(rule),
            }
        end
    end
    return cases
end

-- "0.5": a decimal.
local function factor_text(rule)
    return native.format_amount(rule.factor_ppm * 1000)
end

-- A line for each rule, for people: "prompt above 272000: input 5 output 20".
function schedule.lines(rules)
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
        lines[i] = condition_text(rule) .. ": " .. table.concat(what, ", ")
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
    local what = '"factor":"' .. factor_text(rule) .. '"'
    if next(rule.prices) then
        what = '"prices":{' .. prices.members(rule.prices, style) .. "}"
    end
    return '{"when":{' .. table.concat(parts, ",") .. "}," .. what .. "}"
end

local function is_of_prompt_only(rule)
    for _, key in ipairs(WORDS) do
        if rule[key] ~= "" then
            return false
        end
    end
    return next(rule.prices) ~= nil
end

local function list_member(name, items)
    return #items == 0 and "" or ',"' .. name .. '":[' .. table.concat(items, ",") .. "]"
end

-- The member `conditions`, with a comma before it; "" if there are none.
function schedule.conditions(rules, style)
    local items = {}
    for i, rule in ipairs(rules or {}) do
        items[i] = condition(rule, style)
    end
    return list_member("conditions", items)
end

-- The same, but what OpenRouter's form can say is in `overrides`. A client that does not know a
-- condition would take its price for the plain one, so the others have a member of their own.
function schedule.overrides(rules, style)
    local overrides, others = {}, {}
    for _, rule in ipairs(rules or {}) do
        if is_of_prompt_only(rule) then
            overrides[#overrides + 1] = string.format('{"min_prompt_tokens":%.0f,%s}',
                rule.prompt_above + 1, prices.members(rule.prices, style))
        else
            others[#others + 1] = condition(rule, style)
        end
    end
    return list_member("overrides", overrides) .. list_member("conditions", others)
end

schedule.MEMBERS = MEMBERS

return schedule
