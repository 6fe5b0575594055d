-- The account of the signed-in user: the password and the sessions. Also sets a password by the
-- operator's link.
local body = require "dashboard.body"
local cjson = require "cjson"
local credentials = require "dashboard.credentials"
local doors = require "dashboard.doors"
local reply_signed_in = require "dashboard.signed_in"
local second_factor = require "dashboard.second_factor"
local session = require "dashboard.session"
local store = require "store"

local account = {}

local TOKEN_BYTES_MAX = 128
local CHANGES = { current_password = true, new_password = true }

local function read_password(x, members, name)
    body.require(x, members, name)
    return body.text(x, members, name, credentials.TEXT_BYTES_MAX)
end

local function refuse_current(x)
    x:refuse(403, "wrong_password", "current_password is not your password.", "current_password")
end

-- Changes the password: the request must have the present one, and all other sessions end.
function account.change_password(x)
    local user = session.user(x)
    local members = body.read_change(x, CHANGES)
    local current = read_password(x, members, "current_password")
    local new = read_password(x, members, "new_password")
    credentials.check_new(x, new, user.email, "new_password")
    local present = credentials.check_typed(x, user, current, "current_password")
    local hash = credentials.hash(x, new, user.email)
    if not store.find(x, "user.password", user.id, hash, session.digest(x), session.device(x),
            present) then
        refuse_current(x) -- it was changed meanwhile
    end
    x:reply(204)
end

function account.sessions(x)
    local user = session.user(x)
    x:reply(200, store.call(x, "session.list", user.id, session.digest(x)))
end

function account.end_session(x, id)
    local user = session.user(x)
    local is_id = #id <= 64 and not string.find(id, "[^%w_]")
    if not is_id or not store.find(x, "session.end", user.id, id) then
        x:refuse(404, "not_found", "You have no such session.")
    end
    x:reply(204)
end

function account.end_other_sessions(x)
    local user = session.user(x)
    store.call(x, "session.end_others", user.id, session.digest(x))
    x:reply(204)
end

-- ---- the link ----

local function refuse_link(x)
    x:refuse(404, "link_invalid", "This link does not work any more: it was used, or its time is"
        .. " over. Ask the operator for a new one.", "token")
end

local function read_token(x, members)
    body.require(x, members, "token")
    return x:digest(body.text(x, members, "token", TOKEN_BYTES_MAX))
end

-- Tells the e-mail address of the link's user, and whether the account is handed over with it.
function account.find_link(x)
    local found = store.find(x, "link.find", (read_token(x, (body.read(x)))))
    if not found then
        refuse_link(x)
    end
    x:reply(200, found)
end

-- Sets the password and signs the user in. Who takes an account over that may be a stranger's finds
-- its keys disabled, unless they say that they have made them.
function account.redeem_link(x)
    local members = body.read(x)
    local digest = read_token(x, members)
    local new = read_password(x, members, "password")
    local disables = body.boolean(x, members, "disable_keys")
    local found = store.find(x, "link.find", digest)
    if not found then
        refuse_link(x)
    end
    local email = cjson.decode(found).email
    credentials.check_new(x, new, email, "password")
    local hash = credentials.hash(x, new, email)
    local credit_nusd, most_nusd = doors.credit_terms()
    local user_text = store.find(x, "link.redeem", digest, hash, credit_nusd, most_nusd,
        disables and 1 or disables == false and 0 or nil)
    if not user_text then
        refuse_link(x)
    end
    local user = cjson.decode(user_text)
    if not user.disabled then
        second_factor.await(x, user, hash)
        session.start(x, user.id, hash)
        session.remember_device(x, user.id, hash)
    end
    reply_signed_in(x, 200, user_text)
end

return account
