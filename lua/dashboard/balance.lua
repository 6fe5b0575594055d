-- Credits of the signed-in user: the balance, top-ups, the list of transfers.
local body = require "dashboard.body"
local limits = require "dashboard.limits"
local own_payments = require "dashboard.payments"
local payments = require "payments"
local query = require "query"
local session = require "dashboard.session"
local store = require "store"

local balance = {}

local CHARGE_USD_MAX = limits.CHARGE_USD_MAX
local PAGE_ROWS, PAGE_ROWS_MAX = 50, 1000

function balance.get(x)
    local user = session.user(x)
    x:reply(200, store.call(x, "balance.get", user.account_id))
end

local function check_payments(x)
    if core.payments == "test" then
        return
    end
    x:refuse(403, "payments_disabled", "Payments are switched off here. Ask the operator to add"
        .. " credits.")
end

-- With payments = test it gives credits without a payment; with a processor it begins one.
function balance.charge(x)
    local user = session.user(x)
    if payments.processor then
        own_payments.charge(x, user)
    end
    local key, digest, request_id = store.claim(x, user.account_id, "POST /balance/charge")
    check_payments(x)
    local members = body.read(x)
    body.require(x, members, "amount")
    local amount_nusd = body.amount(x, members, "amount", 1, CHARGE_USD_MAX)
    if key then
        x:reply(201, store.call(x, "credit.create_once", user.id, amount_nusd, "test",
            "test charge", key, digest, request_id, 201))
    end
    x:reply(201, store.call(x, "credit.create", user.id, amount_nusd, "test", "test charge"))
end

-- A page of transfers: all with the balance after each, or those without charges.
function balance.page(x, values, account_id, kind)
    local operation = kind == "credits" and "transfer.list" or "transfer.history"
    local cursor = query.text(x, values, "cursor")
    local limit = query.integer(x, values, "limit", PAGE_ROWS, 1, PAGE_ROWS_MAX)
    return store.call(x, operation, account_id, cursor, limit)
end

function balance.read_kind(x, values)
    return query.choice(x, values, "kind", "all", { all = true, credits = true })
end

function balance.transfers(x)
    local user = session.user(x)
    x:reply(200, balance.page(x, query.read(x), user.account_id, "credits"))
end

function balance.history(x)
    local user = session.user(x)
    local values = query.read(x)
    local kind = balance.read_kind(x, values)
    x:reply(200, balance.page(x, values, user.account_id, kind))
end

-- A page asks this every second to see changes; the answer is a 304 if there are none.
function balance.pulse(x)
    local digest = session.digest(x)
    if core.second_factor ~= "optional" then
        session.user(x) -- refuses who must set one up first
    end
    local text = digest and store.find(x, "pulse.get", digest)
    if not text then
        session.refuse(x)
    end
    local tag = '"' .. string.sub(x:digest(text), 1, 32) .. '"'
    x:header("ETag", tag)
    x:header("Cache-Control", "private, no-cache")
    if x:asked_header("if-none-match") == tag then
        x:reply(304)
    end
    x:reply(200, text)
end

return balance
