-- Who may become a customer, and what an account may do before its address is verified
-- (docs/DOORS.md).
local body = require "dashboard.body"
local cjson = require "cjson"
local json = require "json"
local reply_signed_in = require "dashboard.signed_in"
local session = require "dashboard.session"
local store = require "store"
local throttle = require "dashboard.throttle"
local words = require "words"

local doors = {}

local TOKEN_BYTES_MAX = 128
local PROOF_BYTES_MAX = 300
local CHECK_TOKEN_BYTES_MAX, WORDS_BYTES_MAX = 4096, 500
local PROOF_MS = 10 * 60 * 1000
local CREDITS_MAX_NUSD = 2 ^ 53

local function settings()
    return core.doors
end

-- ---- the door ----

-- The domains that may sign up; empty: all.
function doors.domains()
    local list = {}
    for domain in string.gmatch(settings().domains, "[^,%s]+") do
        list[#list + 1] = domain
    end
    return list
end

local function refuse_domain(x, domains)
    x:refuse(403, "domain_not_allowed", "Only addresses of " .. table.concat(domains, ", ")
        .. " may sign up here. With another address you need an invitation: ask the operator.",
        "email")
end

local function check_domain(x, email)
    local domains = doors.domains()
    local own = string.lower(string.match(email, "@(.*)$"))
    for _, domain in ipairs(domains) do
        if domain == own then
            return
        end
    end
    if #domains > 0 then
        refuse_domain(x, domains)
    end
end

local function refuse_invitation(x)
    x:refuse(404, "invitation_invalid", "This invitation does not work any more: it was used, or"
        .. " its time is over. Ask the operator for a new one.", "invitation")
end

-- The digest of an invitation that works now.
local function find_invitation(x, token)
    local give_back = throttle.count_invitation(x)
    local digest = x:digest(token)
    local found = store.find(x, "invitation.find", digest)
    if not found then
        refuse_invitation(x)
    end
    give_back()
    return digest, found
end

local function check_not_closed(x)
    if settings().sign_up == "closed" then
        x:refuse(403, "sign_up_closed", "This gateway takes no new customers. Who has an account"
            .. " signs in; the operator can make one.")
    end
end

-- Ends the task unless somebody with this address may sign up. Returns the digest of the
-- invitation, or nil.
function doors.check(x, members, email)
    check_not_closed(x)
    local token = body.text(x, members, "invitation", TOKEN_BYTES_MAX)
    if token then
        local digest, found = find_invitation(x, token)
        local bound = cjson.decode(found).email
        if bound ~= cjson.null and string.lower(bound) ~= string.lower(email) then
            x:refuse(403, "invitation_not_yours", "This invitation is for another e-mail address:"
                .. " sign up with that one.", "email")
        end
        return digest
    elseif settings().sign_up == "invitation" then
        x:refuse(403, "invitation_required", "Signing up needs an invitation: open the link in"
            .. " yours, or ask the operator for one.")
    end
    check_domain(x, email)
    return nil
end

-- Tells what an invitation is for.
function doors.find_invitation(x)
    check_not_closed(x)
    local members = body.read(x)
    body.require(x, members, "token")
    local _, found = find_invitation(x, body.text(x, members, "token", TOKEN_BYTES_MAX))
    x:reply(200, found)
end

-- ---- terms ----

function doors.terms_version()
    return settings().terms_url ~= "" and settings().terms_version or nil
end

-- The version that a sign-up accepts; nil: there are no terms.
function doors.check_terms(x, members)
    local version = doors.terms_version()
    local accepted = body.boolean(x, members, "accept_terms")
    if version and not accepted then
        x:refuse(400, "terms_not_accepted", "Accept the terms (" .. settings().terms_url
            .. "): accept_terms must be true.", "accept_terms")
    end
    return version
end

-- A user who is there accepts the version that the page has shown.
function doors.accept_terms(x)
    local user = session.user(x)
    local members = body.read(x)
    body.require(x, members, "version")
    if body.text(x, members, "version") ~= doors.terms_version() then
        x:refuse(409, "terms_changed", "These are not the terms in force. Load the page again and"
            .. " read the new ones.", "version")
    end
    reply_signed_in(x, 200, store.call(x, "user.accept", user.id, doors.terms_version()))
end

-- ---- a proof of work ----

-- BITS.EXPIRES_MS.RANDOM and its keyed hash: nothing is kept of a challenge before it is solved.
local function signature(x, challenge)
    return x:digest("proof of work at sign-up " .. challenge)
end

function doors.challenge(x)
    local bits = settings().proof_bits
    if bits == 0 then
        x:refuse(404, "not_found", "No proof of work is asked here.")
    end
    local expires_ms = core.now_ms() + PROOF_MS
    local challenge = string.format("%d.%.0f.%s", bits, expires_ms, (x:new_token()))
    x:header("Cache-Control", "no-store")
    x:reply(200, json.encode {
        challenge = challenge .. "." .. signature(x, challenge),
        bits = bits,
        expires_at = core.format_time(expires_ms),
    })
end

local ZEROS = { ["0"] = 4, ["1"] = 3, ["2"] = 2, ["3"] = 2, ["4"] = 1, ["5"] = 1, ["6"] = 1,
    ["7"] = 1 }

-- The zero bits with which a hash begins.
local function leading_zeros(hex)
    local zeros = #string.match(hex, "^0*")
    return zeros * 4 + (ZEROS[string.sub(hex, zeros + 1, zeros + 1)] or 0)
end

local function refuse_proof(x, why)
    x:refuse(400, "proof_invalid", why .. " Ask GET /api/auth/challenge for a new challenge.",
        "proof")
end

-- Returns digest and expiry of the proof, for which the store makes one account; nil: none is
-- asked. A proof is "CHALLENGE:NUMBER", whose SHA-256 begins with so many zero bits.
function doors.check_proof(x, members)
    if settings().proof_bits == 0 then
        return nil, nil
    end
    local proof = body.text(x, members, "proof", PROOF_BYTES_MAX)
    if not proof then
        refuse_proof(x, "proof is missing: the answer to a challenge.")
    end
    local challenge, signed = string.match(proof, "^(%d+%.%d+%.[%w_-]+)%.(%x+):%d+$")
    if not challenge or signature(x, challenge) ~= signed then
        refuse_proof(x, "This proof does not belong to a challenge of this gateway.")
    end
    local bits, expires_ms = string.match(challenge, "^(%d+)%.(%d+)")
    expires_ms = tonumber(expires_ms)
    if expires_ms <= core.now_ms() then
        refuse_proof(x, "The time for this challenge is over.")
    elseif leading_zeros(core.sha256(proof)) < tonumber(bits) then
        refuse_proof(x, "This number does not solve the challenge.")
    elseif not x:throttle("proof:" .. signed, 1, PROOF_MS, 1) then
        refuse_proof(x, "This proof was used before.")
    end
    return x:digest("used " .. challenge), expires_ms
end

-- ---- the operator's own check ----

local function read_verdict(status, text)
    local good, verdict = pcall(cjson.decode, text)
    if status and status >= 200 and status < 300 and good and type(verdict) == "table"
        and type(verdict.allow) == "boolean" then
        return verdict
    end
    return nil
end

-- Asks the server of sign_up_check_url. Ends the task where it refuses, or says nothing and its
-- word is needed.
function doors.check_by_operator(x, members, email)
    local token = body.text(x, members, "check_token", CHECK_TOKEN_BYTES_MAX)
    if settings().check_url == "" then
        return
    end
    local verdict = read_verdict(x:ask_signed(settings().check_url, settings().check_ca_file,
        settings().check_secret, json.encode {
            type = "sign_up.check",
            timestamp = core.format_time(core.now_ms()),
            data = {
                email = email,
                address = (x:peer()),
                user_agent = session.agent(x),
                token = token or json.null,
            },
        }))
    if not verdict and not settings().check_may_fail then
        x:refuse(503, "sign_up_unavailable", "Signing up does not work just now. Try again in a"
            .. " few minutes.")
    elseif verdict and not verdict.allow then
        local why = words(verdict.message, WORDS_BYTES_MAX)
        x:refuse(403, "sign_up_refused", why or "This gateway does not take this sign-up. Ask its"
            .. " operator.")
    end
end

-- ---- first credits ----

-- What reaches the same mailbox has one form: in lower case, without what stands behind a +, and
-- for Gmail without dots. It is used for nothing but to give a first credit once.
local function mailbox(email)
    local name, domain = string.match(string.lower(email), "^([^@]*)@(.*)$")
    name = string.match(name, "^([^+]+)") or name
    if domain == "gmail.com" or domain == "googlemail.com" then
        name, domain = string.gsub(name, "%.", ""), "gmail.com"
    end
    return name .. "@" .. domain
end

function doors.mailbox_digest(x, email)
    return x:digest("mailbox of a first credit " .. mailbox(email))
end

-- The last arguments of the operations that may give a first credit.
function doors.credit_terms()
    local credit_nusd, most_nusd = settings().credit_nusd, settings().credits_max_nusd
    return credit_nusd > 0 and credit_nusd or nil,
        most_nusd >= 0 and math.min(most_nusd, CREDITS_MAX_NUSD) or nil
end

-- ---- before the address is verified ----

-- Ends the task unless the signed-in user may make keys, call models and move money. Before a
-- second factor: setting one up takes a verified address, too.
function doors.check_verified(x)
    if session.restricted_user(x).must_verify then
        x:refuse(403, "email_not_verified", "Verify your e-mail address first: open the link that"
            .. " was mailed to you, or ask for a new one on the page Account.")
    end
end

return doors
