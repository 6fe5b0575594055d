-- Resend's webhooks: an event at a time, signed as Svix does it, which is Standard Webhooks with
-- other names of the headers. Source: resend.com/docs/webhooks/emails/bounced, read 2026-12-03.
local resend = {}

local TOLERANCE_S = 300 -- as in Svix's own packages

function resend.is_signed(_, secret, x, body)
    local id, time = x:asked_header "svix-id", x:asked_header "svix-timestamp"
    local signatures = x:asked_header "svix-signature"
    if not (id and time and signatures) or #time > 12 or not string.find(time, "^%d+$")
        or math.abs(core.now_ms() / 1000 - tonumber(time)) > TOLERANCE_S then
        return false
    end
    return core.is_webhook(secret, id, tonumber(time), body, signatures)
end

-- The event names all whom the mail was for, and not which of them refused it. Our mails go to one.
local function only_one(to)
    return type(to) == "table" and #to == 1 and to[1] or nil
end

function resend.read(event)
    local data = event.data
    if type(event.type) ~= "string" or type(data) ~= "table" then
        return nil
    end
    local email = only_one(data.to)
    if event.type == "email.bounced" and email then
        local bounce = type(data.bounce) == "table" and data.bounce or {}
        if bounce.type == "Permanent" then
            return { { email = email, why = bounce.message or bounce.subType } }
        end
    elseif event.type == "email.complained" and email then
        return { { email = email, why = "marked as unwanted mail" } }
    end
    return {}
end

return resend
