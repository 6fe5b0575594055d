-- Sign-up, sign-in and sign-out; and who is signed in.
local body = require "dashboard.body"
local cjson = require "cjson"
local credentials = require "dashboard.credentials"
local doors = require "dashboard.doors"
local json = require "json"
local limits = require "dashboard.limits"
local links = require "dashboard.links"
local notices = require "dashboard.notices"
local roles = require "dashboard.roles"
local reply_signed_in = require "dashboard.signed_in"
local second_factor = require "dashboard.second_factor"
local session = require "dashboard.session"
local store = require "store"
local throttle = require "dashboard.throttle"

local auth = {}

local NAME_BYTES_MAX = limits.NAME_BYTES_MAX

local function read_credentials(x)
    local members = body.read(x)
    body.require(x, members, "email")
    body.require(x, members, "password")
    local email = body.text(x, members, "email")
    return email, body.text(x, members, "password", credentials.TEXT_BYTES_MAX), members
end

-- ---- signing up ----

function auth.signup(x)
    local email, password, members = read_credentials(x)
    local name = body.label(x, members, "name", NAME_BYTES_MAX)
    if not credentials.is_email(email) then
        credentials.refuse_email(x)
    end
    local language = notices.read_language(x, members)
    local invitation = doors.check(x, members, email)
    local terms = doors.check_terms(x, members)
    credentials.check_new(x, password, email, "password")
    throttle.count_signup(x)
    local proof, proof_expires_ms = doors.check_proof(x, members)
    doors.check_by_operator(x, members, email)
    local hash = credentials.hash(x, password, email)
    local user_text = store.call(x, "user.sign_up", email, name, hash,
        core.doors.must_verify and 1 or 0, doors.mailbox_digest(x, email), invitation, terms,
        proof, proof_expires_ms, doors.credit_terms())
    user_text = notices.keep_language(x, user_text, language)
    links.welcome(x, user_text)
    session.start(x, cjson.decode(user_text).id, hash)
    reply_signed_in(x, 201, user_text)
end

-- ---- signing in ----

local NOBODY = { password_hash = "", unlocked_ms = 0, known_device = false, disabled = true }

-- Finds the account of an address; if there is none, returns an empty one.
local function find_account(x, email, device)
    if not credentials.is_possible(email) then
        return NOBODY
    end
    local text = store.find(x, "user.credentials", email, device, session.digest(x))
    return text and cjson.decode(text) or NOBODY
end

function auth.signin(x)
    local email, password = read_credentials(x)
    local device = session.device(x)
    local account = find_account(x, email, device)
    local known = account.known_device and (device or session.digest(x)) or nil
    local attempt = throttle.begin_signin(x, known, account.unlocked_ms, email)
    -- Takes as long for an address without an account.
    local right = credentials.verify(x, password, account.password_hash, email,
        known and "trusted" or attempt.failures == 0 and "clean" or "suspect")
    if not right or account.disabled then
        throttle.fail_signin(x, attempt)
        x:refuse(401, "invalid_credentials", "The e-mail address or the password is wrong.")
    end
    throttle.end_signin(x, attempt)
    local user_text = store.call(x, "user.get", account.id)
    second_factor.await(x, cjson.decode(user_text), account.password_hash)
    session.start(x, account.id, account.password_hash)
    if not known or not device then
        session.remember_device(x, account.id, account.password_hash)
    end
    reply_signed_in(x, 200, user_text)
end

-- ---- and out ----

function auth.signout(x)
    session.finish(x)
    x:reply(204)
end

-- Ends all sessions, this one too.
function auth.signout_everywhere(x)
    local user = session.restricted_user(x)
    store.call(x, "session.end_all", user.id)
    session.forget(x)
    x:reply(204)
end

-- To who must set a second factor up first: nothing of the account.
local function reply_restricted(x, user, user_text)
    x:reply(200, json.encode {
        user = json.raw(user_text),
        permissions = json.list(roles.permissions(user.role)),
        second_factor_required = true,
    })
end

function auth.me(x)
    local user, user_text = session.restricted_user(x)
    if session.needs_second_factor(user) then
        reply_restricted(x, user, user_text)
    end
    local balance = core.json_members(store.call(x, "balance.get", user.account_id)).balance
    x:reply(200, json.encode {
        user = json.raw(user_text),
        balance = json.raw(balance),
        permissions = json.list(roles.permissions(user.role)),
    })
end

-- For pages that must know whether somebody is signed in: a 401 would be an error in the console of
-- every visitor. The version is that of the pulse: what a page loads after it is not older.
function auth.session(x)
    local user, user_text = session.find(x)
    if not user then
        x:reply(200, json.encode { user = json.null })
    elseif session.needs_second_factor(user) then
        reply_restricted(x, user, user_text)
    end
    local balance = store.find(x, "pulse.get", session.digest(x))
    if not balance then
        x:reply(200, json.encode { user = json.null }) -- the session has just ended
    end
    local wishes = core.json_members(store.call(x, "notice.get", user.id))
    x:reply(200, json.encode {
        user = json.raw(user_text),
        balance = json.raw(balance),
        low_balance = json.raw(wishes.low_balance),
        permissions = json.list(roles.permissions(user.role)),
    })
end

return auth
