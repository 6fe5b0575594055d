-- Signing up, in and out; who is signed in.
local body = require "dashboard.body"
local cjson = require "cjson"
local credentials = require "dashboard.credentials"
local json = require "json"
local limits = require "dashboard.limits"
local session = require "dashboard.session"
local store = require "store"
local throttle = require "dashboard.throttle"

local auth = {}

local NAME_BYTES_MAX = limits.NAME_BYTES_MAX
local PASSWORD_TEXT_BYTES_MAX = 4096 -- as it was sent, before it is normalised and judged

local function read_credentials(x)
    local members = body.read(x)
    body.require(x, members, "email")
    body.require(x, members, "password")
    local email = body.text(x, members, "email")
    return email, body.text(x, members, "password", PASSWORD_TEXT_BYTES_MAX), members
end

local function reply_user(x, status, user_text)
    x:reply(status, json.encode { user = json.raw(user_text) })
end

-- ---- signing up ----

local function check_new(x, email, password)
    if not credentials.is_email(email) then
        x:refuse(400, "invalid_email", "email must be an address such as name@example.com.",
            "email")
    end
    local weakness = credentials.weakness(password, email)
    if weakness then
        x:refuse(400, "weak_password", weakness, "password")
    end
end

function auth.signup(x)
    local email, password, members = read_credentials(x)
    local name = body.label(x, members, "name", NAME_BYTES_MAX)
    check_new(x, email, password)
    throttle.count_signup(x)
    local hashed, hash = x:hash_password(password)
    if not hashed then
        error("the password cannot be hashed")
    end
    local user_text = store.call(x, "user.create", email, name, hash, "user")
    session.start(x, cjson.decode(user_text).id)
    reply_user(x, 201, user_text)
end

-- ---- signing in ----

local function find_credentials(x, email)
    local text = store.find(x, "user.credentials", email)
    return text and cjson.decode(text)
end

-- The id of the user whose password it is, or nil. Takes as long for an address that nobody has.
local function verify(x, email, password)
    if not credentials.is_possible(email, password) then
        email, password = "", ""
    end
    local known = find_credentials(x, email)
    if not known or known.password_hash == "" then
        x:hash_password(password)
        return nil
    end
    local right = x:verify_password(password, known.password_hash)
    return right and not known.disabled and known.id or nil
end

function auth.signin(x)
    local email, password = read_credentials(x)
    throttle.check_signin(x, email)
    local user_id = verify(x, email, password)
    if not user_id then
        throttle.count_failed_signin(x, email)
        x:refuse(401, "invalid_credentials", "The e-mail address or the password is wrong.")
    end
    -- Again: of many guesses at once, no more are answered than of guesses one by one.
    throttle.check_signin(x, email)
    local user_text = store.call(x, "user.get", user_id)
    session.start(x, user_id)
    reply_user(x, 200, user_text)
end

-- ---- and out ----

function auth.signout(x)
    session.finish(x)
    x:reply(204)
end

function auth.me(x)
    local user, user_text = session.user(x)
    local balance = core.json_members(store.call(x, "balance.get", user.account_id)).balance
    x:reply(200, json.encode { user = json.raw(user_text), balance = json.raw(balance) })
end

return auth
