-- What each dialect does with the words of a canonical request: a text names the member in which it
-- is carried, `left` says why it may be left out, `refuse` why it is a 400 that names the client's
-- member. The writers refuse by this table, and docs/DIALECTS.md is made of it.
local common = require "dialect.common"
local native = require "dialect.native"

local carried = {}

local HINT = "a hint"
local CACHE = "how a cache is kept, not what is answered"
local ONE = "this model's provider gives one answer."
local NO_BIAS = "this model's provider has none."
local NO_PENALTY = "this model's provider has no such member."
local TEXTS = "this model's provider answers with texts."

-- { word, what it is, openai-chat, openai-responses, anthropic, gemini }
local ROWS = {
    { "system", "system texts", "messages: system", "instructions, developer messages",
        "system; those in between too", "systemInstruction; those in between too" },
    { "text", "texts", "content", "input_text, output_text", "text", "text" },
    { "image", "pictures", "image_url", "input_image",
        "image: JPEG, PNG, GIF, WebP; others are refused", "inlineData, fileData" },
    { "detail", "how closely a picture is read", "detail", "detail", { left = HINT },
        { left = HINT } },
    { "file", "PDF, plain text", "file; plain text is a text; by its address it is refused",
        "input_file", "document", "inlineData, fileData" },
    { "audio", "sounds", "input_audio", { refuse = "Responses take no sound." },
        { refuse = "Anthropic takes no sound." }, "inlineData" },
    { "reasoning", "reasoning of earlier answers", "reasoning_content, reasoning_details",
        "reasoning, if its own", "thinking, redacted_thinking, if its own",
        "thoughtSignature, if its own" },
    { "call", "tool calls", "tool_calls", "function_call", "tool_use", "functionCall" },
    { "result", "results of tools", "role tool; pictures follow as a message of the user",
        "function_call_output", "tool_result", "functionResponse" },
    { "is_error", "a result is an error", { left = "the text says it" },
        { left = "the text says it" }, "is_error", "response.error" },
    { "refusal", "refusals of earlier answers", "refusal", "output_text", "text", "text" },
    { "tools", "tools", "tools; of any text: {\"input\": text}",
        "tools; of any text: {\"input\": text}", "tools; of any text: {\"input\": text}",
        "functionDeclarations; of any text: {\"input\": text}" },
    { "strict", "arguments follow the schema", "strict", "strict", "strict", { left = HINT } },
    { "choice", "which tool is called", "tool_choice", "tool_choice",
        "tool_choice; other tools than the allowed ones are not offered", "toolConfig; likewise" },
    { "parallel", "several calls at once", "parallel_tool_calls", "parallel_tool_calls",
        "disable_parallel_tool_use", { refuse = "Gemini may always call several tools at once." } },
    { "format", "a JSON schema of the answer", "response_format", "text.format",
        "output_config.format", "responseJsonSchema, responseSchema" },
    { "json", "JSON of any form", "response_format", "text.format",
        { refuse = "Anthropic needs a JSON schema." }, "responseMimeType" },
    { "limit", "tokens of the answer", "max_completion_tokens, max_tokens",
        "max_output_tokens; at least 16", "max_tokens; the model's max_output if nobody says one",
        "maxOutputTokens" },
    { "stop", "stop sequences", "stop", { refuse = "Responses have no stop sequences." },
        "stop_sequences", "stopSequences" },
    { "effort", "how much a model reasons", "reasoning_effort", "reasoning.effort",
        "thinking, output_config.effort", "thinkingConfig" },
    { "budget", "tokens for reasoning", "reasoning_effort", "reasoning.effort",
        "thinking.budget_tokens", "thinkingBudget" },
    { "thoughts", "whether reasoning is shown", { left = "it is shown if there is any" },
        "reasoning.summary", "thinking.display", "includeThoughts" },
    { "temperature", "temperature", "temperature", "temperature",
        { left = "Anthropic takes no sampling parameters since 2026-10-21" }, "temperature" },
    { "top_p", "top_p", "top_p", "top_p",
        { left = "Anthropic takes no sampling parameters since 2026-10-21" }, "topP" },
    { "top_k", "top_k", { left = HINT }, { left = HINT },
        { left = "Anthropic takes no sampling parameters since 2026-10-21" }, "topK" },
    { "seed", "seed", "seed", { left = HINT }, { left = HINT }, "seed" },
    { "presence_penalty", "presence penalty", "presence_penalty", { refuse = NO_PENALTY },
        { refuse = NO_PENALTY }, "presencePenalty" },
    { "frequency_penalty", "frequency penalty", "frequency_penalty", { refuse = NO_PENALTY },
        { refuse = NO_PENALTY }, "frequencyPenalty" },
    { "logit_bias", "bias of tokens", "logit_bias", { refuse = NO_BIAS }, { refuse = NO_BIAS },
        { refuse = NO_BIAS } },
    { "n", "several answers", "n", { refuse = ONE }, { refuse = ONE }, "candidateCount" },
    { "logprobs", "logprobs", "logprobs", "include", { refuse = "Anthropic reports none." },
        "responseLogprobs" },
    { "top_logprobs", "logprobs of other tokens", "top_logprobs", "top_logprobs",
        { refuse = "Anthropic reports none." }, "logprobs" },
    { "verbosity", "verbosity", "verbosity", "text.verbosity", { left = HINT }, { left = HINT } },
    { "modalities", "answers that are no text", { refuse = TEXTS }, { refuse = TEXTS },
        { refuse = TEXTS }, { refuse = TEXTS } },
    { "user", "the customer's user", "user", "user", "metadata.user_id",
        { left = "a log of the provider's account" } },
    { "metadata", "metadata", { left = "a log of the provider's account" }, "metadata",
        { left = "a log of the provider's account" },
        { left = "a log of the provider's account" } },
    { "cache_key", "which cache", "prompt_cache_key", "prompt_cache_key", { left = CACHE },
        { left = CACHE } },
    { "cache", "marks of what is cached", { left = CACHE }, { left = CACHE }, "cache_control",
        { left = CACHE } },
    { "service_tier", "service tier", "service_tier", "service_tier",
        "service_tier: auto, default; others are refused",
        "serviceTier: default, flex, priority; others are refused" },
}
carried.ROWS = ROWS

local PLACES = { ["openai-chat"] = 3, ["openai-responses"] = 4, anthropic = 5, gemini = 6 }
carried.PLACES = PLACES

-- Whether a request says something with a word that is refused by this table.
local SAID = {
    n = function(asked) return asked.n and asked.n ~= 1 end,
    stop = function(asked) return asked.stop and #asked.stop > 0 end,
    logprobs = function(asked) return asked.logprobs end,
    top_logprobs = function(asked) return asked.top_logprobs and asked.top_logprobs > 0 end,
    logit_bias = function(asked)
        return asked.logit_bias
            and #native.pairs_of(native.document, asked.logit_bias) > 0
    end,
    json = function(asked) return asked.format and asked.format.kind == "json" end,
    modalities = function(asked) return asked.modalities and #asked.modalities > 0 end,
    parallel = function(asked)
        return asked.parallel == false and asked.tools and #asked.tools > 0
    end,
    presence_penalty = function(asked)
        return asked.presence_penalty
            and native.integer(native.document, asked.presence_penalty) ~= 0
    end,
    frequency_penalty = function(asked)
        return asked.frequency_penalty
            and native.integer(native.document, asked.frequency_penalty) ~= 0
    end,
}

local refused = {} -- dialect -> list of {word, why}

local function refused_by(dialect)
    local list = refused[dialect]
    if list then
        return list
    end
    list = {}
    for i = 1, #ROWS do
        local entry = ROWS[i][PLACES[dialect]]
        if type(entry) == "table" and entry.refuse and SAID[ROWS[i][1]] then
            list[#list + 1] = { ROWS[i][1], entry.refuse }
        end
    end
    refused[dialect] = list
    return list
end

-- Refuses what the provider's dialect has no place for.
function carried.check(asked, dialect)
    local list = refused_by(dialect)
    for i = 1, #list do
        if SAID[list[i][1]](asked) then
            common.cannot(asked, list[i][1] == "json" and "format" or list[i][1], list[i][2])
        end
    end
end

-- What is said of the parts of a message, and what is no word of the client's alone.
local PARTS = {
    system = true, text = true, image = true, file = true, audio = true, reasoning = true,
    call = true, result = true, refusal = true, is_error = true, detail = true, strict = true,
}
-- Left out where it is not carried: a hint, a log, a cache. The limit is always the mapping's.
local LEFT = {
    limit = true, thoughts = true, user = true, metadata = true, cache_key = true, cache = true,
    verbosity = true, top_k = true, seed = true,
}

local function is_said(asked, word)
    if SAID[word] then
        return SAID[word](asked)
    end
    local value = asked[word]
    if word == "format" and value and value.kind == "json" then -- that is a word of its own
        return false
    elseif word == "service_tier" and (value == "auto" or value == "default") then
        return false
    end
    return value ~= nil and not (type(value) == "table" and next(value) == nil)
end

-- Refuses what is said with a word that is not in `carries`.
function carried.check_only(asked, carries, why)
    for i = 1, #ROWS do
        local word = ROWS[i][1]
        if not (PARTS[word] or LEFT[word] or carries[word]) and is_said(asked, word) then
            common.cannot(asked, word == "json" and "format" or word, why)
        end
    end
end

-- Why a part cannot be carried: the words of the table.
function carried.why(word, dialect)
    for i = 1, #ROWS do
        if ROWS[i][1] == word then
            return ROWS[i][PLACES[dialect]].refuse
        end
    end
end

return carried
