-- What operators note on customers, for each other: whoever helps customers or moves their money
-- writes; one changes one's own, an administrator any.
local body = require "dashboard.body"
local cjson = require "cjson"
local find = require "admin.find"
local find_user = require "admin.find_user"
local query = require "query"
local roles = require "dashboard.roles"
local store = require "store"

local notes = {}

local PAGE_ROWS, PAGE_ROWS_MAX = 20, 100
local TEXT_BYTES_MAX = 4096
local TEXT = { text = true }

local function check_may_write(x, operator)
    if not roles.may(operator, "money.write") and not roles.may(operator, "customers.help") then
        roles.refuse(x, operator, "customers.help")
    end
end

local LINE_BREAKS = { [9] = true, [10] = true, [13] = true } -- and tabs

-- A text for people, whose lines may break. (Patterns do not search texts of this length.)
local function read_text(x, members)
    body.require(x, members, "text")
    local text = body.text(x, members, "text", TEXT_BYTES_MAX)
    local says_something = false
    for i = 1, #text do
        local byte = string.byte(text, i)
        if (byte < 32 and not LINE_BREAKS[byte]) or byte == 127 then
            x:refuse(400, "invalid_value", "text must be without control characters.", "text")
        end
        says_something = says_something or byte > 32
    end
    if not says_something then
        x:refuse(400, "invalid_value", "text must say something.", "text")
    end
    return text
end

function notes.list(x)
    local values = query.read(x)
    local user = find_user(x, query.text(x, values, "user_id"))
    local cursor = query.text(x, values, "cursor")
    local limit = query.integer(x, values, "limit", PAGE_ROWS, 1, PAGE_ROWS_MAX)
    x:reply(200, store.call(x, "note.list", user.id, cursor, limit))
end

function notes.create(x, operator)
    check_may_write(x, operator)
    local members = body.read_change(x, { user_id = true, text = true })
    local user = find_user(x, body.text(x, members, "user_id"))
    roles.check_target(x, operator, user)
    x:reply(201, store.act(x, operator.id, "note.create", user.id, read_text(x, members)))
end

-- Checks that the operator may change the note: the author never changes.
local function check_own(x, operator, id)
    check_may_write(x, operator)
    local note = cjson.decode(find(x, "note.get", id, "note"))
    if note.author.id ~= operator.id and not roles.may(operator, "staff.manage") then
        roles.refuse(x, operator, "staff.manage")
    end
end

function notes.update(x, operator, id)
    check_own(x, operator, id)
    local text = read_text(x, body.read_change(x, TEXT))
    x:reply(200, store.act(x, operator.id, "note.update", id, text))
end

function notes.delete(x, operator, id)
    check_own(x, operator, id)
    store.act(x, operator.id, "note.delete", id)
    x:reply(204)
end

return notes
