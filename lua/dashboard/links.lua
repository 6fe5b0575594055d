-- Links that are mailed: to set a new password, to verify an address. Their tokens are sealed until
-- the courier writes the mail; the database has only digests.
local body = require "dashboard.body"
local cjson = require "cjson"
local credentials = require "dashboard.credentials"
local doors = require "dashboard.doors"
local session = require "dashboard.session"
local store = require "store"
local throttle = require "dashboard.throttle"

local links = {}

local PASSWORD_MS = 3600 * 1000
local ADDRESS_MS = 2 * 24 * 3600 * 1000
local TOKEN_BYTES_MAX = 128

-- The address of a page, with a token behind the #, which browsers send nowhere.
function links.page(page, token)
    return core.public_url .. "/dashboard/" .. page .. "#" .. token
end

local function check_mail(x)
    if not core.mail then
        x:refuse(403, "mail_disabled", "This gateway sends no mail. Ask its operator.")
    end
end

-- Answers the same, as late, whether there is an account with this address or not.
function links.forgot(x)
    check_mail(x)
    local members = body.read(x)
    body.require(x, members, "email")
    local email = body.text(x, members, "email")
    if not credentials.is_possible(email) or not string.find(email, "@", 1, true) then
        credentials.refuse_email(x)
    end
    throttle.count_mail(x, "forgot:" .. string.lower(email))
    local digest, sealed = x:new_mail_token()
    store.call(x, "link.mail", email, digest, sealed, core.now_ms() + PASSWORD_MS)
    x:reply(202, "{}")
end

local function mail_address_link(x, user_id)
    local digest, sealed = x:new_mail_token()
    store.call(x, "address.mail", user_id, digest, sealed, core.now_ms() + ADDRESS_MS)
end

-- For a new user. One that cannot have a mail now asks for it later.
function links.welcome(x, user_text)
    local user = cjson.decode(user_text)
    if core.mail and core.verifies_email and user.email_verified_at == cjson.null
        and throttle.may_mail(x) then
        mail_address_link(x, user.id)
    end
end

-- Who must verify an address does so before a second factor is set up; others after it.
local function verifying_user(x)
    local user = session.restricted_user(x)
    return user.must_verify and user or session.user(x)
end

function links.send_verification(x)
    local user = verifying_user(x)
    check_mail(x)
    if user.email_verified_at ~= cjson.null and user.mail_refused_at == cjson.null then
        x:refuse(409, "already_verified", "This address is verified already.")
    end
    throttle.count_mail(x, "verify:" .. user.id)
    mail_address_link(x, user.id)
    x:reply(202, "{}")
end

-- By who is signed in to the account: a stranger may have made it with the reader's address.
function links.verify(x)
    local user = verifying_user(x)
    local members = body.read(x)
    body.require(x, members, "token")
    local digest = x:digest(body.text(x, members, "token", TOKEN_BYTES_MAX))
    local found = store.find(x, "address.verify", digest, user.id, doors.credit_terms())
    if not found then
        x:refuse(404, "link_invalid", "This link does not work any more: it was used, or its time"
            .. " is over. Ask for a new one on the page Account.", "token")
    end
    x:reply(200, found)
end

return links
