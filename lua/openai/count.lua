-- How many tokens the input of a request has. The provider is asked, if it counts for nothing, in
-- the client's dialect or else in another one in which it counts; else it is an estimate, by what
-- the model's calls have taught. It costs nothing and counts against no limit of the key: Claude
-- Code asks 25 times at once.
local kept = require "openai.kept"
local plans = require "openai.plan"

local count = {}

local WAIT_MS = 5000

-- What the dialects call it: the path at the provider, the member with the tokens, and the whole
-- answer with %.0f for them. OpenAI's chat has no such question.
count.ANTHROPIC = {
    dialect = "anthropic",
    path = "/messages/count_tokens",
    member = "input_tokens",
    form = '{"input_tokens":%.0f}',
}
count.RESPONSES = {
    dialect = "openai-responses",
    path = "/responses/input_tokens",
    member = "input_tokens",
    form = '{"object":"response.input_tokens","input_tokens":%.0f}',
}
count.GEMINI = {
    dialect = "gemini",
    path = "/models/{model}:countTokens",
    member = "totalTokens",
    form = '{"totalTokens":%.0f}',
}

local KINDS = { count.ANTHROPIC, count.GEMINI, count.RESPONSES }

-- The question that the provider knows: that of the client, or another; nil: none.
local function question_at(x, candidate, own)
    if x:provider_speaks(candidate, own.dialect) then
        return own
    end
    for _, kind in ipairs(KINDS) do
        if x:provider_speaks(candidate, kind.dialect) then
            return kind
        end
    end
end

-- Asks the first provider, if it may see what the request names. Returns the tokens, or nil; and
-- whether its answer is in the client's dialect.
local function ask(x, plan, first, own)
    if not plan.counts_tokens or first ~= plan.candidates[1] then
        return nil
    end
    local kind = question_at(x, first, own)
    if not kind or not x:may_ask() then
        return nil
    end
    local body = kind == own and "renamed" or "translated"
    if x:ask(first, "POST", kind.path, body, WAIT_MS, kind.dialect) ~= 200 then
        return nil
    end
    return x:asked_number(kind.member), kind == own
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
    local tokens, as_it_came = ask(x, plan, candidates[1], kind)
    if tokens and as_it_came then
        x:reply_asked()
    end
    x:reply(200, string.format(kind.form, tokens or x:count_input(plan.need)))
end

-- A handler.
function count.with(kind)
    return function(x)
        count.answer(x, kind)
    end
end

return count
