-- Quotas of a customer, as the operator sees and sets them.
local body = require "dashboard.body"
local cjson = require "cjson"
local find_user = require "admin.find_user"
local json = require "json"
local own = require "dashboard.quotas"
local query = require "query"
local quotas = require "quotas"
local roles = require "dashboard.roles"
local store = require "store"

local customers_quotas = {}

function customers_quotas.list(x)
    local user = find_user(x, query.text(x, query.read(x), "user_id"))
    local list = cjson.decode(store.call(x, "key.list", user.id)).data
    x:reply(200, json.encode { data = json.list(quotas.of(x, user, list, true)) })
end

-- Sets a quota of the customer; it replaces the rule of limits.lua that counts the same.
function customers_quotas.create(x, admin)
    local members = body.read_change(x,
        { user_id = true, unit = true, period = true, model = true, amount = true })
    local user = find_user(x, body.text(x, members, "user_id"))
    roles.check_target(x, admin, user)
    x:reply(201, store.act(x, admin.id, "quota.set", user.id, nil, own.read(x, members, user)))
end

function customers_quotas.delete(x, admin, id)
    local done = store.is_id(id) and store.find_act(x, admin.id, "quota.delete", nil, id)
    if not done then
        x:refuse(404, "not_found", "There is no such quota of a customer.")
    end
    x:reply(204)
end

return customers_quotas
