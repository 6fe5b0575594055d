-- Sessions: a cookie with a random token, of which the store keeps only a digest. A second cookie,
-- which outlives the session, marks browsers that have signed in to an account before. Requests
-- that change something may only come from pages of this gateway, and from scripts.
local cjson = require "cjson"
local store = require "store"

local session = {}

local SECONDS = 30 * 24 * 3600
local DEVICE_SECONDS = 400 * 24 * 3600 -- browsers keep no cookie longer
local SEEN_MS = 5 * 60 * 1000
local AGENT_BYTES_MAX = 200
local TOKEN_BYTES_MAX = 128 -- our tokens have 43

-- The scheme://host of an address, in lower case.
local function origin_of(url)
    local origin = string.match(url or "", "^%a+://[^/?#]+")
    return origin and string.lower(origin)
end

-- Whether the browser uses TLS: to us, to a trusted proxy that says so, or to the proxy before us
-- that public_url names.
local function is_secure(x)
    local _, secure = x:peer()
    local host = string.lower(x:asked_header("host") or "")
    return secure or origin_of(core.public_url) == "https://" .. host
end

-- Refuses a request that another site makes a browser send. Browsers send Origin with every request
-- that changes something; scripts send none.
function session.check_origin(x)
    local origin = x:asked_header("origin")
    local site = x:asked_header("sec-fetch-site")
    local host = string.lower(x:asked_header("host") or "")
    local own = (is_secure(x) and "https://" or "http://") .. host
    local foreign = origin and string.lower(origin) ~= own
        and string.lower(origin) ~= origin_of(core.public_url)
    if foreign or (site and string.lower(site) == "cross-site") then
        x:refuse(403, "origin_not_allowed",
            "This came from a page of another site. If it is yours, set public_url to its address.")
    end
end

-- ---- cookies ----

local function cookie_name(x, name)
    return is_secure(x) and "__Host-" .. name or name
end

local function set_cookie(x, name, value, seconds)
    local attributes = "; Path=/; Max-Age=" .. seconds .. "; HttpOnly; SameSite=Lax"
    if is_secure(x) then
        attributes = attributes .. "; Secure"
    end
    x:header("Set-Cookie", cookie_name(x, name) .. "=" .. value .. attributes)
end

-- The digest of the token in a cookie of the request, or nil.
local function cookie_digest(x, name)
    local value = core.read_cookie(x:asked_header("cookie") or "", cookie_name(x, name))
    if value and value ~= "" and #value <= TOKEN_BYTES_MAX then
        return x:digest(value)
    end
    return nil
end

-- The digest of the session's token.
function session.digest(x)
    return cookie_digest(x, "session")
end

-- The digest of the browser's token, which outlives the session.
function session.device(x)
    return cookie_digest(x, "device")
end

-- ---- sessions ----

function session.agent(x)
    return string.sub(x:asked_header("user-agent") or "", 1, AGENT_BYTES_MAX)
end

function session.refuse_changed(x)
    x:refuse(401, "invalid_credentials", "The password was changed, or the account disabled,"
        .. " while you signed in.")
end

-- Sets the cookie, in place of that of an older session, which ends: nobody holds it any more.
local function set_session(x, token)
    local older = session.digest(x)
    if older then
        store.call(x, "session.delete", older)
    end
    set_cookie(x, "session", token, SECONDS)
end

-- Starts a session. `hash` is of the password that was right. If the password has changed
-- meanwhile, or the account was disabled, the task ends with a 401: comparing passwords takes time.
function session.start(x, user_id, hash)
    local token, digest = x:new_token()
    if not store.find(x, "session.create", digest, user_id, core.now_ms() + SECONDS * 1000,
            (x:peer()), session.agent(x), hash) then
        session.refuse_changed(x)
    end
    set_session(x, token)
end

-- Marks the browser as one that has signed in to this account with the password of that hash; nil:
-- there is a session.
function session.remember_device(x, user_id, hash)
    local token, digest = x:new_token()
    store.call(x, "device.create", digest, user_id, core.now_ms() + DEVICE_SECONDS * 1000, hash)
    set_cookie(x, "device", token, DEVICE_SECONDS)
end

-- The second step: begins the session of a pending sign-in, and uses up the code. Returns the user,
-- or nil if the code was not good.
function session.enter(x, pending_digest, step, recovery_digest)
    local token, digest = x:new_token()
    local done, result, message = x:call("signin.enter", pending_digest, digest,
        core.now_ms() + SECONDS * 1000, (x:peer()), session.agent(x), step, recovery_digest)
    if done then
        set_session(x, token)
        return result
    elseif result ~= "wrong_code" and result ~= "not_found" then
        store.fail(x, result, message)
    end
    return nil
end

-- The browser forgets its session.
function session.forget(x)
    set_cookie(x, "session", "", 0)
end

function session.finish(x)
    local digest = session.digest(x)
    local text = digest and store.find(x, "session.user", digest)
    if text then
        if not session.device(x) then
            session.remember_device(x, cjson.decode(text).id)
        end
        store.call(x, "session.delete", digest)
    end
    session.forget(x)
end

function session.refuse(x)
    x:refuse(401, "not_signed_in", "Sign in first.")
end

-- Whether this user must have a second factor and has none.
function session.needs_second_factor(user)
    local required = core.second_factor
    return not user.second_factor
        and (required == "all" or (required == "operators" and user.role ~= "user"))
end

-- Notes that the session is in use, from time to time.
function session.touch(x, digest)
    if x:throttle("seen:" .. digest, 1, SEEN_MS, 1) then
        store.call(x, "session.seen", digest)
    end
end

-- The user as a table and as JSON, also one who must set a second factor up first; nil if nobody
-- is signed in.
function session.find(x)
    local digest = session.digest(x)
    local text = digest and store.find(x, "session.user", digest)
    if not text then
        return nil
    end
    session.touch(x, digest)
    return cjson.decode(text), text
end

-- The same, but ends the task if no user is signed in.
function session.restricted_user(x)
    local user, text = session.find(x)
    if not user then
        session.refuse(x)
    end
    return user, text
end

-- The same; also ends the task if the user needs a second factor and has none.
function session.user(x)
    local user, text = session.restricted_user(x)
    if session.needs_second_factor(user) then
        x:refuse(403, "second_factor_required", "This gateway asks for a second factor. Set one up"
            .. " on the page Account first.")
    end
    return user, text
end

return session
