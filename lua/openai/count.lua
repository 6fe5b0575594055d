-- How many tokens the input of a request has: an estimate, by what the model's calls have taught.
-- It costs nothing and counts against no limit: Claude Code asks 25 times at once.
local plans = require "openai.plan"

local count = {}

-- `form`: the answer with %d for the tokens. `address_model`: as in call.lua.
function count.answer(x, form, address_model)
    local group, key_models = x:authenticate()
    local model, stream, output_tokens, input_tokens =
        x:read_request("count", address_model)
    local plan = plans.make(x, plans.request(x, group, key_models, model, stream, output_tokens,
        input_tokens))
    x:reply(200, string.format(form, x:count_input(plan.need)))
end

-- A handler.
function count.with(form)
    return function(x)
        count.answer(x, form)
    end
end

return count
