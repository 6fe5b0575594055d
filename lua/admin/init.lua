-- The routes of the operator's pages, below the dashboard's mount, with the permission that each
-- needs (dashboard/roles.lua). For customers they do not exist.
local alerts = require "admin.alerts"
local customers = require "admin.customers"
local notes = require "admin.notes"
local data = require "admin.data"
local invitations = require "admin.invitations"
local operator = require "admin.operator"
local payments = require "admin.payments"
local quotas = require "admin.quotas"
local roles = require "dashboard.roles"
local session = require "dashboard.session"
local test_call = require "admin.test_call"
local trials = require "admin.trials"
local vouchers = require "admin.vouchers"

local routes = {}

-- The only answer to GET that has secrets.
local CODES = "/admin/voucher-codes/{id}"

local function add(method, path, permission, handler)
    local function guarded(x, id)
        if method ~= "GET" then
            session.check_origin(x)
        elseif path ~= CODES then
            x:may_pack() -- as in dashboard/init.lua
        end
        handler(x, roles.operator(x, permission), id)
    end
    table.insert(routes, { method = method, path = path, handler = guarded })
end

add("GET", "/admin/live", "service.read", operator.live)
add("GET", "/admin/sales", "money.read", operator.sales)
add("GET", "/admin/sales.csv", "money.read", operator.sales_csv)
add("GET", "/admin/statement.csv", "money.read", operator.statement)
add("POST", "/admin/search", "customers.read", operator.search)
add("GET", "/admin/policies", "service.manage", operator.policies)
add("GET", "/admin/replay", "service.manage", operator.replay)
add("GET", "/admin/prices", "money.read", operator.prices)
add("GET", "/admin/providers", "service.read", operator.providers)
add("POST", "/admin/providers/test", "service.manage", test_call.run)
add("GET", "/admin/trials", "service.manage", trials.list)
add("GET", "/admin/trials/compare", "service.manage", trials.compare)
add("GET", "/admin/attempts", "service.read", operator.attempts)
add("GET", "/admin/alerts", "service.read", alerts.list)
add("POST", "/admin/alerts/test", "service.manage", alerts.test)
add("GET", "/admin/audit", "customers.read", operator.audit)
add("GET", "/admin/audit.csv", "customers.read", operator.audit_csv)
add("GET", "/admin/users", "customers.read", customers.list)
add("POST", "/admin/users", "customers.manage", invitations.create_customer)
add("GET", "/admin/invitations", "customers.read", invitations.list)
add("POST", "/admin/invitations", "customers.manage", invitations.create)
add("DELETE", "/admin/invitations/{id}", "customers.manage", invitations.revoke)
add("GET", "/admin/users/{id}", "customers.read", customers.get)
add("PATCH", "/admin/users/{id}", "customers.manage", customers.update)
add("GET", "/admin/groups", "customers.read", customers.groups)
add("POST", "/admin/password-links", "customers.help", customers.make_link)
add("POST", "/admin/unlocks", "customers.help", customers.unlock)
add("GET", "/admin/sessions", "customers.read", customers.sessions)
add("DELETE", "/admin/sessions/{id}", "customers.help", customers.end_sessions) -- the user's id
add("DELETE", "/admin/second-factors/{id}", "customers.help", data.remove_second_factor)
add("GET", "/admin/data/{id}", "customers.manage", data.export) -- the user's id, as around it
add("POST", "/admin/erase/{id}", "customers.manage", data.erase)
add("GET", "/admin/keys", "customers.read", customers.keys)
add("PATCH", "/admin/keys/{id}", "customers.help", customers.update_key)
add("PATCH", "/admin/user-keys/{id}", "customers.help", customers.update_all_keys) -- the user's id
add("GET", "/admin/quotas", "customers.read", quotas.list)
add("POST", "/admin/quotas", "customers.manage", quotas.create)
add("DELETE", "/admin/quotas/{id}", "customers.manage", quotas.delete)
add("GET", "/admin/notes", "customers.read", notes.list)
add("POST", "/admin/notes", "customers.read", notes.create) -- and customers.help or money.write
add("PATCH", "/admin/notes/{id}", "customers.read", notes.update) -- likewise; others' only admin
add("DELETE", "/admin/notes/{id}", "customers.read", notes.delete)
add("GET", "/admin/usage", "customers.read", customers.usage)
add("GET", "/admin/usage.csv", "customers.read", customers.usage_csv)
add("GET", "/admin/usage/summary", "customers.read", customers.usage_summary)
add("GET", "/admin/usage/{id}", "customers.read", customers.request)
add("GET", "/admin/refusals", "customers.read", customers.refusals)
add("GET", "/admin/transfers", "customers.read", customers.transfers)
add("POST", "/admin/credits", "money.write", customers.credit)
add("POST", "/admin/debits", "money.write", customers.debit)
add("POST", "/admin/refunds", "money.write", customers.refund)
add("GET", "/admin/payments", "money.read", payments.list)
add("GET", "/admin/vouchers", "money.read", vouchers.list)
add("POST", "/admin/vouchers", "money.write", vouchers.create)
add("GET", "/admin/vouchers/{id}", "money.read", vouchers.get)
add("PATCH", "/admin/vouchers/{id}", "money.write", vouchers.update)
add("GET", "/admin/voucher-codes/{id}", "money.write", vouchers.codes) -- the batch's id

return routes
