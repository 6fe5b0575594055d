-- What the pages must know of this gateway before a user is signed in.
local doors = require "dashboard.doors"
local json = require "json"
local limits = require "dashboard.limits"
local policy = require "policy"

-- The mount for SDKs: the one that the manuals name, or else the first one.
local function api_mount()
    for _, mount in ipairs(policy.mounts.openai) do
        if mount == "/api/v1" then
            return mount
        end
    end
    return policy.mounts.openai[1] or ""
end

local function or_null(text)
    return text ~= "" and text or json.null
end

-- What a sign-up is given, if there is money left for it today.
local function credit()
    local nusd = core.doors.credit_nusd
    return nusd > 0 and core.money(nusd) or json.null
end

return function(x)
    x:reply(200, json.encode {
        version = core.version,
        public_url = core.public_url,
        public_url_set = core.public_url_set,
        base_url = core.public_url .. api_mount(),
        payments = core.payments,
        public_prices = core.prices_public,
        docs = core.docs,
        payments_are_fake = core.payments == "test",
        currency = "USD",
        mail = core.mail,
        second_factor = core.second_factor,
        email_verification = core.verifies_email,
        verification_required = core.doors.must_verify,
        sign_up = core.doors.sign_up,
        sign_up_domains = json.list(doors.domains()),
        sign_up_proof_bits = core.doors.proof_bits,
        sign_up_credit = credit(),
        terms_url = or_null(core.doors.terms_url),
        terms_version = doors.terms_version() or json.null,
        privacy_url = or_null(core.doors.privacy_url),
        customer_webhooks = core.webhooks ~= "off",
        password = {
            chars_min = limits.PASSWORD_CHARS_MIN,
            bytes_max = limits.PASSWORD_BYTES_MAX,
        },
        limits = {
            name_bytes_max = limits.NAME_BYTES_MAX,
            keys_max = limits.KEYS_MAX,
            key_models_max = limits.KEY_MODELS_MAX,
            charge_usd_max = limits.CHARGE_USD_MAX,
            budget_usd_max = limits.BUDGET_USD_MAX,
        },
    })
end
