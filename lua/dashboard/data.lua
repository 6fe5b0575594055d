-- A customer's data: a copy of all of it, and erasing it (docs/DATA.md).
local begin_download = require "dashboard.download"
local body = require "dashboard.body"
local cjson = require "cjson"
local credentials = require "dashboard.credentials"
local json = require "json"
local payments = require "payments"
local policy = require "policy"
local second_factor = require "dashboard.second_factor"
local session = require "dashboard.session"
local store = require "store"
local terms = require "payments.terms"

local data = {}

local ROWS = 500 -- of a page: one is in memory at a time
local TURNS = 1 -- a turn may have megabytes
local TYPE = "application/json"

-- Writes the pages of a list as one JSON array. `ask` gets a cursor and returns a page.
local function write_pages(x, ask, change)
    local cursor, separator = nil, ""
    x:write("[")
    repeat
        local page = core.json_members(ask(cursor))
        local rows = string.sub(page.data, 2, -2)
        if rows ~= "" then
            x:write(separator)
            x:write(change and change(rows) or rows)
            separator = ",\n"
        end
        cursor = page.next_cursor and cjson.decode("[" .. page.next_cursor .. "]")[1]
    until not cursor or cursor == cjson.null
    x:write("]")
end

-- A turn with its text, which is JSON, in place of the sealed one.
local function open_turn(x, account_id, row)
    local turn = core.json_members(row)
    local text = x:open_turn(account_id, cjson.decode(row).sealed)
    return '{"response_id":' .. turn.response_id .. ',"conversation_id":' .. turn.conversation_id
        .. ',"created_at":' .. turn.created_at .. ',"content":' .. (text or "null") .. "}"
end

-- Notes of operators, without who wrote them: that is about somebody else.
local function without_authors(rows)
    local notes = {}
    for i, note in ipairs(cjson.decode("[" .. rows .. "]")) do
        local edited_at = note.edited_at ~= cjson.null and note.edited_at or json.null
        notes[i] = json.encode { created_at = note.created_at, edited_at = edited_at,
            text = note.text }
    end
    return table.concat(notes, ",\n")
end

-- The lists in their order; each has a function that returns a page.
local function lists(x, user)
    local account_id = user.account_id
    local function call(...)
        return store.call(x, ...)
    end
    return {
        { "keys", function() return call("key.list", user.id) end },
        { "quotas", function() return call("quota.list", user.id) end },
        { "sessions", function() return call("session.list", user.id, nil) end },
        { "operator_notes", function(cursor) return call("note.list", user.id, cursor, ROWS) end,
            without_authors },
        { "payments", function(cursor) return call("payment.list", user.id, cursor, ROWS) end },
        { "transfers", function(cursor)
            return call("transfer.list", account_id, cursor, ROWS)
        end },
        { "usage", function(cursor)
            return call("usage.list", account_id, nil, nil, nil, nil, "newest", cursor, ROWS, 0,
                nil)
        end },
        { "refusals", function(cursor)
            return call("refusal.list", account_id, nil, nil, nil, nil, cursor, ROWS, nil)
        end },
        { "kept_responses", function(cursor)
            return call("turn.list", account_id, cursor, TURNS)
        end, function(row) return open_turn(x, account_id, row) end },
    }
end

-- Call it before data.send: a HEAD ends here.
function data.begin(x, user)
    x:header("Cache-Control", "no-store")
    begin_download(x, user, user.id .. ".json", TYPE)
end

-- Sends all that is known of a customer as one JSON document, however long.
function data.send(x, user, user_text)
    local notices = store.call(x, "notice.get", user.id)
    local balance = store.call(x, "balance.get", user.account_id)
    local customer = payments.name and store.find(x, "payment.customer", user.id, payments.name)
    local top_up = store.find(x, "top_up.get", user.id, terms(policy.payments))
    x:download(TYPE)
    x:write('{"made_at":"' .. core.format_time(core.now_ms()) .. '",\n"profile":' .. user_text
        .. ',\n"balance":' .. balance .. ',\n"notices":' .. notices
        .. ',\n"automatic_top_up":' .. (top_up or "null")
        .. ',\n"payment_customer":' .. (customer or "null"))
    for _, list in ipairs(lists(x, user)) do
        x:write(',\n"' .. list[1] .. '":')
        write_pages(x, list[2], list[3])
    end
    x:write("}\n")
    x:finish()
end

function data.export(x)
    local user, user_text = session.user(x)
    data.begin(x, user)
    data.send(x, user, user_text)
end

local FIELDS = { email = true, password = true, code = true, forfeit = true }

-- The customer erases the account: by the password, the typed address and, where there is one, the
-- second factor.
function data.erase(x)
    local user = session.user(x)
    local members = body.read_change(x, FIELDS)
    body.require(x, members, "email")
    local email = body.text(x, members, "email")
    local forfeit = body.boolean(x, members, "forfeit") and 1 or 0
    if string.lower(email) ~= string.lower(user.email) then
        x:refuse(400, "invalid_value", "email is not the address of this account.", "email")
    end
    credentials.check_password(x, user, members, "password")
    if user.second_factor then
        second_factor.check(x, user, members)
    end
    store.call(x, "user.erase", user.id, forfeit)
    session.forget(x)
    x:reply(204)
end

return data
