-- Amazon SES by SNS: https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html and, for
-- configuration sets, event-publishing-retrieving-sns-contents.html; read 2026-12-02. The message
-- stands as a text in SNS's, or alone with "raw message delivery".
local cjson = require "cjson"

local ses = {}

local URL_BYTES_MAX = 2000

local function is_list(value)
    return type(value) == "table"
end

local function bounced(bounce)
    local list = {}
    if bounce.bounceType ~= "Permanent" or not is_list(bounce.bouncedRecipients) then
        return list
    end
    for _, recipient in ipairs(bounce.bouncedRecipients) do
        if type(recipient) == "table" then
            list[#list + 1] = { email = recipient.emailAddress,
                why = recipient.diagnosticCode or recipient.status or bounce.bounceSubType }
        end
    end
    return list
end

-- A report may also say that a mail was taken for spam by mistake (RFC 5965's "not-spam").
local function complained(complaint)
    local list = {}
    if complaint.complaintFeedbackType == "not-spam" then
        return list
    end
    for _, recipient in ipairs(is_list(complaint.complainedRecipients)
        and complaint.complainedRecipients or {}) do
        if type(recipient) == "table" then
            list[#list + 1] = { email = recipient.emailAddress, why = "marked as unwanted mail" }
        end
    end
    return list
end

-- SNS's own envelope, if there is one.
local function is_from_sns(event, kind)
    return event.Type == kind and type(event.TopicArn) == "string"
end

function ses.read(event)
    if is_from_sns(event, "Notification") and type(event.Message) == "string" then
        local good, message = pcall(cjson.decode, event.Message)
        if not good or type(message) ~= "table" then
            return {} -- "Successfully validated SNS topic for Amazon SES event publishing."
        end
        event = message
    elseif is_from_sns(event, "UnsubscribeConfirmation") then
        return {}
    end
    local kind = event.notificationType or event.eventType
    if type(kind) ~= "string" then
        return nil
    elseif kind == "Bounce" and type(event.bounce) == "table" then
        return bounced(event.bounce)
    elseif kind == "Complaint" and type(event.complaint) == "table" then
        return complained(event.complaint)
    end
    return {}
end

-- SNS sends nothing before this address was opened. The gateway opens no addresses that it is told.
function ses.confirmation(event)
    local url = event.SubscribeURL
    if is_from_sns(event, "SubscriptionConfirmation") and type(url) == "string"
        and #url <= URL_BYTES_MAX and string.find(url, "^https://[!-~]+$") then
        return url
    end
    return nil
end

return ses
