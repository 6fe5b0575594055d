-- The prices of a model under conditions, as a list `when` (lua/policy/schedule.lua). Each rule
-- states its prices: a factor would also raise what is priced one by one. Where two conditions may
-- hold for one call, a rule for both stands behind them.
--
-- Input: {prices = {unit = {tier ("": plain) = {above (tokens; 0: any prompt) = pico-USD}}},
-- factors = {region = {us = parts per million}, speed = {...}}, searches = {low = pico-USD, ...},
-- resolutions = {unit = {resolution = pico-USD}}, windows = {{hours, weekdays}},
-- off_peak = {unit = pico-USD}, sizes = {{size, quality ("": any), pusd (of a picture)}},
-- aliases = {tier = another name of it}}.
local native = require "policy.native"

local rules = {}

local UNITS = native.units()
local UNIT = {}
for _, unit in ipairs(UNITS) do
    UNIT[unit.name] = unit
end
-- Conditions, in the order in which a rule names them.
local KEYS = { "prompt_above", "service_tier", "speed", "region" }

-- The price of the last step that a prompt above `above` tokens reaches, and that step.
local function step_of(steps, above)
    local found, at
    for step, pusd in pairs(steps or {}) do
        if step <= above and (not at or step > at) then
            found, at = pusd, step
        end
    end
    return found, at
end

-- The price of a unit that the source states without any condition, or nil.
local function only_price(list)
    local plain = list[""]
    local only = next(list) == "" and next(list, "") == nil and next(plain) == 0
        and next(plain, 0) == nil
    return only and plain[0] or nil
end

local price_at

-- What a part without variants of its own costs where its whole has some; nil: its own price. A
-- part that costs what its whole does follows it. Reasoning costs in a tier what output does, and
-- above a step at least that.
local function followed_price(read, unit, tier, above)
    local own, whole = only_price(read.prices[unit.name]), read.prices[unit.fallback]
    if not own or not whole then
        return nil
    elseif own == step_of(whole[""], 0) or (unit.name == "reasoning" and whole[tier]
        and tier ~= "") then
        return price_at(read, unit.fallback, tier, above)
    elseif unit.name == "reasoning" then
        return math.max(own, select(2, step_of(whole[""], above)) > 0
            and price_at(read, unit.fallback, tier, above) or 0)
    end
end

-- The price in a tier and above a step. If the source has the price of the tier and that of the
-- step, but not that of both, it is the dearer one.
function price_at(read, name, tier, above)
    local unit, list = UNIT[name], read.prices[name]
    local followed = followed_price(read, unit, tier, above)
    if followed then
        return followed
    end
    local plain, plain_step = step_of(list[""], above)
    local own, own_step = step_of(list[tier], above)
    if not own then
        return plain or price_at(read, unit.fallback, tier, above)
    elseif plain and plain_step > own_step then
        return math.max(plain, own)
    end
    return own
end

-- Of tokens: what is priced one by one costs the same everywhere.
local function with_factors(read, name, pusd, case)
    if UNIT[name].single then
        return pusd
    end
    for key, by_name in pairs(read.factors) do
        if case[key] ~= "" then
            pusd = native.times(pusd, by_name[case[key]])
        end
    end
    return pusd
end

local function sorted(set)
    local list = {}
    for key in pairs(set) do
        list[#list + 1] = key
    end
    table.sort(list)
    return list
end

-- The names of each dimension; the first is "nothing of it".
local function dimensions(read)
    local tiers, steps = { [""] = true }, { [0] = true }
    for _, by_tier in pairs(read.prices) do
        for tier, by_step in pairs(by_tier) do
            tiers[tier] = true
            for step in pairs(by_step) do
                steps[step] = true
            end
        end
    end
    local names = { service_tier = sorted(tiers), prompt_above = sorted(steps) }
    for _, key in ipairs { "speed", "region" } do
        names[key] = sorted(read.factors[key] or {})
        table.insert(names[key], 1, "")
    end
    return names
end

-- All combinations of the dimensions, but not the plain one; those with fewer conditions first.
local function cases_of(read)
    local names, cases = dimensions(read), {}
    for _, step in ipairs(names.prompt_above) do
        for _, tier in ipairs(names.service_tier) do
            for _, speed in ipairs(names.speed) do
                for _, region in ipairs(names.region) do
                    local count = (step > 0 and 1 or 0) + (tier ~= "" and 1 or 0)
                        + (speed ~= "" and 1 or 0) + (region ~= "" and 1 or 0)
                    cases[#cases + 1] = {
                        count = count, place = #cases, prompt_above = step, service_tier = tier,
                        speed = speed, region = region,
                    }
                end
            end
        end
    end
    table.remove(cases, 1)
    table.sort(cases, function(a, b)
        return a.count < b.count or (a.count == b.count and a.place < b.place)
    end)
    return cases
end

local function prices_of(read, case)
    local found = {}
    for name in pairs(read.prices) do
        found[name] = with_factors(read, name,
            price_at(read, name, case.service_tier, case.prompt_above), case)
    end
    return found
end

-- Whether each call of the case is one of the wider case, too.
local function is_wider(wider, case)
    for _, key in ipairs { "service_tier", "speed", "region" } do
        if wider[key] ~= "" and wider[key] ~= case[key] then
            return false
        end
    end
    return wider.prompt_above <= case.prompt_above
end

-- The prices that a case must state: those that are not the same in all wider cases.
local function stated_prices(place, cases, lists, base)
    local stated = {}
    for name, pusd in pairs(lists[place]) do
        local same = pusd == base[name]
        for i = 1, place - 1 do
            same = same and (lists[i][name] == pusd or not is_wider(cases[i], cases[place]))
        end
        stated[name] = not same and pusd or nil
    end
    return stated
end

-- Whether the source itself has a price of the unit for the case, or for a wider one.
local function is_told(read, name, case)
    local list = read.prices[name]
    local _, step = step_of(list[""], case.prompt_above)
    return (step or 0) > 0
        or (case.service_tier ~= "" and step_of(list[case.service_tier], case.prompt_above) ~= nil)
end

-- Whether the nearest whole of the unit that the case states is dearer there.
local function has_dearer_whole(unit, base, stated)
    local whole = unit.fallback
    while whole and not stated[whole] do
        whole = UNIT[whole].fallback
    end
    return whole and stated[whole] > (base[whole] or 0)
end

-- Whether the part stands beside its whole in a wider case.
local function stands_in_wider(cases, case)
    for _, wider in ipairs(cases or {}) do
        if is_wider(wider, case) then
            return true
        end
    end
    return false
end

-- A part of which a rule says nothing becomes dearer as its whole does: one that the source has at
-- its plain price is stated beside it; and then for the calls of two such cases, too. `parts`: the
-- cases that state a part so, by its name.
local function state_parts(read, case, prices, base, stated, parts)
    for _, unit in ipairs(UNITS) do
        local name = unit.name
        local beside = prices[name] and has_dearer_whole(unit, base, stated)
            and is_told(read, name, case)
        if beside or (prices[name] and stands_in_wider(parts[name], case)) then
            stated[name] = prices[name]
            parts[name] = parts[name] or {}
            table.insert(parts[name], case)
        end
    end
end

local function conditions_of(read, case)
    local alias = read.aliases[case.service_tier]
    local conditions = {
        prompt_above = case.prompt_above > 0 and case.prompt_above - read.step_is_inside or nil,
        service_tier = alias and { case.service_tier, alias } or case.service_tier,
        speed = case.speed, region = case.region,
    }
    for _, key in ipairs(KEYS) do
        if conditions[key] == "" then
            conditions[key] = nil
        end
    end
    return conditions
end

-- A tier, a speed or a region with the plain prices is a rule, too: it sells the name.
local function add_cases(read, base, out)
    local cases, lists, parts = cases_of(read), {}, {}
    for i, case in ipairs(cases) do
        lists[i] = prices_of(read, case)
        local stated = stated_prices(i, cases, lists, base)
        state_parts(read, case, lists[i], base, stated, parts)
        if not next(stated) and case.count == 1 and case.prompt_above == 0 then
            stated.input = lists[i].input
        end
        if next(stated) then
            out[#out + 1] = { conditions = conditions_of(read, case), prices = stated }
        end
    end
end

-- Where rules name resolutions, others are not sold: so one with the plain price is a rule, too.
local function add_each(key, by_name, unit, base, out)
    for _, name in ipairs(sorted(by_name)) do
        if key == "resolution" or by_name[name] ~= base then
            out[#out + 1] = { conditions = { [key] = name }, prices = { [unit] = by_name[name] } }
        end
    end
end

-- A rule for a size stands before those for a quality of it.
local function add_sizes(read, out)
    table.sort(read.sizes, function(a, b)
        if (a.quality == "") ~= (b.quality == "") then
            return a.quality == ""
        end
        return a.quality < b.quality or (a.quality == b.quality and a.size < b.size)
    end)
    for _, each in ipairs(read.sizes) do
        out[#out + 1] = {
            conditions = { size = each.size, quality = each.quality ~= "" and each.quality or nil },
            prices = { image = each.pusd },
        }
    end
end

local function add_windows(read, out)
    for _, window in ipairs(read.windows) do
        out[#out + 1] = {
            conditions = { hours = window.hours, weekdays = window.weekdays },
            prices = read.off_peak,
        }
    end
end

-- The prices without conditions, and the rules: {conditions, prices}.
function rules.build(read)
    local base = prices_of(read, { service_tier = "", prompt_above = 0, speed = "", region = "" })
    local list = {}
    add_cases(read, base, list)
    for unit, by_name in pairs(read.resolutions) do
        add_each("resolution", by_name, unit, base[unit], list)
    end
    add_sizes(read, list)
    add_each("search_context", read.searches, "web_search", base.web_search, list)
    add_windows(read, list)
    return base, list
end

-- How many rules the gateway counts: each name of a list is one.
function rules.count(list)
    local count = 0
    for _, rule in ipairs(list) do
        local tier = rule.conditions.service_tier
        count = count + (type(tier) == "table" and #tier or 1)
    end
    return count
end

return rules
