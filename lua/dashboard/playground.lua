-- POST playground/PATH and playground/estimate: a call to a model by a signed-in user, with one of
-- the user's keys, and what it would cost. A key is shown only once and not stored, so the page
-- cannot send it; it sends the key's id instead. All else is like any call with that key.
local body = require "dashboard.body"
local call = require "openai.call"
local cjson = require "cjson"
local estimate = require "openai.estimate"
local json = require "json"
local query = require "query"
local session = require "dashboard.session"
local store = require "store"

local playground = {}

-- Returns a handler that finds the key and hands its digest to `handler`.
local function with_key(handler, check_type)
    return function(x, id)
        local user = session.user(x)
        check_type(x)
        local key_id = query.read(x).key_id
        if not key_id then
            x:refuse(400, "missing_field", "key_id is missing: the id of the key that pays.",
                "key_id")
        end
        local found = store.is_id(key_id) and store.find(x, "key.digest", user.id, key_id)
        if not found then
            x:refuse(404, "not_found", "You have no such key.", "key_id")
        end
        handler(x, id, cjson.decode(found).digest, user.id)
    end
end

-- A call with a file. Pages of other sites can send forms without asking first; what stops them is
-- their Origin (session.check_origin), and that they do not get the session's cookie.
local function check_form(x)
    if not body.has_type(x, "multipart/form-data") then
        x:refuse(400, "invalid_value", "Send the file in a form (multipart/form-data).")
    end
end

-- What a page must send (x-body-pass) with a body above 64 KB.
local function give_pass(x, _, digest)
    local pass, until_ms = x:body_pass(digest)
    x:reply(201, json.encode { pass = pass, expires_at = core.format_time(until_ms) })
end

-- A handler of an endpoint with a dialect of its own, by its word in models.lua.
local function small(path, word, check_type)
    return with_key(call.of(word, path), check_type or body.check_type)
end

-- The endpoints that have a page, by their path below a mount of the API.
local SMALL = {
    ["completions"] = small("/completions", "completions"),
    ["embeddings"] = small("/embeddings", "embeddings"),
    ["moderations"] = small("/moderations", "moderations"),
    ["rerank"] = small("/rerank", "rerank"),
    ["images/generations"] = small("/images/generations", "images"),
    ["images/edits"] = small("/images/edits", "image_edits", check_form),
    ["audio/speech"] = small("/audio/speech", "speech"),
    ["audio/transcriptions"] = small("/audio/transcriptions", "transcriptions", check_form),
    ["audio/translations"] = small("/audio/translations", "translations", check_form),
}

playground.chat = with_key(call.at("/chat/completions"), body.check_type)
playground.estimate = with_key(estimate.chat, body.check_type)
playground.estimate_of = with_key(estimate.of, body.check_type)
playground.pass = with_key(give_pass, body.check_type)

function playground.of(x, path_text)
    local handler = SMALL[path_text]
    if not handler then
        session.user(x)
        x:refuse(404, "not_found", "The playground has no such call.")
    end
    handler(x)
end

return playground
