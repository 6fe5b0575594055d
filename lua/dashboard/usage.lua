-- The usage of the signed-in user: records, sums, one request with all its numbers.
local csv = require "dashboard.csv"
local prices = require "policy.prices"
local query = require "query"
local session = require "dashboard.session"
local store = require "store"

local usage = {}

local PAGE_ROWS, PAGE_ROWS_MAX = 50, 1000
local ID_BYTES_MAX = 64
local GROUPS = { day = true, model = true, key = true }
local SORTS = { newest = true, oldest = true, cost = true, tokens = true, duration = true }
local CSV_HEAD = csv.MARK .. "id,time,local_time,model,provider,key_id,key_name,status,stream,"
    .. "input_tokens,cached_input_tokens,output_tokens,reasoning_tokens,cost,usage_source,"
    .. "finish_reason,error_code,attempts,first_byte_ms,total_ms"
for _, unit in ipairs(prices.UNITS) do -- a new unit is the last one
    CSV_HEAD = CSV_HEAD .. (prices.USUAL[unit.name] and "" or "," .. unit.name)
end
CSV_HEAD = CSV_HEAD .. "\r\n"
local NO_MONEY = 402
local DAY_MS = 24 * 3600 * 1000
local YES_NO = { yes = true, no = true }

-- from, to, model and key for the store; nil if not given.
local function read_filter(x, values)
    return query.time(x, values, "from"), query.time(x, values, "to"),
        query.text(x, values, "model"), query.text(x, values, "key")
end

-- The requested page of the account's records; `operation` is the operator's one instead.
function usage.page(x, values, account_id, operation)
    local from, to, model, key = read_filter(x, values)
    local sort = query.choice(x, values, "sort", "newest", SORTS)
    local totals = query.choice(x, values, "totals", "yes", YES_NO) == "yes" and 1 or 0
    local cursor = query.text(x, values, "cursor")
    local limit = query.integer(x, values, "limit", PAGE_ROWS, 1, PAGE_ROWS_MAX)
    local zone = query.zone(x, values)
    return store.call(x, operation or "usage.list", account_id, from, to, model, key, sort,
        cursor, limit, totals, zone)
end

-- Returns "day,model" unchanged; refuses unknown and repeated names of groups.
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

-- The requested sums of the account.
function usage.sums(x, values, account_id)
    local from, to, model, key = read_filter(x, values)
    local by = read_groups(x, values)
    local zone = query.zone(x, values)
    return store.call(x, "usage.summary", account_id, from, to, by, model, key, zone)
end

-- Refused calls of the account, which were never charged.
function usage.refused(x, values, account_id)
    local from, to, model, key = read_filter(x, values)
    local cursor = query.text(x, values, "cursor")
    local limit = query.integer(x, values, "limit", PAGE_ROWS, 1, PAGE_ROWS_MAX)
    local zone = query.zone(x, values)
    return store.call(x, "refusal.list", account_id, from, to, model, key, cursor, limit, zone)
end

function usage.refusals(x)
    local user = session.user(x)
    x:reply(200, usage.refused(x, query.read(x), user.account_id))
end

-- How many calls were refused with the status in the last 24 hours.
function usage.refusal_count(x)
    local user = session.user(x)
    local values = query.read(x)
    local status = query.integer(x, values, "status", NO_MONEY, 400, 599)
    local since_ms = core.now_ms() - DAY_MS
    x:reply(200, store.call(x, "refusal.count", user.account_id, since_ms, status))
end

function usage.list(x)
    local user = session.user(x)
    x:reply(200, usage.page(x, query.read(x), user.account_id))
end

function usage.summary(x)
    local user = session.user(x)
    x:reply(200, usage.sums(x, query.read(x), user.account_id))
end

-- Sends the requested records of the account as a file, to `user`; `operation` is the operator's
-- one instead.
function usage.send_csv(x, values, user, account_id, name, operation)
    local from, to, model, key = read_filter(x, values)
    local zone = query.zone(x, values)
    csv.send(x, user, csv.name(name, values), CSV_HEAD, csv.pages(function(cursor)
        return store.call(x, operation or "usage.csv", account_id, from, to, model, key, cursor,
            zone)
    end))
end

function usage.csv(x)
    local user = session.user(x)
    usage.send_csv(x, query.read(x), user, user.account_id, "usage")
end

function usage.get(x, id)
    local user = session.user(x)
    local record = #id <= ID_BYTES_MAX and not string.find(id, "[^%w_]")
        and store.find(x, "usage.explain", user.account_id, id)
    if not record then
        x:refuse(404, "not_found", "You have made no such request.")
    end
    x:reply(200, record)
end

return usage
