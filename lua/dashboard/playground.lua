-- POST playground/chat/completions and playground/estimate: a call to a model by a signed-in user,
-- with one of the user's keys, and what it would cost. A key is shown only once and not stored, so
-- the page cannot send it; it sends the key's id instead. All else is like any call with that key.
local body = require "dashboard.body"
local chat = require("openai.call").at("/chat/completions")
local cjson = require "cjson"
local estimate = require "openai.estimate"
local keys = require "dashboard.keys"
local query = require "query"
local session = require "dashboard.session"
local store = require "store"

local playground = {}

local function with_key(x, handler)
    local user = session.user(x)
    body.check_type(x)
    local key_id = query.read(x).key_id
    if not key_id then
        x:refuse(400, "missing_field", "key_id is missing: the id of the key that pays.", "key_id")
    end
    local found = keys.is_id(key_id) and store.find(x, "key.digest", user.id, key_id)
    if not found then
        x:refuse(404, "not_found", "You have no such key.", "key_id")
    end
    handler(x, nil, cjson.decode(found).digest, user.id)
end

function playground.chat(x)
    with_key(x, chat)
end

function playground.estimate(x)
    with_key(x, estimate.chat)
end

return playground
