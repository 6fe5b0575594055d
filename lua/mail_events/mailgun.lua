-- Mailgun's webhooks, by documentation.mailgun.com/docs/mailgun/user-manual/events/webhooks, read
-- 2026-12-02. The signature stands in the body, and is of a time and a token, not of the event;
-- so it proves only that Mailgun has sent something. That the event is the one that Mailgun sent,
-- TLS proves.
local mailgun = {}

-- Why a failure is for good and about the address; others are about the sender, or of a server that
-- did not answer for long.
local OF_ADDRESS = { bounce = true, ["suppress-bounce"] = true, ["suppress-complaint"] = true }
local SIGNED_BYTES_MAX = 255

local function is_text(value)
    return type(value) == "string" and value ~= "" and #value <= SIGNED_BYTES_MAX
end

function mailgun.is_signed(event, secret)
    local given = event.signature
    return type(given) == "table" and is_text(given.timestamp) and is_text(given.token)
        and is_text(given.signature)
        and core.is_hmac(secret, given.timestamp .. given.token, given.signature)
end

local function why_of(data)
    local status = type(data["delivery-status"]) == "table" and data["delivery-status"] or {}
    for _, text in ipairs { status.message or false, status.description or false } do
        if type(text) == "string" and text ~= "" then
            return text
        end
    end
    return data.reason
end

function mailgun.read(event)
    local data = event["event-data"]
    if type(data) ~= "table" or type(data.event) ~= "string" then
        return nil
    elseif data.event == "failed" and data.severity == "permanent" and OF_ADDRESS[data.reason] then
        return { { email = data.recipient, why = why_of(data) } }
    elseif data.event == "complained" then
        return { { email = data.recipient, why = "marked as unwanted mail" } }
    end
    return {}
end

return mailgun
