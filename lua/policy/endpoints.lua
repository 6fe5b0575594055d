-- The endpoints at which a model is sold: conversations (OpenAI's chat and Responses, Anthropic's
-- Messages, Gemini's generateContent), or some of the smaller ones.
local providers = require "policy.providers"
local schema = require "policy.schema"

local endpoints = {}

-- What each reads beside text, what it answers with, its paths below a mount, whether it generates
-- something, and whether that is short by its nature.
local KINDS = {
    chat = {
        modality = "text",
        paths = { "/chat/completions", "/messages", "/responses" },
        generates = true,
    },
    embeddings = { modality = "embeddings", paths = { "/embeddings" } },
    moderations = { modality = "moderation", paths = { "/moderations" } },
    rerank = { modality = "rerank", paths = { "/rerank" } },
    completions = { modality = "text", paths = { "/completions" }, generates = true },
    decisions = {
        modality = "decisions",
        paths = { "/decisions" },
        generates = true,
        short = true,
    },
    ["gemini-embeddings"] = {
        modality = "embeddings",
        paths = { "/models/{model}:embedContent", "/models/{model}:batchEmbedContents" },
    },
    speech = { modality = "audio", paths = { "/audio/speech" } },
    images = { modality = "image", paths = { "/images/generations" } },
    image_edits = { reads = "image", modality = "image", paths = { "/images/edits" } },
    image_variations = { reads = "image", modality = "image", paths = { "/images/variations" } },
    transcriptions = {
        reads = "audio", modality = "text", generates = true, paths = { "/audio/transcriptions" },
    },
    translations = {
        reads = "audio", modality = "text", generates = true, paths = { "/audio/translations" },
    },
}
local AT = {} -- path -> word
for word, kind in pairs(KINDS) do
    for _, path in ipairs(kind.paths) do
        AT[path] = word
    end
end
-- Embeddings of OpenAI's form and of Google's are translated into each other: a model that is sold
-- at one of these is sold at the other, too.
local TRANSLATED = { embeddings = "gemini-embeddings", ["gemini-embeddings"] = "embeddings" }
local CONVERSATIONS = 15 -- the bits of the dialects that are translated into each other

-- The words as a set; nil: conversations alone, as most models.
function endpoints.read(node)
    if node.value.endpoints == nil then
        return nil
    end
    local list, set = schema.choices(node, "endpoints", KINDS, "endpoints")
    if #list == 0 then
        schema.fail(node, "endpoints", "is empty: name at least one")
    end
    for _, word in ipairs(list) do
        if TRANSLATED[word] then
            set[TRANSLATED[word]] = true
        end
    end
    return not (#list == 1 and set.chat) and set or nil
end

function endpoints.modalities(set)
    if not set then
        return { "text" }
    end
    local list, seen = {}, {}
    for word in pairs(set) do
        local modality = KINDS[word].modality
        if not seen[modality] then
            list[#list + 1], seen[modality] = modality, true
        end
    end
    table.sort(list)
    return list
end

-- Whether it generates text: then it has a price of it, and a longest answer.
function endpoints.generates(set)
    for word in pairs(set or {}) do
        if KINDS[word].generates then
            return true
        end
    end
    return not set
end

-- Adds what the endpoints read to the list, unless it is there.
function endpoints.add_inputs(set, list)
    local seen = {}
    for _, modality in ipairs(list) do
        seen[modality] = true
    end
    for word in pairs(set or {}) do
        local reads = KINDS[word].reads
        if reads and not seen[reads] then
            list[#list + 1], seen[reads] = reads, true
        end
    end
    return list
end

local function has_bit(provider, word)
    local bit = providers.SPOKEN[word]
    return provider.spoken % (2 * bit) >= bit
end

-- Whether the provider speaks what the model is sold at, or what that is translated into.
local function speaks(provider, word)
    if word == "chat" then
        return provider.spoken % (CONVERSATIONS + 1) ~= 0
    end
    local other = TRANSLATED[word]
    return has_bit(provider, word) or other ~= nil and has_bit(provider, other)
end

-- Whether it answers with sound or pictures: such an answer is no part of the context.
function endpoints.is_media(set)
    return set ~= nil and (set.speech or set.images or set.image_edits or set.image_variations)
        or false
end

-- The longest answer of a model whose entry does not say it; nil: it must. 0: no token of it may
-- have a price.
function endpoints.longest(set, context)
    if not endpoints.generates(set) then
        return endpoints.is_media(set) and 0 or 1
    end
    for word in pairs(set or { chat = true }) do
        if KINDS[word].generates and not KINDS[word].short then
            return nil
        end
    end
    return context
end

function endpoints.check_spoken(node, model, provider)
    for word in pairs(model.endpoints or { chat = true }) do
        if not speaks(provider, word) then
            schema.fail(node, "provider", 'is "%s", which does not speak %s: give it that dialect '
                .. "in providers.lua, or the model other endpoints", provider.name,
                TRANSLATED[word] and "embeddings" or word)
        end
    end
end

-- The word of the endpoint that has this path below a mount; nil if there is none, or the path has
-- the model in it.
function endpoints.at(path)
    return AT[path]
end

-- The paths of a model below a mount, in alphabetical order.
function endpoints.paths(set, mount, id)
    local list = {}
    for word in pairs(set or { chat = true }) do
        for _, path in ipairs(KINDS[word].paths) do
            local before, behind = string.match(path, "^(.*){model}(.*)$")
            list[#list + 1] = mount .. (before and before .. id .. behind or path)
        end
    end
    table.sort(list)
    return list
end

return endpoints
