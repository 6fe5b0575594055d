-- GET models and models/{id} where OpenAI's and Google's clients ask at one path: each gets its own
-- form. Google's name themselves; its package for Python asks below /v1.
local google = require "gemini.models"
local usual = require "openai.models"

local lists = {}

local function is_google(x)
    return (x:asked_header("x-goog-api-key") or x:asked_header("x-goog-api-client")) ~= nil
end

function lists.list(x)
    (is_google(x) and google or usual).list(x)
end

function lists.get(x, path_text)
    (is_google(x) and google or usual).get(x, path_text)
end

return lists
