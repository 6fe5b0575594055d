-- rate_limits of a provider: the fields of its answers that say its limits on us.
local schema = require "policy.schema"

local rate_headers = {}

local FIELD_BYTES_MAX = 63 -- as in core/exchange/provider_limits.h
local KINDS = { requests = true, tokens = true }
local MEMBERS = { requests = true, tokens = true, reset = true }
local FIELDS = { limit = true, remaining = true, reset = true }
-- How the time of a reset is said; the numbers are those of core/exchange/provider_limits.h.
local FORMS = { duration = 0, seconds = 0, time = 1, unix = 2 }

local function fields(node, kind)
    if node.value[kind] == nil then
        return nil
    end
    local own = schema.only(schema.child(node, kind), FIELDS)
    for name, value in pairs(own.value) do
        if type(value) ~= "string" or #value > FIELD_BYTES_MAX
            or not string.find(value, "^[%w-]+$") then
            schema.fail(own, name, 'must be the name of a header, such as "x-ratelimit-reset"')
        end
    end
    return own.value
end

-- Returns nil where none is read.
function rate_headers.read(node)
    if node.value.rate_limits == nil then
        return nil
    end
    local own = schema.only(schema.child(node, "rate_limits"), MEMBERS)
    local form = schema.choice(own, "reset", nil, FORMS)
    local found, resets = {}, false
    for kind in pairs(KINDS) do
        found[kind] = fields(own, kind)
        resets = resets or found[kind] and found[kind].reset ~= nil
    end
    if resets and not form then
        schema.fail(own, "reset", 'is missing: "duration" (1m3s), "seconds", "time" (RFC 3339) or '
            .. '"unix" (since 1970)')
    end
    found.reset_form = FORMS[form or "seconds"]
    return found
end

return rate_headers
