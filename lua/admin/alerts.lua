-- What the operator is told: alerts, messages that were not delivered, a test message.
local store = require "store"

local alerts = {}

function alerts.list(x)
    x:reply(200, store.call(x, "alert.list"))
end

function alerts.test(x, admin)
    store.act(x, admin.id, "alert.test")
    x:reply(202, "{}")
end

return alerts
