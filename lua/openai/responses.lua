-- What the Responses API has beside its calls. This gateway keeps no answers: who wants to go on
-- sends the whole conversation, as Codex and the Agents SDK can do.
local caller = require "openai.caller"

local responses = {}

-- GET responses: Codex asks for a WebSocket first, and takes POST after a 426.
function responses.upgrade(x)
    x:header("Upgrade", "HTTP/1.1")
    x:refuse(426, "websocket_not_supported",
        "There are no WebSockets here. Send the request with POST, streamed with \"stream\": true.")
end

-- GET and DELETE responses/{id}, POST responses/{id}/cancel, GET responses/{id}/input_items
function responses.not_kept(x)
    caller.authenticate(x)
    x:refuse(404, "not_found", "This gateway keeps no responses. Send the whole conversation with "
        .. "each call, and \"store\": false.", nil, nil, nil, true)
end

return responses
