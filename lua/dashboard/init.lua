-- The routes of the account API (docs/API.md: "With a session"), below the mount.
local account = require "dashboard.account"
local auth = require "dashboard.auth"
local balance = require "dashboard.balance"
local data = require "dashboard.data"
local doors = require "dashboard.doors"
local keys = require "dashboard.keys"
local links = require "dashboard.links"
local mail_events = require "mail_events"
local models = require "dashboard.models"
local payments = require "dashboard.payments"
local notices = require "dashboard.notices"
local playground = require "dashboard.playground"
local quotas = require "dashboard.quotas"
local second_factor = require "dashboard.second_factor"
local session = require "dashboard.session"
local site = require "dashboard.site"
local usage = require "dashboard.usage"
local vouchers = require "dashboard.vouchers"

local routes = {}

-- What gateway.conf switches off is not there, for any method.
local OFF = { ["/prices"] = not core.prices_public }

-- Keys, codes and links are shown once, by what makes them: an answer to GET has none.
local function packed(handler)
    return function(x, id)
        x:may_pack()
        handler(x, id)
    end
end

local function add(method, path, handler)
    if not OFF[path] then
        handler = method ~= "GET" and handler or packed(handler)
        table.insert(routes, { method = method, path = path, handler = handler })
    end
end

-- What may be done before the address is verified, beside signing in and verifying: to say what one
-- wants to be told. All else that changes something is refused, so no new route is a way around.
local BEFORE_VERIFIED = { ["PATCH /notices"] = true }

local function needs_verified(method, path)
    local signs_in = string.sub(path, 1, 6) == "/auth/"
        and string.sub(path, 1, 19) ~= "/auth/second-factor" -- it would lock the owner out
    return not signs_in and not BEFORE_VERIFIED[method .. " " .. path]
end

-- Adds a route that changes something: it refuses requests that another site causes, and of
-- accounts that must verify their address first.
local function add_changing(method, path, handler)
    local check = core.doors.must_verify and needs_verified(method, path)
    add(method, path, function(x, id)
        session.check_origin(x)
        if check then
            doors.check_verified(x)
        end
        handler(x, id)
    end)
end

-- Claude Code asks with HEAD whether the gateway answers.
add("GET", "/hello", function(x) x:reply(200, "{}") end)
add("GET", "/site", site)
add_changing("POST", "/auth/signup", auth.signup)
add_changing("POST", "/auth/signin", auth.signin)
add_changing("POST", "/auth/signin/code", second_factor.signin)
add_changing("POST", "/auth/signout", auth.signout)
add_changing("POST", "/auth/signout/everywhere", auth.signout_everywhere)
add("GET", "/auth/second-factor", second_factor.get)
add_changing("POST", "/auth/second-factor", second_factor.begin)
add_changing("POST", "/auth/second-factor/confirm", second_factor.confirm)
add_changing("POST", "/auth/second-factor/recovery-codes", second_factor.renew)
add_changing("POST", "/auth/second-factor/off", second_factor.off)
add("GET", "/account/data", data.export)
add_changing("POST", "/account/erase", data.erase)
add("GET", "/auth/me", auth.me)
add("GET", "/auth/session", auth.session)
add_changing("POST", "/auth/password", account.change_password)
add_changing("POST", "/auth/link", account.find_link)
add_changing("POST", "/auth/link/password", account.redeem_link)
add_changing("POST", "/auth/forgot", links.forgot)
add_changing("POST", "/auth/verify", links.verify)
add_changing("POST", "/auth/verify/send", links.send_verification)
add("GET", "/auth/challenge", doors.challenge)
add_changing("POST", "/auth/invitation", doors.find_invitation)
add_changing("POST", "/auth/terms", doors.accept_terms)
add("GET", "/auth/sessions", account.sessions)
add_changing("DELETE", "/auth/sessions", account.end_other_sessions)
add_changing("DELETE", "/auth/sessions/{id}", account.end_session)
add("GET", "/keys", keys.list)
add_changing("POST", "/keys", keys.create)
add_changing("PATCH", "/keys/{id}", keys.update)
add_changing("DELETE", "/keys/{id}", keys.delete)
add("GET", "/keys/{id}/rotate", keys.secrets)
add_changing("POST", "/keys/{id}/rotate", keys.rotate)
add_changing("DELETE", "/keys/{id}/rotate", keys.end_secrets)
add("GET", "/notices", notices.get)
add_changing("PATCH", "/notices", notices.update)
add_changing("POST", "/notices/webhook", notices.set_webhook)
add_changing("DELETE", "/notices/webhook", notices.delete_webhook)
add_changing("POST", "/notices/webhook/test", notices.test_webhook)
add("GET", "/quotas", quotas.list)
add_changing("POST", "/quotas", quotas.create)
add_changing("DELETE", "/quotas/{id}", quotas.delete)
add("GET", "/balance", balance.get)
add("GET", "/pulse", balance.pulse)
add("GET", "/transfers", balance.history)
add("GET", "/balance/transfers", balance.transfers)
add_changing("POST", "/balance/charge", balance.charge)
add_changing("POST", "/balance/voucher", vouchers.redeem)
add("GET", "/payments", payments.list)
add("GET", "/payments/{id}", payments.get)
add("GET", "/payment-options", payments.options)
add_changing("POST", "/payment-portal", payments.portal)
add_changing("PUT", "/payment-automatic", payments.set_automatic)
add_changing("DELETE", "/payment-automatic", payments.delete_automatic)
add("POST", "/payment-events/{id}", payments.event)
add("POST", "/mail-events/{id}", mail_events.take)
add("GET", "/usage", usage.list)
add("GET", "/usage.csv", usage.csv)
add("GET", "/usage/summary", usage.summary)
add("GET", "/usage/{id}", usage.get)
add("GET", "/refusals", usage.refusals)
add("GET", "/refusals/count", usage.refusal_count)
add("GET", "/models", models.list)
add("GET", "/prices", models.public)
add_changing("POST", "/playground/chat/completions", playground.chat)
add_changing("POST", "/playground/estimate", playground.estimate)
add_changing("POST", "/playground/estimate/{id}", playground.estimate_of)
add_changing("POST", "/playground/pass", playground.pass)
add_changing("POST", "/playground/{id}", playground.of)

return routes
