-- Credits of the user who is signed in: how much there is, charging more, what came and went.
local body = require "dashboard.body"
local query = require "query"
local session = require "dashboard.session"
local store = require "store"

local balance = {}

local CHARGE_USD_MAX = 1000000
local PAGE_ROWS, PAGE_ROWS_MAX = 50, 1000

function balance.get(x)
    local user = session.user(x)
    x:reply(200, store.call(x, "balance.get", user.account_id))
end

local function check_payments(x)
    if core.payments == "test" then
        return
    elseif core.payments == "stripe" then
        x:refuse(403, "payments_disabled", "This gateway cannot take payments by card yet. Ask its"
            .. " operator to add credits.")
    end
    x:refuse(403, "payments_disabled", "Payments are switched off here. Ask the operator to add"
        .. " credits.")
end

-- Only with payments = test: credits that nobody has paid for.
function balance.charge(x)
    local user = session.user(x)
    local fresh, key, digest, request_id = x:claim("POST /balance/charge", user.account_id)
    if not fresh then
        x:answer_again()
    end
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

function balance.transfers(x)
    local user = session.user(x)
    local values = query.read(x)
    local cursor = query.text(x, values, "cursor")
    local limit = query.integer(x, values, "limit", PAGE_ROWS, 1, PAGE_ROWS_MAX)
    x:reply(200, store.call(x, "transfer.list", user.account_id, cursor, limit))
end

return balance
