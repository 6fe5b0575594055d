-- How many tokens the input of a request has. The provider is asked, if it speaks the client's
-- dialect and counts for nothing; else it is an estimate, by what the model's calls have taught. It
-- costs nothing and counts against no limit of the key: Claude Code asks 25 times at once.
local kept = require "openai.kept"
local plans = require "openai.plan"

local count = {}

local WAIT_MS = 5000

-- What the dialects call it: the path at the provider, the member with the tokens, and the whole
-- answer with %.0f for them.
count.ANTHROPIC = {
    path = "/messages/count_tokens",
    member = "input_tokens",
    form = '{"input_tokens":%.0f}',
}
count.RESPONSES = {
    path = "/responses/input_tokens",
    member = "input_tokens",
    form = '{"object":"response.input_tokens","input_tokens":%.0f}',
}
count.GEMINI = {
    path = "/models/{model}:countTokens",
    member = "totalTokens",
    form = '{"totalTokens":%.0f}',
}

-- Whether the provider has counted: the first one, if it may see what the request names.
local function is_counted(x, plan, first, kind)
    return plan.counts_tokens and first == plan.candidates[1] and x:may_ask()
        and x:ask(first, "POST", kind.path, "renamed", WAIT_MS) == 200
        and x:asked_number(kind.member) ~= nil
end

-- `address_model`: as in call.lua.
function count.answer(x, kind, address_model)
    local group, key_models = x:authenticate()
    local model, stream, output_tokens, input_tokens, wished =
        x:read_request("count", address_model)
    if kept.bring(x) then
        model, stream, output_tokens, input_tokens, wished =
            x:read_request("count", address_model)
    end
    local plan = plans.make(x, plans.request(x, group, key_models, model, stream, output_tokens,
        input_tokens), "chat", wished)
    local candidates = kept.candidates(x, plan) -- what it names is the account's
    if is_counted(x, plan, candidates[1], kind) then
        x:reply_asked()
    end
    x:reply(200, string.format(kind.form, x:count_input(plan.need)))
end

-- A handler.
function count.with(kind)
    return function(x)
        count.answer(x, kind)
    end
end

return count
