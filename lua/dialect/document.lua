-- luacheck: no max line length
-- Makes docs/DIALECTS.md of what the translation knows: carried.lua and the lists of members.
local carried = require "dialect.carried"

local HEAD = [[
# Dialects

In a conversation a client speaks one of four dialects, a provider too. Where both speak the same one, bytes pass as they came, and nothing of this page
applies. Where they differ, `lua/dialect` translates. **This page is made by a test** (`tests/unit/script/test_dialects_page.c`) from the
tables that the translation itself uses; change those.

What a client asks is *carried*, *left out* because nothing is lost that it could miss, or *refused*: a 400 that names the member.
Nothing else happens to a member: one that no list below has is refused by its name. So is a block, part or item of a type that has no
word in the first table, by its place: Anthropic's `search_result` and what belongs to tools of its servers (`server_tool_use`,
`web_search_tool_result`), Gemini's `executableCode`, other items of Responses. Only `web_search_call` is left out.

Where models.lua does not name the capability `reasoning`, the words effort, budget and thoughts are left out: agents say them to every
model, and providers refuse them for one that never reasons.

Embeddings are translated between OpenAI's form and Google's ([below](#embeddings)). All other endpoints pass as they came.

## What a provider gets

]]

local ANSWERS = [[

What providers refuse in a conversation is written as they want it: the results of tools stand right behind their calls, before what else
was said there; texts of white space are left out for Anthropic; each call has an id of its own, of at most 40 bytes for openai-chat and 64 for
openai-responses; arguments that are no JSON object are `{"arguments": text}` for Anthropic and Gemini. A forced call is refused where there
is no tool to call. For Anthropic thinking is switched off where a tool must be called, and a budget for it in a turn of tools that has
lost its own thoughts.

## What a client gets

| | openai-chat | openai-responses | anthropic | gemini |
|---|---|---|---|---|
| text | content | output_text | text | text |
| reasoning | reasoning_content; reasoning_details if signed | reasoning: summary | thinking | thought |
| a signature | behind the id of the next call (Gemini's), else in reasoning_details | encrypted_content | signature | thoughtSignature of the next part |
| a tool call | tool_calls | function_call, custom_tool_call | tool_use | functionCall, when its arguments are whole |
| arguments that are no JSON object | as they are | as they are | {"arguments": text} in a whole answer | {"arguments": text} |
| refusal | refusal | refusal | text, stop_reason refusal | text |
| citation of a web page | annotations | annotations | citations | citationMetadata |
| citation of a document | left out: it has no address | left out | - | left out |
| picture | images | left out: Open Responses has no such item | left out: its messages have none | - |
| logprobs | logprobs | logprobs | left out | logprobsResult |
| several answers | choices | the first | the first | candidates |
| end: done | stop, tool_calls | completed | end_turn, tool_use, stop_sequence, pause_turn | STOP |
| end: too long | length | incomplete: max_output_tokens | max_tokens | MAX_TOKENS |
| end: filtered | content_filter | incomplete: content_filter | refusal | SAFETY |
| use | usage | usage | usage | usageMetadata |
| ids | chatcmpl-, of the call as the provider has them | resp_ | msg_ | responseId |

**Reasoning that is signed** belongs to the provider that has signed it: other providers are not sent it. In the client's dialect it
travels as `gw1.ORIGIN.TEXT`, base64 once more in Gemini's, and is put back when the client sends it. A client that drops it loses what
the provider would have known of its own thoughts; Gemini is told then that the signature is unknown.

**Calls come one after the other.** Where a provider writes the arguments of several calls by turns, or a text between them, the open call
goes on as it comes; the rest is held until the end, 1 MB at most.

**Tools of any text** (`custom`) and **tools in namespaces** become functions, `{"input": text}` and `namespace__name`; calls of them are
turned back. So does a tool whose name the provider does not take (more than 64 bytes, or other characters than its own): it gets a
name of ours, and the client reads its own.

Where a model is moved to a provider of the client's own dialect in the middle of a conversation, what has such a mark is left out of what
is passed on: Anthropic's `thinking` and `redacted_thinking` (manual thinking is switched off for a turn that has lost its own), items
`reasoning` of Responses, entries of `reasoning_details`, and what stands behind the id of a call; for Gemini the signature becomes the
word for an unknown one.

**Compaction** (`openai-responses`). `POST responses/compact` and an item `compaction_trigger` go to a provider that makes summaries
(`compacts` in providers.lua) as they came. Over any other the model itself is asked for the summary: the request gets one more message,
its tools may not be called, and the answer becomes an item `compaction` whose `encrypted_content` is `gw1.summary.TEXT`. It is not
encrypted: it is the customer's own. In a later request such an item is a message of the user, over every provider. One that a provider
has encrypted passes to providers of Responses only; elsewhere it is refused by its name. `responses/compact` repeats the user's last
messages before it, up to 256 KB.

**A response** (`openai-responses`) repeats its request: instructions above 4 KB, tools above 16 KB and other members above 4 KB are left
out of that. Nothing is stored: `store` is always false.
]]

local MEMBERS = [[

## Members, by the client's dialect

Where a word of the table above stands, the member is carried as that table says; for embeddings it is the other
form's member. Members of answers that are not listed are left out.
]]

local EMBEDDINGS = [[

## Embeddings

A model that is sold at `embeddings` or `gemini-embeddings` is sold at both: `POST embeddings`, and `embedContent` and
`batchEmbedContents` of Google's API. A single text goes to a provider of Google's form as `embedContent`, several as
`batchEmbedContents`; a provider of OpenAI's form is asked for numbers (`encoding_format: "float"`).

- Numbers reach the client with the digits that the provider has sent; base64 is made only where the client asks for it, and read where
  a server sends it unasked.
- An answer must have one embedding for each input: with fewer or more the provider has failed, and the call is free. The members
  `index` of OpenAI's answers decide the order.
- Tokens are the provider's count (`usage.prompt_tokens`, `usageMetadata.promptTokenCount`), or an estimate where it gives none.
- Vectors of different models cannot be compared: give a model candidates that are the same model, or one candidate.
]]

local DIALECTS = {
    "openai-chat", "openai-responses", "anthropic", "gemini", "embeddings", "gemini-embeddings",
}
local FOLDERS = {
    ["openai-chat"] = "chat", ["openai-responses"] = "responses", anthropic = "anthropic",
    gemini = "gemini", embeddings = "embeddings", ["gemini-embeddings"] = "gemini_embeddings",
}

local function cell(entry)
    if type(entry) == "string" then
        return entry
    elseif entry.left then
        return "left out: " .. entry.left
    end
    return "**refused**: " .. entry.refuse
end

local function add_words(lines)
    lines[#lines + 1] = "| word | | openai-chat | openai-responses | anthropic | gemini |"
    lines[#lines + 1] = "|---|---|---|---|---|---|"
    for _, row in ipairs(carried.ROWS) do
        local cells = {}
        for i = 3, 6 do
            cells[#cells + 1] = cell(row[i])
        end
        lines[#lines + 1] = "| " .. row[1] .. " | " .. row[2] .. " | "
            .. table.concat(cells, " | ") .. " |"
    end
end

local function add_members(lines, dialect)
    local members = require("dialect." .. FOLDERS[dialect] .. ".members")
    lines[#lines + 1] = "\n### " .. dialect .. "\n"
    lines[#lines + 1] = "| member | |"
    lines[#lines + 1] = "|---|---|"
    for _, list in ipairs(members.lists) do
        for _, row in ipairs(list.rows) do
            local place = list.place ~= "" and list.place .. "." or ""
            local what = row[2] == "skip" and "left out: " .. row[3]
                or row[2] == "refuse" and "**refused**" .. (row[3] and ": it " .. row[3] or "")
                or row[3]
            lines[#lines + 1] = "| " .. place .. row[1] .. " | " .. what .. " |"
        end
    end
end

return function()
    local lines = {}
    add_words(lines)
    local words = table.concat(lines, "\n")
    lines = {}
    for _, dialect in ipairs(DIALECTS) do
        add_members(lines, dialect)
    end
    return HEAD .. words .. "\n" .. ANSWERS .. EMBEDDINGS .. MEMBERS .. table.concat(lines, "\n") .. "\n"
end
