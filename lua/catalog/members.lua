-- All members of the field's price files that carry a price or change one: what each means here,
-- or why it is not sold. A test reads LiteLLM's real file: no member of it may be missing.
--
-- LiteLLM has a member for each combination: cache_read_input_token_cost_above_272k_tokens_flex.
-- Here a name is taken apart instead: what is counted, a step of the prompt, a service tier.
local members = {}

-- What is counted -> our unit (core/base/unit.h).
local UNITS = {
    input_cost_per_token = "input",
    output_cost_per_token = "output",
    cache_read_input_token_cost = "cached_input",
    input_cost_per_token_cache_hit = "cached_input",
    explicit_cache_read_input_token_cost = "cached_input", -- the dearer of both counts
    cache_creation_input_token_cost = "cache_write",
    cache_creation_input_token_cost_above_1hr = "cache_write_long",
    cache_creation_input_token_cost_above_12hr = "cache_write_long",
    input_cost_per_audio_token = "audio_input",
    output_cost_per_audio_token = "audio_output",
    input_cost_per_image_token = "image_input",
    output_cost_per_image_token = "image_output",
    output_cost_per_reasoning_token = "reasoning",
    cache_read_input_audio_token_cost = "cached_audio_input",
    cache_read_input_image_token_cost = "cached_image_input",
    input_cost_per_request = "request",
    google_maps_grounding_cost_per_query = "maps_search",
    code_interpreter_cost_per_session = "session",
    output_cost_per_image = "image",
    output_cost_per_second = "second",
    input_cost_per_second = "second",
    input_cost_per_character = "character",
    ocr_cost_per_page = "page",
}

-- Their names may end with a resolution: output_cost_per_second_720p.
local BY_RESOLUTION = { output_cost_per_image = true, output_cost_per_second = true }
local RESOLUTIONS = {
    ["0.5K"] = true, ["1K"] = true, ["2K"] = true, ["4K"] = true, ["512"] = true,
    ["1024"] = true, ["1536"] = true, ["480p"] = true, ["720p"] = true, ["768p"] = true,
    ["1080p"] = true, ["2k"] = true, ["4k"] = true,
}

-- Service tiers that a request may ask for.
local TIERS = { flex = true, priority = true, ultrafast = true, balanced = true }
-- Ways to call that are not offered, so their prices never count.
local OTHER_WAYS = {
    batches = "the gateway relays no batches",
    decisions = "decisions are sold by an entry with prices of its own",
}

-- Tables with members of their own; lua/catalog/litellm.lua reads them.
local TABLES = {
    search_context_cost_per_query = true, tiered_pricing = true, off_peak_pricing = true,
    provider_specific_entry = true, web_search_billing_unit = true,
}

-- The model is sold without them: no call through the gateway is billed by them.
local NOT_SOLD = {
    regional_processing_uplift_multiplier_eu = "an address in the EU needs a provider of its own",
    regional_processing_uplift_multiplier_us = "an address in the US needs a provider of its own",
    regional_endpoint_uplift_multiplier = "a regional address needs a provider of its own",
    fedramp_uplift_multiplier = "a FedRAMP address needs a provider of its own",
    search_free_requests = "a free quota is of the whole account: each search is charged",
    input_dbu_cost_per_token = "the same price in Databricks' own currency",
    output_dbu_cost_per_token = "the same price in Databricks' own currency",
    file_search_cost_per_gb_per_day = "the gateway keeps no files at a provider",
    vector_store_cost_per_gb_per_day = "the gateway keeps no vector stores at a provider",
}

-- A model that has one of these, and not 0, is not imported: a call could be billed by it.
local BLOCKING = {
    cache_creation_input_audio_token_cost = "sound that is written to a cache is not counted apart",
    annotation_cost_per_page = "annotated pages are not counted apart",
    annotation_cost_per_page_batches = "annotated pages are not counted apart",
    ocr_cost_per_credit = "is priced by credits of the provider",
    ocr_cost_per_page_batches = "the gateway relays no batches of pages",
    citation_cost_per_token = "tokens of citations are not counted apart",
    computer_use_input_cost_per_1k_tokens = "tokens of computer use are not counted apart",
    computer_use_output_cost_per_1k_tokens = "tokens of computer use are not counted apart",
    file_search_cost_per_1k_calls = "is priced by a thousand calls",
    cost_per_second = "is priced by the time that a server is rented",
    guardrail_cost_per_unit = "is priced by units of a guardrail",
    input_cost_per_audio_per_second = "sound of a prompt is not counted by seconds",
    input_cost_per_image = "pictures of a prompt are not priced one by one",
    input_cost_per_pixel = "pixels are not counted",
    output_cost_per_pixel = "pixels are not counted",
    input_cost_per_query = "queries are not counted",
    input_cost_per_text_message = "messages of a voice session are not counted",
    input_cost_per_video_per_second = "film of a prompt is not counted by seconds",
    input_cost_per_video_per_second_above_15s_interval = "film is not counted by intervals",
    input_cost_per_video_per_second_above_8s_interval = "film is not counted by intervals",
    input_cost_per_video_token = "tokens of film are not counted apart",
    output_cost_per_video_token = "tokens of film are not counted apart",
    output_cost_per_video_per_second = "generated film has no unit apart from its seconds",
    output_cost_per_character = "characters of an answer are not counted",
}

-- Members that carry no price. Those that begin with `supports_` and are true or false are these,
-- too.
local NEUTRAL = {}
for name in string.gmatch([[
    alias_of audio_transcription_config bedrock_output_config_effort_ceiling comment
    default_reasoning_effort deprecation_date deprecation_source litellm_provider
    max_input_tokens max_output_tokens max_tokens metadata mode output_vector_size
    prompt_cache_min_tokens reasoning_contexts reasoning_effort_levels reasoning_modes rpm
    source successor_model supported_audio_formats supported_endpoints supported_modalities
    supported_output_modalities supported_regions token_count_framing token_count_model
    token_count_responses_framing token_count_responses_tool_framing token_count_tokenizer
    token_count_tool_framing tpm vertex_ai_audio_api
]], "%S+") do
    NEUTRAL[name] = true
end

-- The members of `provider_specific_entry` that are factors, and their condition. Others that carry
-- no price are NEUTRAL_ENTRY.
members.FACTORS = { us = "region", fast = "speed" }
members.NEUTRAL_ENTRY = {
    bedrock_invocation_schema = true, dashscope_video_reference_input = true,
    realtime_ga_only = true, transcription_json_or_text_only = true,
    transcription_usage_duration = true, volcengine_video_frames = true,
}

-- The members of a model in models.dev's file -> our unit; USD per million tokens.
members.MODELS_DEV = {
    input = "input", output = "output", cache_read = "cached_input", cache_write = "cache_write",
    reasoning = "reasoning", input_audio = "audio_input", output_audio = "audio_output",
}

-- {unit, tier, above, resolution} of a member that is a price, or nil.
local function price_of(name)
    local meaning = { tier = "", above = 0 }
    local base, tier = string.match(name, "^(.+)_(%a+)$")
    if base and TIERS[tier] then
        meaning.tier, name = tier, base
    end
    local wide, step = string.match(name, "^(.+)_above_(%d+)k_tokens$")
    if wide then
        meaning.above, name = tonumber(step) * 1000, wide
    end
    local kind, resolution = string.match(name, "^(.+)_([%w.]+)$")
    if kind and BY_RESOLUTION[kind] and RESOLUTIONS[resolution] then
        meaning.resolution, name = resolution, kind
    end
    meaning.unit = UNITS[name]
    return meaning.unit and meaning
end

-- The way to call that the member's price is for, if it is not offered.
local function other_way(name)
    local base, way = string.match(name, "^(.+)_(%a+)$")
    return base and OTHER_WAYS[way] and price_of(base) and OTHER_WAYS[way]
end

-- The price itself: "input_cost_per_image_above_128k_tokens" is an input_cost_per_image.
local function blocking(name)
    return BLOCKING[name] or BLOCKING[string.match(name, "^(.+)_above_%d+k_tokens$") or ""]
        or BLOCKING[string.match(name, "^(.+)_batches$") or ""]
end

local kept = {}

local function find(name, value)
    if NEUTRAL[name] or type(value) == "boolean" then
        return { kind = "neutral" }
    elseif TABLES[name] then
        return { kind = "table" }
    elseif BLOCKING[name] then
        return { kind = "blocking", why = BLOCKING[name] }
    end
    local why = NOT_SOLD[name] or other_way(name)
    if why then
        return { kind = "not sold", why = why }
    end
    local price = price_of(name)
    if price then
        price.kind = "price"
        return price
    end
    why = blocking(name)
    return why and { kind = "blocking", why = why } or { kind = "unknown" }
end

-- What a member of LiteLLM's file means: {kind = "price", unit, tier ("": plain), above (tokens;
-- 0: any), resolution}, or kind = "table", "neutral", "not sold" or "blocking" (with `why`), or
-- "unknown". A member that is true or false carries no price.
function members.meaning(name, value)
    if type(value) == "boolean" then
        return { kind = "neutral" }
    end
    kept[name] = kept[name] or find(name, value)
    return kept[name]
end

return members
