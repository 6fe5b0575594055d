-- Twilio SendGrid's Event Webhook: a list of events. Source: docs of "Event Webhook Reference",
-- read 2026-12-02; and of its signature "Getting Started with the Event Webhook Security Features",
-- read 2026-12-03. A signed event that is sent again fits again: SendGrid says no time after which
-- it is too old.
local sendgrid = {}

local TIME_BYTES_MAX = 32

-- What is said of a bounce that is about the address. The others are about the sender or the mail,
-- or pass.
local OF_ADDRESS = { ["Invalid Address"] = true, ["Unclassified"] = true }
local DROPPED = { ["Bounced Address"] = true, ["Spam Reporting Address"] = true,
    ["Invalid"] = true }

local function why_of(event)
    if event.event == "bounce" and event.type == "bounce"
        and (type(event.bounce_classification) ~= "string"
            or OF_ADDRESS[event.bounce_classification]) then
        return event.reason or event.status or "bounced"
    elseif event.event == "spamreport" then
        return "marked as unwanted mail"
    elseif event.event == "dropped" and DROPPED[event.reason] then
        return event.reason
    end
    return nil
end

function sendgrid.fits(x, body, key)
    local time = x:asked_header "x-twilio-email-event-webhook-timestamp"
    local signature = x:asked_header "x-twilio-email-event-webhook-signature"
    return time and signature and #time <= TIME_BYTES_MAX
        and core.is_ecdsa(key, time .. body, signature)
end

function sendgrid.read(events)
    local list = {}
    for i = 1, #events do
        local event = events[i]
        if type(event) ~= "table" or type(event.event) ~= "string" then
            return nil
        end
        local why = why_of(event)
        if why then
            list[#list + 1] = { email = event.email, why = why }
        end
    end
    return (#events > 0 or next(events) == nil) and list or nil
end

return sendgrid
