-- Prices under conditions: the list `when` of a model or a candidate in models.lua. Rules apply in
-- their order (core/exchange/price_schedule.h), so the load refuses two of which the order is not
-- clear: a rule that sets a price must not stand behind a stricter one, nor behind a factor. Two
-- rules of which none is stricter need a third one for the calls of both.
local native = require "policy.native"
local prices = require "policy.prices"
local schema = require "policy.schema"
local times = require "policy.times"

local schedule = {}

-- As in core/store/usage_facts.h.
local WORDS = {
    "service_tier", "speed", "region", "choice", "search_context", "size", "quality", "resolution",
}
local MEMBERS = { prompt_above = true, factor = true }
for _, word in ipairs(WORDS) do
    MEMBERS[word] = true
end
for _, set in ipairs { prices.MEMBERS, times.MEMBERS } do
    for name in pairs(set) do
        MEMBERS[name] = true
    end
end
-- Names of the plain call: a record does not keep them (core/exchange/price_facts.c).
local PLAIN = {
    service_tier = {
        auto = true, default = true, standard = true, on_demand = true, standard_only = true,
    },
    speed = { standard = true },
    region = { global = true, not_available = true },
}
local RULES_MAX = 32 -- as in core/exchange/price_schedule.h
local WORD_BYTES_MAX = 23
local TOKENS_MAX = 1e9
local PPM_ONE = 1e6
local FACTOR_MAX_PPM = 100 * PPM_ONE
local PRICE_MAX_PUSD = 1e12 -- as in core/base/money.h

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
        elseif PLAIN[key] and PLAIN[key][string.lower(word)] then
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
    local conditions = times.read(node, rule) or rule.prompt_above >= 0
    for _, key in ipairs(WORDS) do
        conditions = conditions or #rule.words[key] > 0
    end
    if not conditions then
        schema.fail(parent, index, "has no condition: prompt_above, hours, weekdays, from, until, "
            .. "%s", table.concat(WORDS, ", "))
    elseif rule.factor_ppm == PPM_ONE then
        schema.fail(node, "factor", "of 1 changes nothing")
    elseif (rule.factor_ppm ~= nil) == (next(rule.set) ~= nil) then
        schema.fail(parent, index, "must have either prices or a factor")
    end
    return rule
end

-- In any case, as core/exchange/price_schedule.c compares words.
local function is_same(one, other)
    return one == other or string.lower(one) == string.lower(other)
end

-- Whether both conditions can hold for one call; and whether the first is no wider.
local function compare(one, other)
    local together, stricter = times.compare(one, other)
    stricter = stricter and one.prompt_above >= other.prompt_above
    for _, key in ipairs(WORDS) do
        local a, b = one[key], other[key]
        together = together and (a == "" or b == "" or is_same(a, b))
        stricter = stricter and (b == "" or is_same(a, b))
    end
    return together, stricter
end

local function same_times(one, other)
    for _, members in ipairs { times.HOURS, times.DATES } do
        for _, key in ipairs(members) do
            -- The data of one zone, read twice, may differ: it is an image of memory.
            if key ~= "zone_data" and one[key] ~= other[key] then
                return false
            end
        end
    end
    return true
end

-- Of two different times the calls of both are not looked for.
local function is_at_both(rule, one, other)
    local any = {}
    if same_times(one, any) then
        return same_times(rule, other)
    end
    return same_times(rule, one) and (same_times(other, any) or same_times(other, one))
end

-- Whether the rule holds for exactly the calls that meet the conditions of both.
local function is_of_both(rule, one, other)
    if not is_at_both(rule, one, other) then
        return false
    end
    for _, key in ipairs(WORDS) do
        if rule[key] ~= (one[key] ~= "" and one[key] or other[key]) then
            return false
        end
    end
    return rule.prompt_above == math.max(one.prompt_above, other.prompt_above)
end

-- A price that both set, and that no rule behind them sets for the calls of both.
local function unsettled_price(one, other, rules)
    for name in pairs(one.prices) do
        local settled = not other.prices[name]
        for _, rule in ipairs(rules) do
            settled = settled or (rule.place > other.place and rule.prices[name]
                and is_of_both(rule, one, other))
        end
        if not settled then
            return name
        end
    end
end

local function check_pair(earlier, later, rules)
    local together, stricter = compare(later, earlier)
    local name = together and not stricter and unsettled_price(earlier, later, rules)
    if name then
        schema.fail(later.list, later.place, 'sets "%s" for calls that rule %d sets, too, and is '
            .. "not stricter: put the wider rule first, make them exclude each other, or put a "
            .. "rule with the conditions of both behind them", name, earlier.place)
    elseif earlier.factor_ppm ~= PPM_ONE and next(later.prices) then
        schema.fail(later.list, later.place, "sets prices behind a factor: put all factors last")
    end
end

-- The dearest price that the rules begin with: set, or of a part that becomes dearer as its whole.
local function dearest_price(rules, base)
    local most = 0
    for _, unit in ipairs(prices.UNITS) do
        local own = base[unit.name] or 0
        most = math.max(most, own)
        for _, rule in ipairs(rules) do
            local whole = prices.fallback(unit, base)
            local now = whole and base[whole] > 0 and rule.prices[whole]
            local raised = now and own * now / base[whole] or 0
            most = math.max(most, rule.prices[unit.name] or 0, raised)
        end
    end
    return most
end

local function excludes_any(rule, rules, first)
    for i = first, #rules do
        if not compare(rule, rules[i]) then
            return true
        end
    end
    return false
end

-- The largest product of the factors from `first` on that hold together, two by two, with `taken`.
local function largest_product(rules, first, taken)
    local rule = rules[first]
    if not rule then
        return 1
    elseif excludes_any(rule, taken, 1) then
        return largest_product(rules, first + 1, taken)
    end
    taken[#taken + 1] = rule
    local most = rule.factor_ppm / PPM_ONE * largest_product(rules, first + 1, taken)
    taken[#taken] = nil
    if excludes_any(rule, rules, first + 1) then
        most = math.max(most, largest_product(rules, first + 1, taken))
    end
    return most
end

-- A product above the bound of prices would be cut to it (money_times), and the call be sold below
-- its price.
local function check_products(node, rules, base)
    local most, all, raising = dearest_price(rules, base), 1, {}
    for _, rule in ipairs(rules) do
        if rule.factor_ppm > PPM_ONE then
            raising[#raising + 1] = rule
            all = all * rule.factor_ppm / PPM_ONE
        end
    end
    if most * all > PRICE_MAX_PUSD and most * largest_product(raising, 1, {}) > PRICE_MAX_PUSD then
        schema.fail(node, "when", "has prices or factors that together make one dearer than "
            .. "1000000 for a million or 1 for one")
    end
end

-- A copy of the rule for one name of each word.
local function with_names(rule, place, names)
    local one = { list = rule.list, place = place, prompt_above = rule.prompt_above,
        prices = rule.set, factor_ppm = rule.factor_ppm or PPM_ONE }
    for _, key in ipairs(WORDS) do
        one[key] = names[key] or ""
    end
    for _, members in ipairs { times.HOURS, times.DATES } do
        for _, key in ipairs(members) do
            one[key] = rule[key]
        end
    end
    return one
end

-- Each combination of names is a rule of its own.
local function expand(rule, place, out, names, first)
    local key = WORDS[first]
    if not key then
        if #out < RULES_MAX * 2 then -- enough to say that there are too many
            out[#out + 1] = with_names(rule, place, names)
        end
        return
    end
    local list = rule.words[key]
    for i = 1, math.max(#list, 1) do
        names[key] = list[i]
        expand(rule, place, out, names, first + 1)
    end
    names[key] = nil
end

-- All hours of a list are in one zone, so that they can be compared.
local function set_zone(list, rules)
    local named
    for _, rule in ipairs(rules) do
        if rule.zone and named and named.zone ~= rule.zone then
            schema.fail(list, rule.place, 'has the zone "%s", but rule %d has "%s": give all hours '
                .. "in one zone", rule.zone, named.place, named.zone)
        end
        named = named or (rule.zone and rule) or nil
    end
    rules.zone = named and named.zone_data
end

-- The rules of the list `when`, or nil. `base`: the prices without conditions.
function schedule.read(node, base)
    if node.value.when == nil then
        return nil
    end
    local list = schema.child(node, "when")
    local rules = {}
    for i = 1, schema.list(list, "rules") do
        expand(read_rule(list, i, base), i, rules, {}, 1)
    end
    if #rules > RULES_MAX then
        schema.fail(node, "when", "must be at most %d rules, each name counted, not %d", RULES_MAX,
            #rules)
    end
    set_zone(list, rules)
    for j = 2, #rules do
        for i = 1, j - 1 do
            if rules[i].place ~= rules[j].place then
                check_pair(rules[i], rules[j], rules)
            end
        end
    end
    check_products(node, rules, base)
    return #rules > 0 and rules or nil
end

-- What a rule about a word sells.
local FEATURES = { service_tier = "service_tier.", speed = "speed.", region = "inference_geo." }

local function names_any(rules, key, word)
    for _, rule in ipairs(rules or {}) do
        if is_same(rule[key], word) then
            return true
        end
    end
    return false
end

-- The names of the paid features that the sold rules of all candidates sell, each with a space
-- before it: whichever answers must have a price for it.
function schedule.features(candidates)
    local names = ""
    for _, rule in ipairs(candidates[1] and candidates[1].sold_rules or {}) do
        for key, beginning in pairs(FEATURES) do
            local sold = rule[key] ~= ""
            for _, candidate in ipairs(candidates) do
                sold = sold and names_any(candidate.sold_rules, key, rule[key])
            end
            names = names .. (sold and " " .. beginning .. rule[key] or "")
        end
    end
    return names
end

local function matches(rule, facts)
    for _, key in ipairs(WORDS) do
        if rule[key] ~= "" and not is_same(rule[key], facts[key] or "") then
            return false
        end
    end
    return facts.prompt_tokens > rule.prompt_above and times.matches(rule, facts)
end

-- What the rules have not set, or not after its whole, follows its whole or becomes dearer as that
-- does. `set_by`: the number of the last rule that set a price, by unit.
local function raise_parts(found, own, set_by, list)
    local whole_set_by = {}
    for _, unit in ipairs(prices.UNITS) do
        local name, whole = unit.name, prices.fallback(unit, list)
        if found[name] and whole then
            whole_set_by[name] = math.max(set_by[whole] or 0, whole_set_by[whole] or 0)
            if not own[name] then
                found[name] = found[whole]
            elseif whole_set_by[name] > (set_by[name] or 0) then
                found[name] = native.raise_alike(list[whole], found[whole], list[name], found[name])
            end
        end
    end
end

-- The facts under which the rule begins to match.
function schedule.facts(rule)
    local facts = times.moment(rule)
    facts.prompt_tokens = rule.prompt_above + 1
    for _, key in ipairs(WORDS) do
        facts[key] = rule[key]
    end
    return facts
end

-- The prices of a list under `facts` {prompt_tokens, service_tier, ..., minute, at_ms (times.lua)},
-- as price_schedule_apply gives them. What is nil is plain. `last`: only the rules up to this one.
function schedule.apply(rules, facts, list, stated, last)
    if not rules then
        return list
    end
    local found, own, set_by, factors = {}, {}, {}, {}
    for name, pusd in pairs(list) do
        found[name], own[name] = pusd, stated[name]
    end
    for i = 1, last or #rules do
        if matches(rules[i], facts) then
            for name, pusd in pairs(rules[i].prices) do
                found[name], own[name], set_by[name] = pusd, 1, i
            end
            factors[#factors + 1] = rules[i].factor_ppm
        end
    end
    raise_parts(found, own, set_by, list)
    for _, factor_ppm in ipairs(factors) do -- they stand last
        for name, pusd in pairs(found) do
            found[name] = native.times(pusd, factor_ppm)
        end
    end
    return found
end

-- The zone of the hours, or nil.
function schedule.zone(rules)
    for _, rule in ipairs(rules or {}) do
        if rule.zone then
            return rule.zone
        end
    end
end

-- The names of a word in the rules, as a set.
function schedule.names(rules, key)
    local names = {}
    for _, rule in ipairs(rules or {}) do
        names[rule[key]] = rule[key] ~= "" or nil
    end
    return names
end

schedule.MEMBERS, schedule.WORDS = MEMBERS, WORDS

return schedule
