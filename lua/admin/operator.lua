-- The operator's view of the business: live metrics, sales, policies, providers, the audit log.
local body = require "dashboard.body"
local cjson = require "cjson"
local context = require "context"
local csv = require "dashboard.csv"
local is_key = require "admin.is_key"
local json = require "json"
local policy = require "policy"
local query = require "query"
local roles = require "dashboard.roles"
local store = require "store"

local operator = {}

local PAGE_ROWS, PAGE_ROWS_MAX = 50, 1000
local PRICE_MODELS, PRICE_MODELS_MAX = 100, 500
-- More rows and margins in a page, with all prices, could take more than a turn.
local PRICE_LINES_MAX = 300
local WINDOW_S = 300 -- as in core/exchange/live_metrics.c; used before a provider was asked
local BY_DEFAULT = "day"
local MONTHS_MAX = 12 -- as in core/store/questions/statement.c
local SEARCH_BYTES_MAX = 200
local AUDIT_HEAD = csv.MARK .. "id,time,local_time,actor_id,actor_email,address,action,user_id,"
    .. "email,target_id,detail\r\n"

function operator.live(x)
    local members = core.json_members(x:live())
    for name, text in pairs(members) do
        members[name] = json.raw(text)
    end
    members.version = core.version
    x:reply(200, json.encode(members))
end

-- from, to, by and the zone.
local function read_sales(x)
    local values = query.read(x)
    return values, query.time(x, values, "from"), query.time(x, values, "to"),
        query.text(x, values, "by") or BY_DEFAULT, query.zone(x, values)
end

function operator.sales(x)
    x:reply(200, store.call(x, "sales.summary", select(2, read_sales(x))))
end

-- "sales-2026-11-01-until-2026-12-01-by-model.csv"
function operator.sales_csv(x, user)
    local values, from, to, by, zone = read_sales(x)
    local name = csv.name("sales", values, "by-" .. string.gsub(by, ",", "-"))
    csv.send(x, user, name, "", function()
        return store.call(x, "sales.csv", from, to, by, zone), ""
    end)
end

-- Months, each with a row for each customer.
function operator.statement(x, user)
    local values = query.read(x)
    local month = query.text(x, values, "month")
    if not month then
        x:refuse(400, "missing_field", "month is missing.", "month")
    end
    local months = query.integer(x, values, "months", 1, 1, MONTHS_MAX)
    local zone = query.zone(x, values)
    csv.send(x, user, csv.file("statement-" .. month), "", csv.pages(function(cursor)
        return store.call(x, "statement.csv", month, cursor or "", months, zone)
    end))
end

-- The filter of the audit log. Of one customer, or of all: that is for administrators.
local function read_audit(x, user)
    local values = query.read(x)
    local on = query.text(x, values, "user_id")
    if not on and not roles.may(user, "service.manage") then
        roles.refuse(x, user, "service.manage")
    end
    return values, on, query.text(x, values, "actor"), query.text(x, values, "action"),
        query.time(x, values, "from"), query.time(x, values, "to"), query.zone(x, values)
end

function operator.audit(x, user)
    local values, on, actor, action, from, to, zone = read_audit(x, user)
    local cursor = query.text(x, values, "cursor")
    local limit = query.integer(x, values, "limit", PAGE_ROWS, 1, PAGE_ROWS_MAX)
    x:reply(200, store.call(x, "audit.list", on, actor, action, from, to, zone, cursor, limit))
end

function operator.audit_csv(x, user)
    local values, on, actor, action, from, to, zone = read_audit(x, user)
    csv.send(x, user, csv.name("audit", values), AUDIT_HEAD, csv.pages(function(cursor)
        return store.call(x, "audit.csv", on, actor, action, from, to, zone, cursor)
    end))
end

-- ---- the search ----

-- Finds what an operator has in hand. Keys come in a body, which is in no log and no history.
function operator.search(x, user)
    local members = body.read(x)
    body.require(x, members, "text")
    local text = body.label(x, members, "text", SEARCH_BYTES_MAX)
    text = string.match(text, "^%s*(.-)%s*$")
    if text == "" then
        x:refuse(400, "invalid_value", "text must not be empty.", "text")
    end
    local with_money = roles.may(user, "money.read") and 1 or 0
    if is_key(text) then
        x:reply(200, store.call(x, "search.find", nil, x:digest(text), with_money))
    end
    x:reply(200, store.call(x, "search.find", text, nil, with_money))
end

-- ---- policies ----

local function or_null(value)
    return value == nil and json.null or value
end

-- Splits "models.lua:12: why" into its parts.
local function refusal_of(refused)
    if type(refused) ~= "table" then
        return json.null
    end
    local file, line, reason = string.match(refused.message, "^([%w_]+%.lua):(%d+): (.*)$")
    if not file then
        file, reason = string.match(refused.message, "^([%w_]+%.lua): (.*)$")
    end
    return {
        at = refused.at,
        file = or_null(file),
        line = or_null(tonumber(line)),
        reason = reason or refused.message,
    }
end

function operator.policies(x)
    local status = core.reload_status()
    local members = core.json_members(status)
    for name, text in pairs(members) do
        members[name] = json.raw(text)
    end
    members.models = policy.model_count()
    members.refused = refusal_of(cjson.decode(status).refused)
    x:reply(200, json.encode(members))
end

-- ---- what other policies would have charged ----

local REPLAY_DAYS, DAY_MS = 30, 24 * 3600 * 1000
local TIME_BYTES_MAX, ZONE_BYTES_MAX = 39, 63 -- as in core/script/replay_service.h

-- A time as it was asked for; nil if absent.
local function asked_time(x, values, name)
    local text = values[name]
    if text ~= nil and (#text > TIME_BYTES_MAX or not query.time(x, values, name)) then
        x:refuse(400, "invalid_value", name .. " is too long.", name)
    end
    return text
end

-- Without `from`, the last 30 days.
function operator.replay(x)
    local values = query.read(x)
    local from, to = asked_time(x, values, "from"), asked_time(x, values, "to")
    local zone = query.zone(x, values)
    if zone and #zone > ZONE_BYTES_MAX then
        x:refuse(400, "invalid_value", "tz is too long.", "tz")
    end
    if not from then
        from = string.sub(core.format_time(core.now_ms() - REPLAY_DAYS * DAY_MS), 1,
            #"2026-11-22")
    end
    x:reply_replay(from, to, zone)
end

local function margin_rows(margins)
    local rows = json.list {}
    for i, found in ipairs(margins) do
        rows[i] = { when = or_null(found.when), margin = found.margin, loss = or_null(found.loss) }
    end
    return rows
end

-- One row of the price table: a candidate of a model.
local function price_row(x, record)
    local tokens, learned = context.of(x, record)
    return {
        model = record.model,
        name = record.name,
        place = or_null(record.place),
        trial = or_null(record.trial),
        share = or_null(record.share),
        provider = or_null(record.provider),
        upstream_model = or_null(record.upstream_model),
        context_length = or_null(tokens),
        context_stated = or_null(record.context),
        context_learned = learned,
        available = record.available,
        unavailable_reason = or_null(record.unavailable_reason),
        margin = or_null(record.margin),
        margin_error = or_null(record.margin_error),
        buy = or_null(record.buy),
        sell = or_null(record.margin and record.sell),
        when = json.list(record.when or {}),
        margins = margin_rows(record.margins or {}),
    }
end

-- The effective prices, some models per page; the cursor is the place of the next model.
function operator.prices(x)
    local values = query.read(x)
    local first = query.integer(x, values, "cursor", 1, 1, 1e6)
    local limit = query.integer(x, values, "limit", PRICE_MODELS, 1, PRICE_MODELS_MAX)
    local count = policy.model_count()
    local rows, lines, next_model = json.list {}, 0, first
    while next_model <= count and next_model < first + limit and lines < PRICE_LINES_MAX do
        for _, record in ipairs(policy.status(next_model, 1)) do
            rows[#rows + 1] = price_row(x, record)
            lines = lines + 1 + (record.margins and #record.margins or 0)
        end
        next_model = next_model + 1
    end
    local more = next_model <= count
    x:reply(200, json.encode {
        data = rows,
        next_cursor = more and tostring(next_model) or json.null,
    })
end

-- ---- providers ----

local function some_left_out(recent)
    for _, model in ipairs(recent.models) do
        if model.breaker ~= "closed" or model.paused_until ~= cjson.null then
            return true
        end
    end
    return false
end

-- By the last 30 seconds if it was asked then, else by the last minutes. One failed attempt in
-- twenty: degraded. Half of them: down.
local function health_of(provider, state, recent)
    local calls, failures = recent.calls, recent.failures
    if calls == 0 then
        calls, failures = state.attempts, state.failures
    end
    if not provider.available then
        return "unavailable"
    elseif recent.account_refused_until ~= cjson.null then
        return "down"
    elseif calls == 0 and failures == 0 then
        return some_left_out(recent) and "degraded" or "idle"
    elseif failures * 2 >= calls then
        return "down"
    elseif failures * 20 >= calls or some_left_out(recent) then
        return "degraded"
    end
    return "ok"
end

-- The last attempts at a provider: those that have failed, in its own words, or all.
function operator.attempts(x)
    local values = query.read(x)
    local provider = query.text(x, values, "provider")
    if not provider then
        x:refuse(400, "invalid_value", "provider must be the name of a provider.", "provider")
    end
    local which = query.choice(x, values, "which", "failed", { failed = true, all = true })
    x:reply(200, store.call(x, which == "all" and "attempt.list" or "attempt.failed", provider))
end

local function spending_of(x, provider)
    return json.raw(x:provider_spending(provider.name, provider.spend_per_day_nusd))
end

function operator.providers(x, user)
    local sees_money = roles.may(user, "money.read")
    local rows, window_s = json.list {}, WINDOW_S
    for _, provider in ipairs(policy.providers()) do
        local text = x:provider_state(provider.name)
        local state = cjson.decode(text)
        local row = core.json_members(text)
        for name, raw in pairs(row) do
            row[name] = json.raw(raw)
        end
        row.name, row.dialect = provider.name, provider.dialect
        row.base_url = or_null(provider.base_url)
        row.available = provider.available
        row.unavailable_reason = or_null(provider.unavailable_reason)
        row.models = provider.models
        row.keys = json.list(provider.keys)
        row.contexts = json.raw(x:provider_contexts(provider.name))
        local recent = x:provider_health(provider.name)
        row.recent = json.raw(recent)
        row.balance = sees_money and json.raw(x:provider_balance(provider.name)) or json.null
        row.spending = sees_money and spending_of(x, provider) or json.null
        row.health = health_of(provider, state, cjson.decode(recent))
        row.window_s, window_s = nil, state.window_s
        rows[#rows + 1] = row
    end
    x:reply(200, json.encode { window_s = window_s, data = rows })
end

return operator
