-- What a mail service tells of mails that came back (docs/MAIL.md). What is particular to one
-- stands in mail_events/NAME.lua; another one is another such file, and its name in the setting
-- mail_events. It has:
--
--   read(event)               of a decoded body: a list of {email, why}, of addresses that take no
--                             mail for good and of those whose owners call ours unwanted; empty:
--                             it tells of none; nil: it is no event of this service
--   is_signed(event, secret, x, body)  may be missing: then the request has the secret as its
--                             password
--   fits(x, body, key)        may be missing: whether the request has a signature of its body, by
--                             the owner of the setting mail_events_key; looked at besides
--   confirmation(event)       may be missing: the address that the operator must open once
--
-- Whoever knows the secret can keep a customer from being mailed, and nothing else. An event that
-- comes twice changes nothing, so none is remembered.
local cjson = require "cjson"
local credentials = require "dashboard.credentials"
local store = require "store"
local words = require "words"

local mail_events = {}

local BODY_BYTES_MAX = 1024 * 1024 -- SendGrid tells of up to 768 KB of events at once
local WHY_BYTES_MAX = 299 -- LIMIT_ATTEMPT_WORDS_BYTES

local service = core.mail_events ~= "off" and require("mail_events." .. core.mail_events) or nil

local function decode(body)
    local good, value = pcall(cjson.decode, body)
    return good and type(value) == "table" and value or nil
end

local function refuse_signature(x, what)
    x:refuse(400, "invalid_signature", "The signature does not fit: gateway.conf must have the "
        .. what .. ".")
end

-- Services that are given an address with a password in it ask without it first (RFC 7617).
local function refuse_password(x)
    x:header("WWW-Authenticate", 'Basic realm="mail events"')
    x:refuse(401, "invalid_credentials", "The password must be the one that gateway.conf"
        .. " has for mail_events.")
end

-- Compares keyed hashes: how long that takes tells nothing of the secret.
local function check_password(x)
    local password = core.password_of(x:asked_header("authorization") or "")
    if not password or x:digest(password) ~= x:digest(core.mail_events_secret) then
        refuse_password(x)
    end
end

local function read_event(x)
    if not service.is_signed then
        check_password(x)
        local body = x:body(BODY_BYTES_MAX)
        if core.mail_events_key ~= "" and not service.fits(x, body, core.mail_events_key) then
            refuse_signature(x, "verification key of the service (mail_events_key)")
        end
        return decode(body)
    end
    local body = x:body(BODY_BYTES_MAX)
    local event = decode(body)
    if not event or not service.is_signed(event, core.mail_events_secret, x, body) then
        refuse_signature(x, "signing key of the service's webhooks")
    end
    return event
end

-- Who has no account here is no fault: others may send by the same service.
local function note(x, found)
    if type(found.email) ~= "string" or not credentials.is_possible(found.email) then
        return
    end
    local done, code, message = x:call("address.refused", found.email,
        words(found.why, WHY_BYTES_MAX) or "The mail service says that it came back.")
    if not done and code ~= "not_found" then
        store.fail(x, code, message)
    end
end

function mail_events.take(x, name)
    if not service or name ~= core.mail_events then
        x:refuse(404, "not_found", "There is no such mail service here.")
    end
    local event = read_event(x)
    local url = event and service.confirmation and service.confirmation(event)
    local list = event and (url and {} or service.read(event))
    if not list then
        x:refuse(400, "invalid_value", "This is no event of this mail service.")
    end
    if url then
        core.tell_operator("the mail service waits until this address is opened once", url)
    end
    for _, found in ipairs(list) do
        note(x, found)
    end
    x:reply(200, '{"received":true}')
end

return mail_events
