-- The providers that answer calls. Addresses and keys come from the gateway's environment, not from
-- this file. A provider without its key is unavailable. All members are in docs/POLICIES.md.
local openai_url = env("OPENAI_BASE_URL", "https://api.openai.com/v1")
local gemini_url = env("GEMINI_BASE_URL", "https://generativelanguage.googleapis.com")

---@type policy.Providers
return {
    openai = {
        -- Another server in OpenAI's place may know no Responses: they are translated for it.
        dialect = starts_with(openai_url, "https://api.openai.com/")
            and { "openai-chat", "openai-responses", "completions", "decisions" }
            or "openai",
        keeps_responses = starts_with(openai_url, "https://api.openai.com/"),
        base_url = openai_url,
        api_key = env("OPENAI_API_KEY"),
        connect_timeout_ms = 5000,
        first_byte_timeout_ms = 120000, -- until the answer begins
        idle_timeout_ms = 60000,        -- between two pieces of a streamed answer
        total_timeout_ms = 600000,
        counts_tokens = starts_with(openai_url, "https://api.openai.com/"), -- for nothing
        compacts = starts_with(openai_url, "https://api.openai.com/"), -- conversations that grow
        rate_limits = { -- the headers that say its limits on you
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
            reset = "duration",
        },
    },

    -- Others that sell() in models.lua finds. Each speaks its own dialect; calls of clients that
    -- speak another one are translated.
    -- `provider` stands for what is known of each: docs/POLICIES.md has the list. Any member may be
    -- given here all the same.
    anthropic = {
        provider = "anthropic",
        base_url = env("ANTHROPIC_BASE_URL"), -- with or without /v1
        api_key = env("ANTHROPIC_API_KEY"),
    },
    gemini = {
        -- Its address for OpenAI's clients, .../v1beta/openai, still works.
        dialect = contains(gemini_url, "/openai") and "openai" or "gemini",
        base_url = gemini_url,
        api_key = env("GEMINI_API_KEY"),
        counts_tokens = not contains(gemini_url, "/openai"),
    },
    -- With a service account: the path of the JSON file that Google gives, or its text.
    vertex = {
        provider = "vertex",
        project = env("VERTEX_PROJECT"), -- or as the key file says
        location = env("VERTEX_LOCATION", "global"),
        service_account = env("VERTEX_SERVICE_ACCOUNT"),
    },
    ["vertex-anthropic"] = { -- Claude there
        provider = "vertex-anthropic",
        project = env("VERTEX_PROJECT"),
        location = env("VERTEX_LOCATION", "global"),
        service_account = env("VERTEX_SERVICE_ACCOUNT"),
    },
    ["vertex-openai"] = { -- Llama, DeepSeek, Qwen, ... there
        provider = "vertex-openai",
        project = env("VERTEX_PROJECT"),
        location = env("VERTEX_LOCATION", "global"),
        service_account = env("VERTEX_SERVICE_ACCOUNT"),
    },
    ["vertex-express"] = {
        provider = "vertex-express",
        base_url = env("VERTEX_BASE_URL"),
        api_key = env("VERTEX_API_KEY"),
    },
    azure = {
        provider = "azure",
        resource = env("AZURE_RESOURCE_NAME"),
        base_url = env("AZURE_OPENAI_ENDPOINT"), -- instead of the resource
        api_key = env("AZURE_OPENAI_API_KEY"),
    },
    bedrock = {
        provider = "bedrock",
        region = env("AWS_REGION"),
        base_url = env("AWS_BEDROCK_BASE_URL"), -- instead of the region
        api_key = env("AWS_BEARER_TOKEN_BEDROCK"),
    },
    xai = {
        provider = "xai",
        base_url = env("XAI_BASE_URL"),
        api_key = env("XAI_API_KEY"),
    },
    deepseek = {
        provider = "deepseek",
        base_url = env("DEEPSEEK_BASE_URL"),
        api_key = env("DEEPSEEK_API_KEY"),
    },
    mistral = {
        provider = "mistral",
        base_url = env("MISTRAL_BASE_URL"),
        api_key = env("MISTRAL_API_KEY"),
    },
    groq = {
        provider = "groq",
        base_url = env("GROQ_BASE_URL"),
        api_key = env("GROQ_API_KEY"),
    },
    together = {
        provider = "together",
        base_url = env("TOGETHER_BASE_URL"),
        api_key = env("TOGETHER_API_KEY"),
    },
    fireworks = {
        provider = "fireworks",
        base_url = env("FIREWORKS_BASE_URL"),
        api_key = env("FIREWORKS_API_KEY"),
    },
    openrouter = {
        provider = "openrouter",
        base_url = env("OPENROUTER_BASE_URL"),
        api_key = env("OPENROUTER_API_KEY"),
    },
    cohere = {
        provider = "cohere",
        base_url = env("COHERE_BASE_URL"), -- without a path
        api_key = env("CO_API_KEY"),
    },
    jina = {
        provider = "jina",
        base_url = env("JINA_BASE_URL"),
        api_key = env("JINA_API_KEY"),
    },
    voyage = {
        provider = "voyage",
        base_url = env("VOYAGE_BASE_URL"),
        api_key = env("VOYAGE_API_KEY"),
    },

    -- Servers of your own, which need no key. They are asked only if a model names them.
    ollama = { provider = "ollama", base_url = env("OLLAMA_BASE_URL") },
    vllm = { provider = "vllm", base_url = env("VLLM_BASE_URL") },
    sglang = { provider = "sglang", base_url = env("SGLANG_BASE_URL") },
    ["llama.cpp"] = { provider = "llama.cpp", base_url = env("LLAMA_CPP_BASE_URL") },
    lmstudio = { provider = "lmstudio", base_url = env("LMSTUDIO_BASE_URL") },

    -- The built-in provider answers by itself. Use it to try things out and for tests.
    demo = { dialect = "demo" },
}
