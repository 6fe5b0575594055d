-- What the Responses API has beside its calls: responses that a provider keeps, for the account
-- that made them.
local kept = require "openai.kept"
local store = require "store"
local turns = require "openai.turns"

local responses = {}

-- GET responses: Codex asks for a WebSocket first, and takes POST after a 426.
function responses.upgrade(x)
    x:header("Upgrade", "HTTP/1.1")
    x:refuse(426, "websocket_not_supported",
        "There are no WebSockets here. Send the request with POST, streamed with \"stream\": true.")
end

-- Begins a question about a response. `tails`: what may stand behind its id. Returns the account,
-- the id, the path at the provider, and what stands behind the id.
local function begin(x, rest, tails)
    local account_id = kept.caller(x)
    local id, tail = string.match(rest, "^([^/]+)(.*)$")
    if not id or not tails[tail] then
        kept.refuse_path(x)
    end
    kept.name(x, "response", id)
    return account_id, id, "/responses/" .. rest, tail
end

-- Servers differ in which of several members they obey.
local function is_streamed(query)
    for pair in string.gmatch(query, "[^&;]+") do
        local name, value = string.match(pair, "^([^=]*)=?(.*)$")
        if core.unescape(name) == "stream" and value ~= "false" then
            return true
        end
    end
    return false
end

local READ = { [""] = true, ["/input_items"] = true }

-- GET responses/{id} and responses/{id}/input_items
function responses.get(x, rest)
    local account_id, _, path, tail = begin(x, rest, READ)
    local _, _, query = x:asked()
    if is_streamed(string.sub(query, 1, kept.QUERY_BYTES)) then
        x:refuse(400, "invalid_value", "A response that is kept cannot be streamed again here. Ask "
            .. "without stream=true.", "stream")
    end
    if kept.is_ours(x) then
        local show = tail == "" and turns.show_response or turns.show_input
        show(x)
    end
    local provider, done = kept.ask(x, "GET", path)
    if done and tail ~= "" then
        kept.own(x, account_id, provider, "items")
    end
    x:reply_asked()
end

-- DELETE responses/{id}
function responses.delete(x, rest)
    local account_id, id, path = begin(x, rest, { [""] = true })
    if kept.is_ours(x) then
        turns.delete_response(x, account_id, id)
    end
    local _, done = kept.ask(x, "DELETE", path)
    if done then
        store.call(x, "object.delete", account_id, id)
    end
    x:reply_asked()
end

-- POST responses/{id}/cancel
function responses.post(x, rest)
    local _, _, path = begin(x, rest, { ["/cancel"] = true })
    if kept.is_ours(x) then
        x:refuse(400, "invalid_value", "This response is complete: it cannot be cancelled.")
    end
    kept.ask(x, "POST", path)
    x:reply_asked()
end

return responses
