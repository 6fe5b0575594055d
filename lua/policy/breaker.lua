-- When a provider that fails is left out, and for how long: the member `breaker` of an entry of
-- providers.lua (core/exchange/breaker.h). false: it is always asked, whatever it did before.
local schema = require "policy.schema"

local breaker = {}

local MEMBERS = {
    consecutive_failures = true, failure_percent = true, minimum_calls = true,
    base_ejection_ms = true, max_ejection_ms = true,
}
local COUNT_MAX = 1000000
local EJECTION_MS_MAX = 3600000

local NEVER = {
    consecutive_failures = 0, failure_percent = 0, minimum_calls = 0,
    base_ejection_ms = 0, max_ejection_ms = 0,
}

-- The terms of a provider: the entry's, and ours where it says nothing.
function breaker.read(parent)
    local node = { key = "breaker", value = {} }
    if parent.value.breaker == false then
        return NEVER
    elseif parent.value.breaker ~= nil then
        node = schema.only(schema.child(parent, "breaker"), MEMBERS)
    end
    local terms = {
        consecutive_failures = schema.integer(node, "consecutive_failures", 5, 0, COUNT_MAX),
        failure_percent = schema.integer(node, "failure_percent", 50, 0, 100),
        minimum_calls = schema.integer(node, "minimum_calls", 20, 1, COUNT_MAX),
        base_ejection_ms = schema.integer(node, "base_ejection_ms", 1000, 1, EJECTION_MS_MAX),
    }
    terms.max_ejection_ms = schema.integer(node, "max_ejection_ms",
        math.max(60000, terms.base_ejection_ms), 1, EJECTION_MS_MAX)
    if terms.max_ejection_ms < terms.base_ejection_ms then
        schema.fail(node, "max_ejection_ms", "must not be below base_ejection_ms, %d",
            terms.base_ejection_ms)
    end
    return terms
end

-- A test compares this with lua/annotations/policy.lua.
breaker.MEMBERS = MEMBERS

return breaker
