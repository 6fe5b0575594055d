-- What the signed-in user wants to be told, and the user's webhook (docs/MAIL.md).
local body = require "dashboard.body"
local cjson = require "cjson"
local json = require "json"
local limits = require "dashboard.limits"
local session = require "dashboard.session"
local store = require "store"

local notices = {}

-- The members that can be changed, with the bits of notice.set (core/store/call.h).
local CHANGES = { low_balance = 1, receipts = 2, key_expiry = 4, language = 8, quotas = 16 }
local LOW_USD_MAX = limits.CHARGE_USD_MAX
local URL_BYTES_MAX = 500

function notices.get(x)
    local user = session.user(x)
    x:reply(200, store.call(x, "notice.get", user.id))
end

-- true, unless it is absent.
local function read_wish(x, members, given, name)
    local wish = body.boolean(x, members, name)
    if given[name] and wish == nil then
        x:refuse(400, "invalid_value", name .. " must be true or false.", name)
    end
    return wish and 1 or 0
end

-- "en" or "ko"; nil if it is absent.
function notices.read_language(x, members)
    local language = body.text(x, members, "language")
    if language and language ~= "en" and language ~= "ko" then
        x:refuse(400, "invalid_value", "language must be en or ko.", "language")
    end
    return language
end

-- Changes the given members; null for low_balance: it is not told.
function notices.update(x)
    local user = session.user(x)
    local members, given = body.read_change(x, CHANGES)
    local sets = 0
    for name, bit in pairs(CHANGES) do
        sets = sets + (given[name] and bit or 0)
    end
    local low_nusd = body.amount(x, members, "low_balance", 1, LOW_USD_MAX)
    local receipts = read_wish(x, members, given, "receipts")
    local key_expiry = read_wish(x, members, given, "key_expiry")
    local quotas = read_wish(x, members, given, "quotas")
    local language = notices.read_language(x, members)
    if given.language and not language then
        x:refuse(400, "invalid_value", "language must be en or ko.", "language")
    end
    x:reply(200, store.call(x, "notice.set", user.id, sets, low_nusd, receipts, key_expiry,
        language, quotas))
end

-- ---- the webhook ----

local function check_on(x)
    if core.webhooks == "off" then
        x:refuse(403, "webhooks_disabled", "Webhooks are switched off here.")
    end
end

-- No user, no fragment, visible ASCII; http only where the operator allows private addresses.
local function is_url(url)
    local scheme, host = string.match(url, "^(https?)://([^/?#]+)[^#]*$")
    return scheme and (scheme == "https" or core.webhooks == "any")
        and not string.find(url, "[^!-~]") and not string.find(host, "@", 1, true)
        and not string.find(host, "^:") and not string.find(url, '["<>\\^`{|}]')
end

-- 32 random bytes, as Standard Webhooks write them.
local function new_secret(x)
    local token = x:new_token()
    return "whsec_" .. string.gsub(string.gsub(token, "%-", "+"), "_", "/") .. "="
end

-- Sets the address, with a new secret that is shown this once. So it is in use again, too.
function notices.set_webhook(x)
    local user = session.user(x)
    check_on(x)
    local members = body.read(x)
    body.require(x, members, "url")
    local url = body.text(x, members, "url", URL_BYTES_MAX)
    if not is_url(url) then
        x:refuse(400, "invalid_value", "url must be an address that begins with https://, without"
            .. " a user, a password or a #.", "url")
    end
    local secret = new_secret(x)
    local text = store.call(x, "webhook.set", user.id, url,
        x:seal_webhook_secret(user.id, secret))
    x:reply(201, json.encode {
        secret = secret,
        webhook = json.raw(core.json_members(text).webhook),
    })
end

function notices.delete_webhook(x)
    local user = session.user(x)
    store.call(x, "webhook.delete", user.id)
    x:reply(204)
end

local TESTS, TESTS_MS = 10, 60 * 1000

function notices.test_webhook(x)
    local user = session.user(x)
    check_on(x)
    local allowed, retry_after_ms = x:throttle("webhook test:" .. user.id, TESTS, TESTS_MS, 1)
    if not allowed then
        x:refuse(429, "rate_limit_exceeded", "Too many test messages. Try again in a minute.", nil,
            nil, math.max(retry_after_ms, 1))
    end
    if not store.find(x, "webhook.test", user.id) then
        x:refuse(404, "not_found", "You have no webhook that is in use.")
    end
    x:reply(202, "{}")
end

-- ---- the address ----

-- Whether the language of the user is to be another than the one that new users have.
function notices.keep_language(x, user_text, language)
    local user = cjson.decode(user_text)
    if not language or language == user.language then
        return user_text
    end
    store.call(x, "notice.set", user.id, CHANGES.language, nil, nil, nil, language, nil)
    return store.call(x, "user.get", user.id)
end

return notices
