-- What the gateway itself keeps of conversations, where the operator lets it (keep_responses_days):
-- responses and conversations of the account, whatever provider has answered.
local kept = require "openai.kept"
local query = require "query"
local store = require "store"

local turns = {}

local PAGE_ITEMS, PAGE_ITEMS_MAX = 20, 100
local ORDERS = { asc = true, desc = true }

-- Loads what the address names. Ends the task if it is no longer there.
local function load(x, purpose)
    if not x:find_turns(purpose or "show") then
        x:refuse_turns()
    end
end

local function reply_page(x, what)
    local values = query.read(x)
    local limit = query.integer(x, values, "limit", PAGE_ITEMS, 1, PAGE_ITEMS_MAX)
    local order = query.choice(x, values, "order", "desc", ORDERS)
    x:reply_items(what, limit, values.after or "", order == "asc")
end

-- ---- responses ----

function turns.show_response(x)
    load(x)
    x:reply_response()
end

function turns.show_input(x)
    load(x, "input")
    reply_page(x, "input")
end

function turns.delete_response(x, account_id, id)
    store.call(x, "turn.delete_response", account_id, id)
    x:reply(200, '{"id":"' .. id .. '","object":"response","deleted":true}')
end

-- ---- conversations ----

local function add(x, account_id, id, sealed, keep_ms, bytes_max)
    store.call(x, "turn.add", account_id, id, sealed, keep_ms, bytes_max)
end

function turns.create_conversation(x, account_id)
    local id = "conv_" .. (x:new_token())
    store.call(x, "turn.begin", account_id, id, x:seal_turn())
    store.call(x, "object.add", account_id, kept.GATEWAY, "conversation 0 " .. id)
    kept.name(x, "conversation", id)
    turns.show_conversation(x, id)
end

function turns.show_conversation(x, id)
    load(x)
    x:reply_conversation(id)
end

function turns.delete_conversation(x, account_id, id)
    store.call(x, "turn.delete_conversation", account_id, id)
    x:reply(200, '{"id":"' .. id .. '","object":"conversation.deleted","deleted":true}')
end

-- The metadata, or items, of the body.
function turns.change_conversation(x, account_id, id, of_items)
    load(x) -- it must not get more than can be read
    add(x, account_id, id, x:seal_turn())
    if not of_items then
        turns.show_conversation(x, id)
    end
    load(x)
    x:reply_items("last", PAGE_ITEMS_MAX, "", true)
end

-- Its items, or one of them.
function turns.show_items(x, item)
    load(x)
    if not item then
        reply_page(x, "all")
    end
    x:reply_item(item)
    kept.refuse_path(x)
end

function turns.delete_item(x, account_id, id, item)
    load(x)
    if not x:has_item(item) then
        kept.refuse_path(x)
    end
    add(x, account_id, id, x:seal_removal(item))
    turns.show_conversation(x, id)
end

return turns
