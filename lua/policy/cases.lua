-- The cases in which prices differ: what rules of prices (schedule.lua) are about, for whoever must
-- look at all of them.
local rule_text = require "policy.rule_text"
local schedule = require "policy.schedule"
local times = require "policy.times"

local cases = {}

local WORDS = schedule.WORDS
local CASES_MAX = 1000
-- The conditions that are independent of each other, as members of a rule.
local DIMENSIONS = { { "prompt_above" }, times.HOURS, times.DATES }
for _, word in ipairs(WORDS) do
    table.insert(DIMENSIONS, { word })
end

-- The facts under which the rule begins to match, with a text.
local function facts_of(rule)
    local facts = times.moment(rule)
    facts.prompt_tokens = rule.prompt_above + 1
    facts.text = rule_text.condition(rule)
    for _, key in ipairs(WORDS) do
        facts[key] = rule[key]
    end
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

-- The facts of some members of a rule, without those that are plain.
local function facts_of_members(rule, members)
    local bare = { prompt_above = -1 }
    for _, word in ipairs(WORDS) do
        bare[word] = ""
    end
    for _, name in ipairs(members) do
        bare[name] = rule[name]
    end
    local facts = facts_of(bare)
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

-- The facts of all combinations of the lists' conditions ("" is the text of the plain call); nil:
-- there are too many.
function cases.all(...)
    local lists = {}
    for i = 1, select("#", ...) do
        lists[#lists + 1] = select(i, ...) or {}
    end
    local found = { { prompt_tokens = 0, text = "" } }
    for _, members in ipairs(DIMENSIONS) do
        local values, extended = values_of(lists, members), {}
        if #found * #values > CASES_MAX then
            return nil
        end
        for _, one in ipairs(found) do
            for _, other in ipairs(values) do
                extended[#extended + 1] = joined(one, other)
            end
        end
        found = extended
    end
    return found
end

return cases
