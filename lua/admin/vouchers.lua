-- Vouchers as the operator makes them: batches of codes, exported as CSV, withdrawn.
local body = require "dashboard.body"
local cjson = require "cjson"
local csv = require "dashboard.csv"
local find = require "admin.find"
local limits = require "dashboard.limits"
local query = require "query"
local read_group = require "admin.group"
local store = require "store"

local vouchers = {}

local PAGE_ROWS, PAGE_ROWS_MAX = 50, 1000
local KINDS = { manual = true, promotion = true }
local CHANGES = { withdrawn = true }
local CODES_HEAD = csv.MARK .. "code,redeemed_at,redeemed_local_time,user_id,transfer_id"

local function find_batch(x, id)
    return find(x, "voucher.get", id, "batch of vouchers")
end

function vouchers.list(x)
    local values = query.read(x)
    local cursor = query.text(x, values, "cursor")
    local limit = query.integer(x, values, "limit", PAGE_ROWS, 1, PAGE_ROWS_MAX)
    x:reply(200, store.call(x, "voucher.list", cursor, limit))
end

function vouchers.get(x, _, id)
    x:reply(200, find_batch(x, id))
end

-- ---- to make ----

local function read_count(x, members)
    local raw = members.count
    local count = raw and #raw <= 4 and string.find(raw, "^%d+$") and tonumber(raw)
    if not count or count < 1 or count > limits.VOUCHERS_MAX then
        x:refuse(400, "invalid_value", "count must be a whole number from 1 to "
            .. limits.VOUCHERS_MAX .. ".", "count")
    end
    return count
end

local function read_kind(x, members)
    local kind = body.text(x, members, "kind") or "promotion"
    if not KINDS[kind] then
        x:refuse(400, "invalid_value", "kind must be manual (sold) or promotion.", "kind")
    end
    return kind
end

local function read_name(x, members)
    body.require(x, members, "name")
    local name = body.label(x, members, "name", limits.NAME_BYTES_MAX)
    if not string.find(name, "%S") then
        x:refuse(400, "invalid_value", "name must not be empty.", "name")
    end
    return name
end

function vouchers.create(x, admin)
    local members = body.read(x)
    local name = read_name(x, members)
    body.require(x, members, "amount")
    local amount_nusd = body.amount(x, members, "amount", 1, limits.CHARGE_USD_MAX)
    body.require(x, members, "count")
    local count = read_count(x, members)
    local kind = read_kind(x, members)
    local group = read_group(x, members)
    if group == "" then
        group = nil -- all customers may redeem
    end
    local expires_ms = body.future(x, members, "expires_at")
    local id, lines = x:new_vouchers(count)
    x:reply(201, store.act(x, admin.id, "voucher.create", id, name, amount_nusd, kind, group,
        expires_ms, lines))
end

-- The rest of a batch can be withdrawn, and nothing else be changed: codes are out.
function vouchers.update(x, admin, id)
    local members = body.read_change(x, CHANGES)
    body.require(x, members, "withdrawn")
    if not body.boolean(x, members, "withdrawn") then
        x:refuse(400, "invalid_value", "withdrawn can only be set to true.", "withdrawn")
    end
    find_batch(x, id)
    x:reply(200, store.act(x, admin.id, "voucher.withdraw", id))
end

-- ---- to export ----

-- A line of CSV. No value needs quotes: codes, times and ids.
local function line_of(x, id, row)
    local function text(value)
        return value ~= cjson.null and value or ""
    end
    return table.concat({
        x:open_voucher(id, row.sealed) or "unreadable", text(row.redeemed_at),
        text(row.redeemed_local), text(row.user_id), text(row.transfer_id),
    }, ",")
end

function vouchers.codes(x, _, id)
    find_batch(x, id)
    local form = csv.form(x)
    local values = query.read(x)
    local rows = cjson.decode(store.call(x, "voucher.codes", id, query.zone(x, values))).data
    local lines = { CODES_HEAD }
    for i, row in ipairs(rows) do
        lines[i + 1] = line_of(x, id, row)
    end
    x:header("Content-Disposition",
        'attachment; filename="' .. csv.name("vouchers-" .. id, values) .. '"')
    x:header("Cache-Control", "no-store")
    x:reply(200, form(table.concat(lines, "\n") .. "\n"), "text/csv; charset=utf-8")
end

return vouchers
