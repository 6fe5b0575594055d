-- POST playground/chat/completions: a call to a model by who is signed in, with one of his keys. A
-- key is shown once and then kept nowhere, so the page has none to send; it names it instead. All
-- else is as for any call with that key.
local body = require "dashboard.body"
local caller = require "openai.caller"
local chat = require "openai.chat"
local cjson = require "cjson"
local keys = require "dashboard.keys"
local query = require "query"
local session = require "dashboard.session"
local store = require "store"

return function(x)
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
    chat(x, nil, caller.authenticate_as(x, cjson.decode(found).digest, user.id))
end
