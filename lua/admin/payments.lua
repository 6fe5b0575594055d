-- Payments of all customers, for the operator's pages.
local query = require "query"
local store = require "store"

local payments = {}

local PAGE_ROWS, PAGE_ROWS_MAX = 50, 1000
local STATES = { open = true, processing = true, paid = true, failed = true, expired = true,
    disagreed = true }

function payments.list(x)
    local values = query.read(x)
    local user_id = query.text(x, values, "user_id")
    local state = query.choice(x, values, "state", "", STATES)
    x:reply(200, store.call(x, "payment.all", user_id, state ~= "" and state or nil,
        query.text(x, values, "cursor"),
        query.integer(x, values, "limit", PAGE_ROWS, 1, PAGE_ROWS_MAX)))
end

return payments
