-- What an operator does with all of a customer's data, and for a customer who has lost the second
-- factor. Other operators' accounts are an administrator's matter.
local body = require "dashboard.body"
local cjson = require "cjson"
local customer_data = require "dashboard.data"
local find = require "admin.find"
local roles = require "dashboard.roles"
local store = require "store"

local data = {}

-- Finds the user; nobody acts so on the own account.
local function find_subject(x, admin, id)
    local text = find(x, "user.get", id, "user")
    local user = cjson.decode(text)
    if user.id == admin.id then
        x:refuse(409, "conflict", "This is your own account: use the page Account.")
    end
    roles.check_target(x, admin, user)
    return user, text
end

function data.remove_second_factor(x, admin, id)
    find_subject(x, admin, id)
    if not store.find_act(x, admin.id, "factor.remove", id) then
        x:refuse(404, "not_found", "This user has no second factor.")
    end
    x:reply(204)
end

function data.export(x, admin, id)
    local user, text = find_subject(x, admin, id)
    customer_data.begin(x, user)
    store.act(x, admin.id, "user.export", id)
    customer_data.send(x, user, text)
end

-- The address is typed once more: this cannot be taken back.
function data.erase(x, admin, id)
    local user = find_subject(x, admin, id)
    local members = body.read_change(x, { email = true, forfeit = true })
    body.require(x, members, "email")
    local email = body.text(x, members, "email")
    local forfeit = body.boolean(x, members, "forfeit") and 1 or 0
    if string.lower(email) ~= string.lower(user.email) then
        x:refuse(400, "invalid_value", "email is not the address of this customer.", "email")
    end
    store.act(x, admin.id, "user.erase", id, forfeit)
    x:reply(200, store.call(x, "user.get", id))
end

return data
