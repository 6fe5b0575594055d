-- What is particular to providers that many people buy from: `provider = "groq"` in an entry of
-- providers.lua stands for the members here; what the entry says itself has priority. `source` has
-- the packages (PyPI, npm) and sources in which it was read, `date` when. In a base_url, "{region}"
-- and the like are members of the entry.
local DATE = "2026-12-01"

-- Google's hosts by location (google-genai 3.6.1, @ai-sdk/google-vertex 4.0.208).
local GOOGLE_HOSTS = {
    global = "aiplatform.googleapis.com",
    us = "aiplatform.us.rep.googleapis.com",
    eu = "aiplatform.eu.rep.googleapis.com",
    any = "{location}-aiplatform.googleapis.com",
}

-- The headers in which they say their limits on us. OpenAI's are of its guide
-- (developers.openai.com, docs/guides/rate-limits), the same as Groq's
-- (console.groq.com/docs/rate-limits); Azure has them with whole seconds (openai-dotnet issue 838).
local function openai_limits(reset)
    return {
        requests = {
            limit = "x-ratelimit-limit-requests",
            remaining = "x-ratelimit-remaining-requests",
            reset = "x-ratelimit-reset-requests",
        },
        tokens = {
            limit = "x-ratelimit-limit-tokens",
            remaining = "x-ratelimit-remaining-tokens",
            reset = "x-ratelimit-reset-tokens",
        },
        reset = reset,
    }
end

local OPENAI = { "openai-chat", "openai-responses" }
-- Whose older completions there are, too (openai 3.57.0; docs.x.ai, legacy endpoints).
local WITH_TEXT = { "openai-chat", "openai-responses", "completions" }

return {
    openai = {
        source = "openai 3.57.0", date = DATE,
        dialect = { "openai-chat", "openai-responses", "completions", "decisions" },
        base_url = "https://api.openai.com/v1",
        max_tokens_field = "max_completion_tokens",
        counts_tokens = true, keeps_responses = true, compacts = true,
        rate_limits = openai_limits "duration",
    },
    anthropic = {
        source = "anthropic 2.14.0", date = DATE,
        dialect = "anthropic",
        base_url = "https://api.anthropic.com",
        counts_tokens = true,
        rate_limits = { -- platform.claude.com/docs/en/api/rate-limits
            requests = {
                limit = "anthropic-ratelimit-requests-limit",
                remaining = "anthropic-ratelimit-requests-remaining",
                reset = "anthropic-ratelimit-requests-reset",
            },
            tokens = {
                limit = "anthropic-ratelimit-tokens-limit",
                remaining = "anthropic-ratelimit-tokens-remaining",
                reset = "anthropic-ratelimit-tokens-reset",
            },
            reset = "time",
        },
    },
    -- Google AI Studio.
    gemini = {
        source = "google-genai 3.6.1", date = DATE,
        dialect = "gemini",
        base_url = "https://generativelanguage.googleapis.com",
        counts_tokens = true,
    },
    -- Vertex with an API key ("express mode").
    ["vertex-express"] = {
        source = "@ai-sdk/google-vertex 4.0.208", date = DATE,
        dialect = "gemini",
        base_url = "https://aiplatform.googleapis.com/v1/publishers/google",
    },
    -- Vertex with a service account. google-genai and the AI SDK ask below /v1beta1.
    vertex = {
        source = "google-genai 3.6.1, google-auth 2.63.0", date = DATE,
        dialect = "gemini",
        base_url = "https://{host}/v1beta1/projects/{project}/locations/{location}"
            .. "/publishers/google",
        hosts = GOOGLE_HOSTS,
        by_account = true,
    },
    -- Claude there: the model stands in the address, the version in the body.
    ["vertex-anthropic"] = {
        source = "anthropic 2.14.0 (lib.vertex), @ai-sdk/google-vertex 4.0.208", date = DATE,
        dialect = "anthropic",
        base_url = "https://{host}/v1/projects/{project}/locations/{location}"
            .. "/publishers/anthropic",
        hosts = GOOGLE_HOSTS,
        by_account = true,
        raw_predict = true,
    },
    -- Models of others there (Llama, DeepSeek, Qwen, ...), and Gemini as "google/gemini-...".
    ["vertex-openai"] = {
        source = "@ai-sdk/google-vertex 4.0.208 (maas), google-auth 2.63.0", date = DATE,
        dialect = "openai-chat",
        base_url = "https://{host}/v1/projects/{project}/locations/{location}/endpoints/openapi",
        hosts = GOOGLE_HOSTS,
        by_account = true,
        max_tokens_field = "max_tokens",
    },
    -- Models of Microsoft Foundry, by the address without api-version. A deployment is the model.
    azure = {
        source = "openai 3.57.0 (AzureOpenAI), @ai-sdk/azure 3.0.128", date = DATE,
        dialect = WITH_TEXT,
        base_url = "https://{resource}.openai.azure.com",
        paths = { any = "/openai/v1" },
        key_header = "api-key",
        max_tokens_field = "max_completion_tokens",
        rate_limits = openai_limits "seconds",
    },
    -- The older address, with the deployment in it.
    ["azure-deployments"] = {
        source = "openai 3.57.0 (AzureOpenAI), @ai-sdk/azure 3.0.128", date = DATE,
        dialect = WITH_TEXT,
        base_url = "https://{resource}.openai.azure.com",
        paths = { any = "/openai/deployments/{model}", ["openai-responses"] = "/openai" },
        query = "api-version=2024-10-21",
        key_header = "api-key",
        max_tokens_field = "max_completion_tokens",
        rate_limits = openai_limits "seconds",
    },
    -- Bedrock's own service for OpenAI's clients; bedrock-runtime.REGION.amazonaws.com/openai/v1 is
    -- the other one.
    bedrock = {
        source = "openai 3.57.0 (providers.bedrock)", date = DATE,
        dialect = OPENAI,
        base_url = "https://bedrock-mantle.{region}.api.aws/openai/v1",
        max_tokens_field = "max_completion_tokens",
    },
    xai = {
        source = "@ai-sdk/xai 3.0.138", date = DATE,
        dialect = WITH_TEXT,
        base_url = "https://api.x.ai/v1",
        max_tokens_field = "max_completion_tokens",
        cost = { path = "usage.cost_in_usd_ticks", unit = "ticks" },
    },
    deepseek = {
        source = "@ai-sdk/deepseek 2.0.69, litellm 1.110.2, api-docs.deepseek.com", date = DATE,
        dialect = { "openai-chat", "anthropic", "completions" },
        base_url = "https://api.deepseek.com",
        paths = { anthropic = "/anthropic", completions = "/beta" }, -- its FIM completion
        max_tokens_field = "max_tokens",
    },
    mistral = {
        source = "mistralai 3.7.0, @ai-sdk/mistral 3.0.69", date = DATE,
        dialect = "openai-chat",
        base_url = "https://api.mistral.ai/v1",
        max_tokens_field = "max_tokens", -- it refuses members that it does not know
        usage_unasked = true,
        ask_context = true, -- max_context_length
        rate_limits = { -- mistralai/client-ts issue 169; no time of a reset
            requests = {
                limit = "x-ratelimit-limit-req-minute",
                remaining = "x-ratelimit-remaining-req-minute",
            },
            tokens = {
                limit = "x-ratelimit-limit-tokens-minute",
                remaining = "x-ratelimit-remaining-tokens-minute",
            },
        },
    },
    groq = {
        source = "groq 1.7.0, litellm 1.110.2", date = DATE,
        dialect = OPENAI,
        base_url = "https://api.groq.com/openai/v1",
        max_tokens_field = "max_completion_tokens",
        rate_limits = openai_limits "duration",
    },
    together = {
        source = "together 3.1.1, @ai-sdk/togetherai 2.0.84", date = DATE,
        dialect = { "openai-chat", "completions", "rerank" },
        base_url = "https://api.together.ai/v1",
        max_tokens_field = "max_tokens",
        rate_limits = { -- support.together.ai, article 8988956
            requests = {
                limit = "x-ratelimit-limit",
                remaining = "x-ratelimit-remaining",
                reset = "x-ratelimit-reset",
            },
            reset = "seconds",
        },
    },
    fireworks = {
        source = "fireworks-ai 1.2.30, litellm 1.110.2", date = DATE,
        dialect = { "openai-chat", "anthropic", "completions", "rerank" },
        base_url = "https://api.fireworks.ai/inference/v1",
        key_header = "authorization",
        max_tokens_field = "max_tokens", -- it refuses both at once
        -- docs.fireworks.ai/serverless/rate-limits: the tokens of prompts.
        rate_limits = { tokens = { limit = "x-ratelimit-limit-tokens-prompt" } },
    },
    openrouter = {
        source = "openrouter 1.3.84", date = DATE,
        dialect = { "openai-chat", "openai-responses", "completions", "rerank" },
        base_url = "https://openrouter.ai/api/v1",
        max_tokens_field = "any",
        ask_context = true, -- context_length
        rate_limits = { -- openclaude issue 936
            requests = {
                limit = "x-ratelimit-limit",
                remaining = "x-ratelimit-remaining",
                reset = "x-ratelimit-reset",
            },
            reset = "unix",
        },
        cost = {
            { path = "usage.cost" },
            { path = "usage.cost_details.upstream_inference_cost", only_if = "usage.is_byok" },
        },
    },
    -- Its chat and embeddings in OpenAI's form, its own rerank.
    cohere = {
        source = "cohere 7.3.1, docs.cohere.com/docs/compatibility-api", date = DATE,
        dialect = { "openai-chat", "rerank" },
        base_url = "https://api.cohere.com",
        paths = { any = "/compatibility/v1", rerank = "/v2" },
        max_tokens_field = "max_tokens",
    },
    jina = {
        source = "litellm 1.110.2", date = DATE,
        dialect = { "embeddings", "rerank" },
        base_url = "https://api.jina.ai/v1",
    },
    voyage = {
        source = "voyageai 0.5.0, docs.voyageai.com/reference/reranker-api", date = DATE,
        dialect = { "embeddings", "rerank" },
        base_url = "https://api.voyageai.com/v1",
        rerank = { top_n = "top_k", results = "data" },
    },

    -- ---- servers of the operator's own ----

    ollama = {
        source = "Ollama fb30760 (openai/, middleware/)", date = DATE,
        dialect = { "openai-chat", "openai-responses", "anthropic", "completions" },
        base_url = "http://127.0.0.1:11434/v1",
        api_key = false,
        max_tokens_field = "max_tokens", -- it ignores the other name
        ask_context = true,
    },
    vllm = {
        source = "vLLM (entrypoints/openai, entrypoints/pooling)", date = DATE,
        dialect = { "openai-chat", "completions", "rerank" },
        base_url = "http://127.0.0.1:8000/v1",
        api_key = false,
        max_tokens_field = "any",
        ask_context = true,
    },
    sglang = {
        source = "SGLang (srt/entrypoints/http_server.py)", date = DATE,
        dialect = { "openai-chat", "completions" },
        base_url = "http://127.0.0.1:30000/v1",
        api_key = false,
        max_tokens_field = "any",
        ask_context = true,
    },
    ["llama.cpp"] = {
        source = "llama.cpp (tools/server/server.cpp)", date = DATE,
        dialect = { "openai-chat", "anthropic", "completions", "rerank" },
        base_url = "http://127.0.0.1:8080/v1",
        api_key = false,
        max_tokens_field = "any",
        ask_context = true,
    },
    lmstudio = {
        source = "lmstudio 1.5.0, litellm 1.110.2", date = DATE,
        dialect = { "openai-chat", "completions" },
        base_url = "http://127.0.0.1:1234/v1",
        api_key = false,
        max_tokens_field = "max_tokens",
        ask_context = true,
    },
}
