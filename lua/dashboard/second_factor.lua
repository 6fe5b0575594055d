-- The second factor: setting it up, its recovery codes, and the second step of signing in.
local body = require "dashboard.body"
local cjson = require "cjson"
local credentials = require "dashboard.credentials"
local json = require "json"
local reply_signed_in = require "dashboard.signed_in"
local session = require "dashboard.session"
local store = require "store"
local throttle = require "dashboard.throttle"

local second_factor = {}

local SECRET_CHARS = 32
local CODES, CODE_CHARS = 10, 10
local TEXT_BYTES_MAX = 128
local PENDING_MS = 10 * 60 * 1000

-- ---- codes ----

-- Digits of an app's code, or nil and the characters of a recovery code. People copy both with
-- blanks and dashes.
local function read_code(x, members)
    body.require(x, members, "code")
    local text = string.gsub(body.text(x, members, "code", TEXT_BYTES_MAX), "[%s-]", "")
    if string.find(text, "^%d%d%d%d%d%d$") then
        return text
    end
    return nil, string.upper(text)
end

local function recovery_digest(x, user_id, text)
    return x:digest("recovery " .. user_id .. " " .. text)
end

-- The step of the code, or the digest of a recovery code: the store says whether that one is good.
-- False: an app's code that is wrong.
local function compare(x, user_id, sealed, code, recovery)
    if code then
        local step = x:totp_step(user_id, sealed, code)
        return step ~= nil, step, nil
    end
    return true, nil, recovery_digest(x, user_id, recovery)
end

-- Ten new recovery codes as they are shown, and the lines of their digests.
local function new_codes(x, user_id)
    local codes, digests = {}, {}
    for i = 1, CODES do
        local text = x:random_base32(CODE_CHARS)
        codes[i] = string.sub(text, 1, 5) .. "-" .. string.sub(text, 6)
        digests[i] = recovery_digest(x, user_id, text) .. "\n"
    end
    return codes, table.concat(digests)
end

local function refuse_code(x)
    x:refuse(403, "wrong_code", "This code is wrong, or was used before. Each code works once.",
        "code")
end

-- Runs an operation of the store that uses up the code. False: the code was not good.
local function use(x, operation, ...)
    local done, result, message = x:call(operation, ...)
    if done then
        return result
    elseif result ~= "wrong_code" then
        store.fail(x, result, message)
    end
    return nil
end

-- ---- the page Account ----

local function find(x, user_id)
    local text = store.find(x, "factor.get", user_id)
    local found = text and cjson.decode(text)
    return found and found.enabled_at ~= cjson.null and found or nil, found
end

function second_factor.get(x)
    local user = session.restricted_user(x)
    local found = find(x, user.id)
    x:reply(200, json.encode {
        enabled_at = found and found.enabled_at or json.null,
        recovery_codes = found and found.recovery_codes or 0,
        required = session.needs_second_factor(user),
    })
end

local function escape(text)
    return (string.gsub(text, "[^%w%-._~]", function(character)
        return string.format("%%%02X", string.byte(character))
    end))
end

-- Makes a secret, which counts when a code of it has come. The password is asked for again.
function second_factor.begin(x)
    local user = session.restricted_user(x)
    local members = body.read_change(x, { password = true })
    credentials.check_password(x, user, members, "password")
    local secret = x:random_base32(SECRET_CHARS)
    store.call(x, "factor.begin", user.id, x:seal_totp(user.id, secret))
    local issuer = string.gsub(core.brand_name, ":", " ") -- apps split the label at its first one
    local label = escape(issuer .. ":" .. user.email)
    x:reply(201, json.encode {
        secret = secret,
        uri = "otpauth://totp/" .. label .. "?secret=" .. secret .. "&issuer="
            .. escape(issuer),
    })
end

-- Puts it in force. All other sessions end.
function second_factor.confirm(x)
    local user = session.restricted_user(x)
    local code = read_code(x, (body.read_change(x, { code = true })))
    local _, found = find(x, user.id)
    if not found or found.enabled_at ~= cjson.null then
        x:refuse(409, "second_factor_not_begun", "Begin to set the second factor up first.")
    end
    local attempt = throttle.begin_code(x, user.id, session.digest(x))
    local step = code and x:totp_step(user.id, found.sealed, code)
    if not step then
        refuse_code(x)
    end
    local codes, digests = new_codes(x, user.id)
    if not store.find(x, "factor.confirm", user.id, step, digests, session.digest(x)) then
        x:refuse(409, "second_factor_not_begun", "Begin to set the second factor up first.")
    end
    throttle.end_code(x, attempt)
    x:reply(200, json.encode { recovery_codes = json.list(codes) })
end

-- Runs the operation, which uses the code up; ends the task if the code was not good.
local function spend(x, user_id, sealed, code, recovery, operation, ...)
    local attempt = throttle.begin_code(x, user_id, session.digest(x))
    local good, step, digest = compare(x, user_id, sealed, code, recovery)
    if not good or not use(x, operation, user_id, step, digest, ...) then
        refuse_code(x)
    end
    throttle.end_code(x, attempt)
end

-- For an act that a code of the user's must allow: uses one up, whatever comes of the act.
function second_factor.check(x, user, members)
    local code, recovery = read_code(x, members)
    local found = find(x, user.id)
    spend(x, user.id, found and found.sealed or "", code, recovery, "factor.use")
end

-- For acts that need the password and a code: runs the operation with the code's arguments.
local function act(x, operation, ...)
    local user = session.user(x)
    local members = body.read_change(x, { password = true, code = true })
    local code, recovery = read_code(x, members)
    credentials.check_password(x, user, members, "password")
    local found = find(x, user.id)
    if not found then
        x:refuse(409, "second_factor_off", "There is no second factor.")
    end
    spend(x, user.id, found.sealed, code, recovery, operation, ...)
end

function second_factor.renew(x)
    local user = session.user(x)
    local codes, digests = new_codes(x, user.id)
    act(x, "factor.renew", digests)
    x:reply(200, json.encode { recovery_codes = json.list(codes) })
end

function second_factor.off(x)
    act(x, "factor.off")
    x:reply(204)
end

-- ---- signing in ----

-- For a user whose password was right: if there is a second factor, ends the task with a 401 that
-- says how to go on. No session has begun.
function second_factor.await(x, user, hash)
    if not user.second_factor then
        return
    end
    local token, digest = x:new_token()
    local expires_ms = core.now_ms() + PENDING_MS
    if not store.find(x, "signin.await", digest, user.id, hash, expires_ms) then
        session.refuse_changed(x)
    end
    x:refuse(401, "second_factor_code_required", "The password is right. This account has a second"
        .. " factor: send the app's code, or a recovery code, to /auth/signin/code with the token"
        .. " of this answer's metadata.", "code", json.encode {
            token = token,
            expires_at = core.format_time(expires_ms),
        })
end

local function refuse_pending(x)
    x:refuse(401, "signin_expired", "This sign-in is over: its time has passed, or too many codes"
        .. " were wrong. Sign in again.", "token")
end

-- The second step.
function second_factor.signin(x)
    local members = body.read(x)
    body.require(x, members, "token")
    local digest = x:digest(body.text(x, members, "token", TEXT_BYTES_MAX))
    local code, recovery = read_code(x, members)
    local text = store.find(x, "signin.try", digest)
    if not text then
        refuse_pending(x)
    end
    local pending = cjson.decode(text)
    local device = session.device(x)
    local known = device and cjson.decode(store.call(x, "user.credentials", pending.email, device,
        nil)).known_device
    local attempt = throttle.begin_code(x, pending.user_id, known and device or nil)
    local good, step, recovered = compare(x, pending.user_id, pending.sealed, code, recovery)
    local user_text = good and session.enter(x, digest, step, recovered)
    if not user_text then
        refuse_code(x)
    end
    throttle.end_code(x, attempt)
    if not known then
        session.remember_device(x, pending.user_id, pending.password_hash)
    end
    reply_signed_in(x, 200, user_text)
end

return second_factor
