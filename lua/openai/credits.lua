-- GET credits: totals of all that was paid in and used, in OpenRouter's form.
local caller = require "openai.caller"
local json = require "json"
local store = require "store"

return function(x)
    local who = caller.authenticate(x)
    x:reply(200, json.encode { data = json.raw(store.call(x, "credits.get", who.account_id)) })
end
