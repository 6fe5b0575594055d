-- The cases in which prices differ: what rules of prices (schedule.lua) are about, for whoever must
-- look at all of them.
local rule_text = require "policy.rule_text"
local schedule = require "policy.schedule"
local times = require "policy.times"

local cases = {}

local WORDS = schedule.WORDS
local CASES_MAX = 1000
-- The conditions that are independent of each other, as members of a rule.
local DIMENSIONS = { { "prompt_above" } }
for _, word in ipairs(WORDS) do
    table.insert(DIMENSIONS, { word })
end

-- The facts under which the rule begins to match, with a text.
local function facts_of(rule)
    local facts = schedule.facts(rule)
    facts.text = rule_text.condition(rule)
    return facts
end

-- These facts for each rule of the lists.
function cases.each(...)
    local found = {}
    for i = 1, select("#", ...) do
        for _, rule in ipairs(select(i, ...) or {}) do
            found[#found + 1] = facts_of(rule)
        end
    end
    return found
end

-- The rule with some of its members only.
local function bare(rule, members)
    local only = { prompt_above = -1 }
    for _, word in ipairs(WORDS) do
        only[word] = ""
    end
    for _, name in ipairs(members) do
        only[name] = rule[name]
    end
    return only
end

-- The facts of some members of a rule, without those that are plain.
local function facts_of_members(rule, members)
    local facts = facts_of(bare(rule, members))
    for _, word in ipairs(WORDS) do
        facts[word] = facts[word] ~= "" and facts[word] or nil
    end
    facts.prompt_tokens = facts.prompt_tokens > 0 and facts.prompt_tokens or nil
    return facts
end

-- The different facts of these members in all rules; the plain ones first.
local function values_of(lists, members)
    local values, known = { { text = "" } }, { [""] = true }
    for _, rules in ipairs(lists) do
        for _, rule in ipairs(rules) do
            local facts = facts_of_members(rule, members)
            if not known[facts.text] then
                known[facts.text] = true
                values[#values + 1] = facts
            end
        end
    end
    return values
end

-- The rules that are about hours (or dates), with nothing else.
local function timed(lists, members)
    local found = {}
    for _, rules in ipairs(lists) do
        for _, rule in ipairs(rules) do
            local only = bare(rule, members)
            found[#found + 1] = rule_text.condition(only) ~= "" and only or nil
        end
    end
    return found
end

-- Which of the rules hold at the moment, as a key, and as a text for people.
local function holding(rules, moment)
    local places, texts, said = {}, {}, {}
    for i, rule in ipairs(rules) do
        if times.matches(rule, moment) then
            local text = rule_text.condition(rule)
            places[#places + 1] = i
            texts[#texts + 1] = not said[text] and text or nil
            said[text] = true
        end
    end
    return table.concat(places, " "), table.concat(texts, ", ")
end

-- A moment for each set of rules that hold together at some time. It changes only where one of them
-- begins or ends, and the prices may part where one alone goes on.
local function moments_of(lists, members)
    local rules = timed(lists, members)
    local values, known = { { text = "" } }, { [""] = true }
    for _, rule in ipairs(rules) do
        for _, moment in ipairs(times.ends(rule)) do
            local key, text = holding(rules, moment)
            if not known[key] then
                known[key], moment.text = true, text
                values[#values + 1] = moment
            end
        end
    end
    return values
end

local function joined(one, other)
    local both = {}
    for _, facts in ipairs { one, other } do
        for key, value in pairs(facts) do
            both[key] = value
        end
    end
    local comma = one.text ~= "" and other.text ~= "" and ", " or ""
    both.text = one.text .. comma .. other.text
    return both
end

-- nil: they are too many.
local function combined(found, values)
    local extended = {}
    if #found * #values > CASES_MAX then
        return nil
    end
    for _, one in ipairs(found) do
        for _, other in ipairs(values) do
            extended[#extended + 1] = joined(one, other)
        end
    end
    return extended
end

-- The facts of all combinations of the lists' conditions ("" is the text of the plain call); nil:
-- there are too many.
function cases.all(...)
    local lists = {}
    for i = 1, select("#", ...) do
        lists[#lists + 1] = select(i, ...) or {}
    end
    local found = { { prompt_tokens = 0, text = "" } }
    for _, members in ipairs(DIMENSIONS) do
        found = found and combined(found, values_of(lists, members))
    end
    for _, members in ipairs { times.HOURS, times.DATES } do
        found = found and combined(found, moments_of(lists, members))
    end
    return found
end

return cases
