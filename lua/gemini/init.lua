-- The routes for clients of Gemini's API, below each of its mounts: the method stands in the path,
-- behind the model.
local models = require "gemini.models"

return {
    { method = "POST", path = "/models/{id}", handler = require "gemini.method" },
    { method = "GET", path = "/models", handler = models.list },
    { method = "GET", path = "/models/{id}", handler = models.get },
}
