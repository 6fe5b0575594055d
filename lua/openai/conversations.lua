-- Conversations that a provider keeps, for the account that made them, and their items.
local kept = require "openai.kept"
local policy = require "policy"
local store = require "store"
local turns = require "openai.turns"

local conversations = {}

-- POST conversations
function conversations.create(x)
    local account_id = kept.caller(x)
    x:read_items()
    local provider, done = policy.first_keeper, false
    local naming = x:names_kept()
    if x:keeps_turns() and naming ~= "strictly" or naming and kept.is_ours(x) then
        -- Any provider can go on with it. What names our own items is refused there.
        turns.create_conversation(x, account_id)
    elseif naming then -- items that are kept: only their provider can take them
        provider, done = kept.ask(x, "POST", "/conversations", "sent")
    elseif provider then
        done = kept.ask_keeper(x, provider, "POST", "/conversations", "sent")
    else
        x:refuse(404, "not_found", "No provider of this gateway keeps conversations. Send all "
            .. "of it with each call.", nil, nil, nil, true)
    end
    if done then
        kept.own(x, account_id, provider, "conversation")
    end
    x:reply_asked()
end

-- Begins a question about a conversation. Returns the account, its id, the path at the provider,
-- whether it is about its items, and the id of one of them.
local function begin(x, rest)
    local account_id = kept.caller(x)
    local id, tail = string.match(rest, "^([^/]+)(.*)$")
    local item = tail and string.match(tail, "^/items/([^/]+)$")
    if not id or (tail ~= "" and tail ~= "/items" and not item) then
        kept.refuse_path(x)
    end
    kept.name(x, "conversation", id)
    if item and not string.match(item, "^[%w_%-:][%w_%-.:]*$") then
        kept.refuse_path(x)
    end
    return account_id, id, "/conversations/" .. rest, tail ~= "", item
end

-- GET conversations/{id}, conversations/{id}/items and conversations/{id}/items/{item}
function conversations.get(x, rest)
    local account_id, id, path, of_items, item = begin(x, rest)
    if kept.is_ours(x) then
        if of_items then
            turns.show_items(x, item)
        end
        turns.show_conversation(x, id)
    end
    local provider, done = kept.ask(x, "GET", path)
    if done and of_items then
        kept.own(x, account_id, provider, "items")
    end
    x:reply_asked()
end

-- POST conversations/{id} (its metadata) and conversations/{id}/items
function conversations.post(x, rest)
    local account_id, id, path, of_items, item = begin(x, rest)
    if item then
        kept.refuse_path(x)
    end
    x:read_items()
    if x:keeps_turns() and kept.is_ours(x) then
        turns.change_conversation(x, account_id, id, of_items)
    end
    local provider, done = kept.ask(x, "POST", path, "sent")
    if done and of_items then
        kept.own(x, account_id, provider, "items")
        store.call(x, "object.grow", account_id, id, x:body_tokens())
    end
    x:reply_asked()
end

-- DELETE conversations/{id} and conversations/{id}/items/{item}
function conversations.delete(x, rest)
    local account_id, id, path, of_items, item = begin(x, rest)
    if of_items and not item then
        kept.refuse_path(x)
    end
    if kept.is_ours(x) and (x:keeps_turns() or not item) then
        if item then
            turns.delete_item(x, account_id, id, item)
        end
        turns.delete_conversation(x, account_id, id)
    end
    local _, done = kept.ask(x, "DELETE", path)
    if done then
        store.call(x, "object.delete", account_id, item or id)
    end
    x:reply_asked()
end

return conversations
