-- `hedge` of routes.lua or of a model: a plain call whose provider is late is asked of a second
-- one.
local schema = require "policy.schema"

local hedge = {}

local MEMBERS = { percentile = true, max_extra_load = true }
local EXTRA_PPM, ALL_PPM = 50000, 1000000

-- {quantile_ppm, extra_ppm}, false where the entry says so, or nil where there is no such member.
function hedge.read(parent)
    if parent.value.hedge == nil or parent.value.hedge == false then
        return parent.value.hedge
    end
    local node = schema.only(schema.child(parent, "hedge"), MEMBERS)
    local percentile = schema.integer(node, "percentile", 95, 50, 99)
    local extra_ppm = schema.margin(node, "max_extra_load", EXTRA_PPM)
    if extra_ppm == 0 or extra_ppm > ALL_PPM then
        schema.fail(node, "max_extra_load", 'must be above "0%%" and at most "100%%"')
    end
    return { quantile_ppm = percentile * 10000, extra_ppm = extra_ppm }
end

-- What a plan has: nil where nothing is hedged. With one attempt only one provider is asked.
function hedge.of(model, retry)
    if retry.attempts_max == 1 then
        return nil
    elseif model.hedge ~= nil then
        return model.hedge or nil
    end
    return retry.hedge or nil
end

-- "p95, at most 5% of the calls", for `check`.
function hedge.format(found)
    return string.format("p%d, at most %.8g%% of the calls", found.quantile_ppm / 1e4,
        found.extra_ppm / 1e4)
end

-- A test compares this with lua/annotations/policy.lua.
hedge.MEMBERS = MEMBERS

return hedge
