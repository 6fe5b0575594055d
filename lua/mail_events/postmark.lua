-- Postmark: https://postmarkapp.com/developer/webhooks/bounce-webhook and spam-complaint-webhook;
-- read 2026-12-02. The types of bounces are those of /developer/api/bounce-api#bounce-types.
local postmark = {}

-- Others pass (a full mailbox, a server that is down), or are about the sender.
local FOR_GOOD = { HardBounce = true, BadEmailAddress = true, SpamComplaint = true }

function postmark.read(event)
    if type(event.RecordType) ~= "string" then
        return nil
    elseif (event.RecordType == "Bounce" or event.RecordType == "SpamComplaint")
        and FOR_GOOD[event.Type] then
        local why = event.Details
        if event.Type == "SpamComplaint" then
            why = "marked as unwanted mail"
        elseif type(why) ~= "string" or why == "" then
            why = event.Description
        end
        return { { email = event.Email, why = why } }
    end
    return {}
end

return postmark
