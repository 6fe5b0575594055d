-- POST /admin/providers/test: tries one call of a provider, as an administrator. What comes of it
-- is in the database, so it is there even if the page is closed meanwhile.
local body = require "dashboard.body"
local cjson = require "cjson"
local policy = require "policy"
local store = require "store"

local test_call = {}

local KNOWN = { provider = true, model = true, key = true, stream = true }
local STATUS = {
    not_found = 404, provider_unavailable = 503, wrong_endpoint = 404, invalid_value = 400,
}
local LOOK_MS = 100
local LOOKS_MAX = 700 -- LIMIT_TEST_CALL_MS of core/base/limits.h, and ten seconds for the database

local function await(x, id)
    for _ = 1, LOOKS_MAX do
        local result = store.find(x, "provider.test_result", id)
        if result then
            return result
        end
        x:sleep(LOOK_MS)
    end
    x:refuse(503, "unavailable", "The provider was asked, but what came of it cannot be written.")
end

-- The place of a key in its provider's pool, from 1.
local function read_key(x, members)
    local raw = members.key
    local key = raw and #raw <= 2 and string.find(raw, "^%d+$") and tonumber(raw)
    if raw and (not key or key < 1) then
        x:refuse(400, "invalid_value", "key must be the place of a key, from 1.", "key")
    end
    return key
end

function test_call.run(x, admin)
    local members = body.read_change(x, KNOWN)
    body.require(x, members, "provider")
    local provider = body.text(x, members, "provider")
    local key, streamed = read_key(x, members), body.boolean(x, members, "stream") or false
    local asked, code, message, param = policy.test_call {
        provider = provider, provider_model = body.text(x, members, "model"), key = key,
        streamed = streamed,
    }
    if not asked then
        x:refuse(STATUS[code], code, message, param)
    end
    local noted = store.act(x, admin.id, "provider.test", asked.model, provider,
        asked.provider_model, key or 0, streamed and 1 or 0)
    local id = cjson.decode(noted).id
    local text = string.format(asked.format, cjson.encode(asked.model))
    x:test_call(id, asked.model, asked.dialect, text, asked.candidate, asked.need)
    x:reply(200, await(x, id))
end

return test_call
