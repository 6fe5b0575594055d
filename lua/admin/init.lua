-- The routes of the operator's pages, below the dashboard's mount. For users who are no
-- administrators they do not exist.
local alerts = require "admin.alerts"
local customers = require "admin.customers"
local operator = require "admin.operator"
local payments = require "admin.payments"
local quotas = require "admin.quotas"
local session = require "dashboard.session"
local test_call = require "admin.test_call"
local trials = require "admin.trials"
local vouchers = require "admin.vouchers"

local routes = {}

local function add(method, path, handler)
    local function guarded(x, id)
        if method ~= "GET" then
            session.check_origin(x)
        end
        handler(x, session.admin(x), id)
    end
    table.insert(routes, { method = method, path = path, handler = guarded })
end

add("GET", "/admin/live", operator.live)
add("GET", "/admin/sales", operator.sales)
add("GET", "/admin/policies", operator.policies)
add("GET", "/admin/replay", operator.replay)
add("GET", "/admin/prices", operator.prices)
add("GET", "/admin/providers", operator.providers)
add("POST", "/admin/providers/test", test_call.run)
add("GET", "/admin/trials", trials.list)
add("GET", "/admin/trials/compare", trials.compare)
add("GET", "/admin/attempts", operator.attempts)
add("GET", "/admin/alerts", alerts.list)
add("POST", "/admin/alerts/test", alerts.test)
add("GET", "/admin/audit", operator.audit)
add("GET", "/admin/users", customers.list)
add("GET", "/admin/users/{id}", customers.get)
add("PATCH", "/admin/users/{id}", customers.update)
add("GET", "/admin/groups", customers.groups)
add("POST", "/admin/password-links", customers.make_link)
add("POST", "/admin/unlocks", customers.unlock)
add("GET", "/admin/sessions", customers.sessions)
add("DELETE", "/admin/sessions/{id}", customers.end_sessions) -- the user's id
add("GET", "/admin/keys", customers.keys)
add("PATCH", "/admin/keys/{id}", customers.update_key)
add("GET", "/admin/quotas", quotas.list)
add("POST", "/admin/quotas", quotas.create)
add("DELETE", "/admin/quotas/{id}", quotas.delete)
add("GET", "/admin/usage", customers.usage)
add("GET", "/admin/usage/summary", customers.usage_summary)
add("GET", "/admin/usage/{id}", customers.request)
add("GET", "/admin/refusals", customers.refusals)
add("GET", "/admin/transfers", customers.transfers)
add("POST", "/admin/credits", customers.credit)
add("POST", "/admin/debits", customers.debit)
add("POST", "/admin/refunds", customers.refund)
add("GET", "/admin/payments", payments.list)
add("GET", "/admin/vouchers", vouchers.list)
add("POST", "/admin/vouchers", vouchers.create)
add("GET", "/admin/vouchers/{id}", vouchers.get)
add("PATCH", "/admin/vouchers/{id}", vouchers.update)
add("GET", "/admin/voucher-codes/{id}", vouchers.codes) -- the batch's id

return routes
