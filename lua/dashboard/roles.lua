-- What operators may do. support helps customers and sees no money of ours; billing moves money;
-- admin may do everything. For users, who are customers, the operator's pages do not exist.
local session = require "dashboard.session"

local roles = {}

-- The permissions. An act on an account of an operator always needs `staff.manage`, too: whoever
-- could set an administrator's password would be one.
local ALL = {
    "customers.read", -- customers, their keys, requests, history
    "customers.help", -- let in again, end sessions, disable a key
    "customers.manage", -- group, quotas, disable
    "staff.manage", -- roles
    "money.read", -- sales, what we pay and earn, payments, vouchers
    "money.write", -- credits, debits, refunds, vouchers and their codes
    "service.read", -- live numbers, providers, alerts
    "service.manage", -- policies, trials, test calls, the audit log of all
}

local function set_of(names)
    local set = {}
    for _, name in ipairs(names) do
        set[name] = true
    end
    return set
end

local MAY = {
    user = {},
    support = set_of { "customers.read", "customers.help", "service.read" },
    billing = set_of { "customers.read", "money.read", "money.write" },
    admin = set_of(ALL),
}

function roles.is(name)
    return MAY[name] ~= nil
end

function roles.may(user, permission)
    return MAY[user.role][permission] or false
end

-- The permissions of a role, in the order above.
function roles.permissions(role)
    local names = {}
    for _, name in ipairs(ALL) do
        names[#names + 1] = MAY[role][name] and name or nil
    end
    return names
end

function roles.refuse(x, user, permission)
    x:refuse(403, "not_permitted", "The role " .. user.role .. " may not do this: it needs "
        .. permission .. ". Ask an administrator.")
end

-- The signed-in operator, who must have the permission. Customers get a 404.
function roles.operator(x, permission)
    local user = session.user(x)
    if user.role == "user" then
        local _, path = x:asked()
        x:refuse(404, "not_found", "There is nothing at " .. path .. ".")
    elseif not roles.may(user, permission) then
        roles.refuse(x, user, permission)
    end
    return user
end

-- Refuses an act of the operator on this account (a user, as a table) if only an administrator may.
function roles.check_target(x, operator, user)
    if user.role ~= "user" and not roles.may(operator, "staff.manage") then
        roles.refuse(x, operator, "staff.manage")
    end
end

return roles
