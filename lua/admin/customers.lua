-- Customers as operators see them, and what operators may do for them. Every change goes into the
-- audit log under the operator's name.
local balance = require "dashboard.balance"
local body = require "dashboard.body"
local cjson = require "cjson"
local find = require "admin.find"
local find_user = require "admin.find_user"
local is_key = require "admin.is_key"
local json = require "json"
local limits = require "dashboard.limits"
local links = require "dashboard.links"
local policy = require "policy"
local query = require "query"
local read_group = require "admin.group"
local roles = require "dashboard.roles"
local store = require "store"
local usage = require "dashboard.usage"

local customers = {}

local LINK_MS = 24 * 3600 * 1000
local PAGE_ROWS, PAGE_ROWS_MAX = 50, 1000
local REASON_BYTES_MAX = 500
local CHANGES = { group = true, disabled = true, role = true, reason = true }
local KEY_CHANGES = { disabled = true, reason = true }
local KINDS = { manual = true, promotion = true }

-- ---- looking ----

function customers.list(x)
    local values = query.read(x)
    local search = query.text(x, values, "search")
    local cursor = query.text(x, values, "cursor")
    local limit = query.integer(x, values, "limit", PAGE_ROWS, 1, PAGE_ROWS_MAX)
    if search and is_key(search) then
        x:refuse(400, "invalid_value", "A whole key does not belong into an address, which logs "
            .. "and histories keep. Send it to POST /api/admin/search.", "search")
    end
    x:reply(200, store.call(x, "customer.list", search, cursor, limit))
end

function customers.get(x, _, id)
    x:reply(200, find(x, "customer.get", id, "user"))
end

function customers.keys(x)
    local user = find_user(x, query.read(x).user_id)
    x:reply(200, store.call(x, "key.list", user.id))
end

function customers.usage(x)
    local values = query.read(x)
    local user = find_user(x, values.user_id)
    x:reply(200, usage.page(x, values, user.account_id, "usage.list_operator"))
end

function customers.usage_csv(x, operator)
    local values = query.read(x)
    local user = find_user(x, values.user_id)
    local name = "usage-" .. string.gsub(user.email, "@.*", "")
    usage.send_csv(x, values, operator, user.account_id, name, "usage.csv_operator")
end

function customers.refusals(x)
    local values = query.read(x)
    local user = find_user(x, values.user_id)
    x:reply(200, usage.refused(x, values, user.account_id))
end

function customers.usage_summary(x)
    local values = query.read(x)
    local user = find_user(x, values.user_id)
    x:reply(200, usage.sums(x, values, user.account_id))
end

-- What a call costs us is for those who may see our money.
function customers.request(x, operator, id)
    local with_costs = roles.may(operator, "money.read") and 1 or 0
    x:reply(200, find(x, "usage.audit", id, "request", nil, with_costs))
end

function customers.transfers(x)
    local values = query.read(x)
    local user = find_user(x, values.user_id)
    local kind = balance.read_kind(x, values)
    x:reply(200, balance.page(x, values, user.account_id, kind))
end

-- ---- acting ----

-- Finds the user on whose account the operator acts.
local function find_target(x, operator, id, param)
    local user = cjson.decode(find(x, "user.get", id, "user", param))
    roles.check_target(x, operator, user)
    return user
end

local function read_switch(x, members)
    local disabled = body.boolean(x, members, "disabled")
    return disabled ~= nil and (disabled and 1 or 0) or nil
end

-- The reason for an act; required when money moves.
local function read_reason(x, members, required)
    local reason = body.label(x, members, "reason", REASON_BYTES_MAX)
    if reason and not string.find(reason, "%S") then
        reason = nil
    end
    if required and not reason then
        x:refuse(400, "missing_field", "reason is missing: it stands in the customer's history.",
            "reason")
    end
    return reason
end

local function read_role(x, members, operator)
    local role = body.text(x, members, "role")
    if role and not roles.is(role) then
        x:refuse(400, "invalid_value", "role must be user, support, billing or admin.", "role")
    elseif role and not roles.may(operator, "staff.manage") then
        roles.refuse(x, operator, "staff.manage")
    end
    return role
end

function customers.update(x, admin, id)
    local members = body.read_change(x, CHANGES)
    local group = read_group(x, members)
    local disabled = read_switch(x, members)
    local role = read_role(x, members, admin)
    local reason = read_reason(x, members)
    find_target(x, admin, id)
    if disabled == 1 and id == admin.id then
        x:refuse(409, "conflict", "You cannot disable yourself.", "disabled")
    end
    x:reply(200, store.act(x, admin.id, "customer.update", id, group, disabled, reason, role))
end

-- Finds the user of the body's member user_id, on whose account the operator acts.
local function read_named(x, operator)
    local members = body.read_change(x, { user_id = true })
    body.require(x, members, "user_id")
    local id = body.text(x, members, "user_id")
    find_target(x, operator, id, "user_id")
    return id
end

-- Makes a link by which the user sets a new password. It is shown once, to be handed over.
function customers.make_link(x, admin)
    local id = read_named(x, admin)
    local token, digest = x:new_token()
    local expires_ms = core.now_ms() + LINK_MS
    local made = cjson.decode(store.act(x, admin.id, "link.create", id, digest, expires_ms))
    x:reply(201, json.encode {
        url = links.page("password", token),
        expires_at = made.expires_at,
    })
end

-- Lets wrong passwords before now no longer count.
function customers.unlock(x, admin)
    x:reply(200, store.act(x, admin.id, "user.unlock", read_named(x, admin)))
end

function customers.sessions(x)
    local user = find_user(x, query.read(x).user_id)
    x:reply(200, store.call(x, "session.list", user.id, nil))
end

function customers.end_sessions(x, admin, id)
    find_target(x, admin, id)
    store.act(x, admin.id, "session.end_all", id)
    x:reply(204)
end

function customers.groups(x)
    x:reply(200, json.encode { data = json.list(policy.groups()) })
end

function customers.update_key(x, admin, id)
    local members = body.read_change(x, KEY_CHANGES)
    body.require(x, members, "disabled")
    local disabled = read_switch(x, members)
    local reason = read_reason(x, members)
    roles.check_target(x, admin, cjson.decode(find(x, "user.of_key", id, "key")))
    x:reply(200, store.act(x, admin.id, "key.update", nil, id, nil, disabled, reason))
end

-- All keys of a customer at once.
function customers.update_all_keys(x, admin, id)
    local members = body.read_change(x, KEY_CHANGES)
    body.require(x, members, "disabled")
    local disabled = read_switch(x, members)
    local reason = read_reason(x, members)
    find_target(x, admin, id)
    x:reply(200, store.act(x, admin.id, "key.lock", id, disabled, reason))
end

local function read_kind(x, members)
    local kind = body.text(x, members, "kind") or "manual"
    if not KINDS[kind] then
        x:refuse(400, "invalid_value", "kind must be manual or promotion.", "kind")
    end
    return kind
end

-- The Idempotency-Key is claimed on the customer's account: a page that is sent twice pays once.
function customers.credit(x, admin)
    local members = body.read(x)
    body.require(x, members, "user_id")
    body.require(x, members, "amount")
    local id = body.text(x, members, "user_id")
    local amount_nusd = body.amount(x, members, "amount", 1, limits.CHARGE_USD_MAX)
    local kind = read_kind(x, members)
    local reason = read_reason(x, members, true)
    local user = find_target(x, admin, id, "user_id")
    local key, digest, request_id = store.claim(x, user.account_id, "POST /admin/credits")
    if key then
        x:reply(201, store.act(x, admin.id, "credit.create_once", id, amount_nusd, kind, reason,
            key, digest, request_id, 201))
    end
    x:reply(201, store.act(x, admin.id, "credit.create", id, amount_nusd, kind, reason))
end

-- A correction downwards: takes what the account has; the rest is a debt.
function customers.debit(x, admin)
    local members = body.read(x)
    body.require(x, members, "user_id")
    body.require(x, members, "amount")
    local id = body.text(x, members, "user_id")
    local amount_nusd = body.amount(x, members, "amount", 1, limits.CHARGE_USD_MAX)
    local reason = read_reason(x, members, true)
    local user = find_target(x, admin, id, "user_id")
    local key, digest, request_id = store.claim(x, user.account_id, "POST /admin/debits")
    if key then
        x:reply(201, store.act(x, admin.id, "debit.create_once", id, amount_nusd, reason, key,
            digest, request_id, 201))
    end
    x:reply(201, store.act(x, admin.id, "debit.create", id, amount_nusd, reason))
end

function customers.refund(x, admin)
    local members = body.read(x)
    body.require(x, members, "exchange_id")
    local id = body.text(x, members, "exchange_id")
    local amount_nusd = body.amount(x, members, "amount", 1, limits.CHARGE_USD_MAX)
    local reason = read_reason(x, members, true)
    local record = cjson.decode(find(x, "usage.audit", id, "request", "exchange_id", 0))
    if record.refused then
        x:refuse(409, "nothing_to_refund", "This request was refused, so nothing was charged.")
    end
    find_target(x, admin, record.user_id, "exchange_id")
    local key, digest, request_id = store.claim(x, record.account_id, "POST /admin/refunds")
    if key then
        x:reply(201, store.act(x, admin.id, "refund.create_once", id, amount_nusd, reason, key,
            digest, request_id, 201))
    end
    x:reply(201, store.act(x, admin.id, "refund.create", id, amount_nusd, reason))
end

return customers
