-- Who is signed in: a cookie with a random token, of which the store keeps only a digest. And who
-- may send what changes something: only pages of this gateway, and scripts.
local cjson = require "cjson"
local store = require "store"

local session = {}

local SECONDS = 30 * 24 * 3600
local TOKEN_BYTES_MAX = 128 -- ours has 43

-- scheme://host of an address, in lower case.
local function origin_of(url)
    local origin = string.match(url or "", "^%a+://[^/?#]+")
    return origin and string.lower(origin)
end

-- Whether the browser talks TLS: to us, to a trusted proxy that says so, or to the proxy in front
-- of us that public_url names.
local function is_secure(x)
    local _, secure = x:peer()
    local host = string.lower(x:asked_header("host") or "")
    return secure or origin_of(core.public_url) == "https://" .. host
end

-- Refuses what another site makes a browser send. Browsers send Origin with all that changes
-- something; scripts send none.
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

-- ---- the cookie ----

local function cookie_name(x)
    return is_secure(x) and "__Host-session" or "session"
end

local function set_cookie(x, value, seconds)
    local attributes = "; Path=/; Max-Age=" .. seconds .. "; HttpOnly; SameSite=Lax"
    if is_secure(x) then
        attributes = attributes .. "; Secure"
    end
    x:header("Set-Cookie", cookie_name(x) .. "=" .. value .. attributes)
end

-- The digest of the token that the browser sent, or nil.
function session.digest(x)
    local value = core.read_cookie(x:asked_header("cookie") or "", cookie_name(x))
    if value and value ~= "" and #value <= TOKEN_BYTES_MAX then
        return x:digest(value)
    end
    return nil
end

-- ---- sessions ----

function session.start(x, user_id)
    local token, digest = x:new_token()
    store.call(x, "session.create", digest, user_id, core.now_ms() + SECONDS * 1000)
    set_cookie(x, token, SECONDS)
end

function session.finish(x)
    local digest = session.digest(x)
    if digest then
        store.call(x, "session.delete", digest)
    end
    set_cookie(x, "", 0)
end

function session.refuse(x)
    x:refuse(401, "not_signed_in", "Sign in first.")
end

-- The user as a table and as JSON. Ends the task when nobody is signed in.
function session.user(x)
    local digest = session.digest(x)
    local text = digest and store.find(x, "session.user", digest)
    if not text then
        session.refuse(x)
    end
    return cjson.decode(text), text
end

-- The user, who must be an administrator; for anybody else there is nothing here.
function session.admin(x)
    local user = session.user(x)
    if user.role ~= "admin" then
        local _, path = x:asked()
        x:refuse(404, "not_found", "There is nothing at " .. path .. ".")
    end
    return user
end

return session
