-- What the user who is signed in has used: records, newest first, and sums.
local query = require "query"
local session = require "dashboard.session"
local store = require "store"

local usage = {}

local PAGE_ROWS, PAGE_ROWS_MAX = 50, 1000
local GROUPS = { day = true, model = true, key = true }

function usage.list(x)
    local user = session.user(x)
    local values = query.read(x)
    local from_ms = query.time(x, values, "from")
    local to_ms = query.time(x, values, "to")
    local model = query.text(x, values, "model")
    local key = query.text(x, values, "key")
    local cursor = query.text(x, values, "cursor")
    local limit = query.integer(x, values, "limit", PAGE_ROWS, 1, PAGE_ROWS_MAX)
    x:reply(200, store.call(x, "usage.list", user.account_id, from_ms, to_ms, model, key, cursor,
        limit))
end

-- "day,model" as it is; anything else than different names of groups is refused.
local function read_groups(x, values)
    local text = values.by or "day"
    local seen = {}
    for name in string.gmatch(text .. ",", "([^,]*),") do
        if not GROUPS[name] or seen[name] then
            x:refuse(400, "invalid_value",
                "by must be day, model, key, or several of them with commas.", "by")
        end
        seen[name] = true
    end
    return text
end

function usage.summary(x)
    local user = session.user(x)
    local values = query.read(x)
    local from_ms = query.time(x, values, "from")
    local to_ms = query.time(x, values, "to")
    local by = read_groups(x, values)
    x:reply(200, store.call(x, "usage.summary", user.account_id, from_ms, to_ms, by))
end

return usage
