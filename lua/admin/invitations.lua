-- Invitations, and customers whom the operator makes. Each act is in the audit log.
local body = require "dashboard.body"
local credentials = require "dashboard.credentials"
local json = require "json"
local limits = require "dashboard.limits"
local links = require "dashboard.links"
local notices = require "dashboard.notices"
local query = require "query"
local read_group = require "admin.group"
local store = require "store"

local invitations = {}

local PAGE_ROWS, PAGE_ROWS_MAX = 50, 1000
local USES_MAX = limits.INVITATION_USES_MAX
local DAY_MS = 24 * 3600 * 1000
local EXPIRY_MS, EXPIRY_MS_MAX = 7 * DAY_MS, 366 * DAY_MS

local function read_email(x, members)
    local email = body.text(x, members, "email")
    if email and not credentials.is_email(email) then
        credentials.refuse_email(x)
    end
    return email
end

local function read_uses(x, members, email)
    local raw = members.uses
    local most = email and 1 or USES_MAX
    local uses = raw == nil and 1
        or #raw <= 5 and string.find(raw, "^%d+$") and tonumber(raw)
    if not uses or uses < 1 or uses > most then
        x:refuse(400, "invalid_value", "uses must be a whole number from 1 to " .. most
            .. (email and ": an invitation of an address is used once." or "."), "uses")
    end
    return uses
end

local function read_expiry(x, members)
    local now_ms = core.now_ms()
    local expires_ms = body.future(x, members, "expires_at") or now_ms + EXPIRY_MS
    if expires_ms > now_ms + EXPIRY_MS_MAX then
        x:refuse(400, "invalid_value", "expires_at must be within a year.", "expires_at")
    end
    return expires_ms
end

function invitations.list(x)
    local values = query.read(x)
    x:reply(200, store.call(x, "invitation.list", query.text(x, values, "cursor"),
        query.integer(x, values, "limit", PAGE_ROWS, 1, PAGE_ROWS_MAX)))
end

-- The token: sealed if it is mailed, else shown.
local function new_token(x, is_mailed)
    if is_mailed then
        local digest, sealed = x:new_mail_token()
        return digest, sealed, nil
    end
    local token, digest = x:new_token()
    return digest, nil, token
end

-- Without a mail server, or with `mail` false, the link is in the answer, this once.
function invitations.create(x, admin)
    local members = body.read(x)
    local email = read_email(x, members)
    local mail = body.boolean(x, members, "mail")
    if mail and not (core.mail and email) then
        x:refuse(400, "invalid_value", email and "This gateway has no mail server (smtp_url)."
            or "mail needs an email to send it to.", "mail")
    end
    local uses = read_uses(x, members, email)
    local expires_ms = read_expiry(x, members)
    local credit_nusd = body.amount(x, members, "credit", 1, limits.CHARGE_USD_MAX)
    local group = read_group(x, members) or ""
    local language = notices.read_language(x, members)
    local digest, sealed, token = new_token(x, email and core.mail and mail ~= false)
    local made = store.act(x, admin.id, "invitation.create", x:new_id("inv"), digest, email, sealed,
        group, credit_nusd, uses, expires_ms, language)
    x:reply(201, json.encode {
        invitation = json.raw(made),
        url = token and links.page("invitation", token) or json.null,
    })
end

function invitations.revoke(x, admin, id)
    local made = store.is_id(id) and store.find_act(x, admin.id, "invitation.revoke", id)
    if not made then
        x:refuse(404, "not_found", "There is no such invitation.")
    end
    x:reply(200, made)
end

-- ---- customers ----

-- A customer without a password, and the link that sets one.
function invitations.create_customer(x, admin)
    local members = body.read(x)
    body.require(x, members, "email")
    local email = read_email(x, members)
    local name = body.label(x, members, "name", limits.NAME_BYTES_MAX) or ""
    local group = read_group(x, members) or ""
    local language = notices.read_language(x, members)
    local token, digest = x:new_token()
    local expires_ms = core.now_ms() + DAY_MS
    local user_text = store.act(x, admin.id, "customer.create", email, name, group, digest,
        expires_ms)
    user_text = notices.keep_language(x, user_text, language)
    x:reply(201, json.encode {
        user = json.raw(user_text),
        url = links.page("password", token),
        expires_at = core.format_time(expires_ms),
    })
end

return invitations
