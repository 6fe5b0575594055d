---@meta
-- long: one list of all words
-- All words that a policy may use, and the tables that each file returns. For editors that speak
-- LuaLS; the gateway never loads this file. A test compares the words with those that C registers
-- (core/script/sandbox.c, core/script/policy_bindings.c). Explained in docs/POLICIES.md.

-- ---- words of the gateway ----

---The value of an environment variable of the gateway; `default` if it is unset or empty. Only
---while the file loads, not in a function that runs for a request.
---@param name string
---@param default? any
---@return any
function env(name, default) end

---The entry of catalog.lua with this name, as an entry of models.lua. Each member of `overrides`
---replaces the catalogue's; `false` takes it away. Only in models.lua, while it loads.
---@param name string
---@param overrides? policy.Model
---@return policy.Model
function sell(name, overrides) end

---Whether `text` contains `part`; upper and lower case differ.
---@param text string
---@param part string
---@return boolean
function contains(text, part) end

---@param text string
---@param part string
---@return boolean
function ends_with(text, part) end

---@param text string
---@param part string
---@return boolean
function starts_with(text, part) end

---The parts between the separators: split("a,b", ",") is { "a", "b" }. At most 10,000 parts.
---@param text string
---@param separator string
---@return string[]
function split(text, separator) end

---The text without spaces and line breaks at both ends.
---@param text string
---@return string
function trim(text) end

---@class policy.Time
---@field year integer
---@field month integer 1 to 12
---@field day integer
---@field hour integer
---@field minute integer
---@field second integer
---@field weekday integer 1 is Monday, 7 is Sunday

---The time in UTC. Only in a function that runs for a request.
---@return policy.Time
function now() end

-- ---- words of Lua ----

---@generic T
---@param value T
---@param message? any
---@return T
function assert(value, message, ...) end

---@param message any
---@param level? integer
function error(message, level) end

---@generic T
---@param list T[]
---@return fun(list: T[], index?: integer): integer, T
function ipairs(list) end

---@generic K, V
---@param values table<K, V>
---@param key? K
---@return K?, V?
function next(values, key) end

---@generic K, V
---@param values table<K, V>
---@return fun(values: table<K, V>, key?: K): K, V
function pairs(values) end

---@param fn function
---@return boolean done
---@return any ...
function pcall(fn, ...) end

---@param index integer|"#"
---@return any
function select(index, ...) end

---@param value any
---@param base? integer
---@return number?
function tonumber(value, base) end

---@param value any
---@return string
function tostring(value) end

---@param value any
---@return "nil"|"number"|"string"|"boolean"|"table"|"function"
function type(value) end

---@generic T
---@param list T[]
---@param first? integer
---@param last? integer
---@return T ...
function unpack(list, first, last) end

-- Without rep, find, match, gmatch and gsub: a single call of these can run for hours.
---@class stringlib
string = {}

---@param text string
---@param first? integer
---@param last? integer
---@return integer ...
function string.byte(text, first, last) end

---@param ... integer
---@return string
function string.char(...) end

---@param format string
---@return string
function string.format(format, ...) end

---@param text string
---@return integer
function string.len(text) end

---@param text string
---@return string
function string.lower(text) end

---@param text string
---@return string
function string.reverse(text) end

---@param text string
---@param first integer
---@param last? integer
---@return string
function string.sub(text, first, last) end

---@param text string
---@return string
function string.upper(text) end

---@class tablelib
table = {}

---@param list table
---@param separator? string
---@param first? integer
---@param last? integer
---@return string
function table.concat(list, separator, first, last) end

---@param list table
---@param position integer
---@param value any
---@overload fun(list: table, value: any)
function table.insert(list, position, value) end

---@param values table
---@return number
function table.maxn(values) end

---@param list table
---@param position? integer
---@return any
function table.remove(list, position) end

---At most 1,000 items.
---@generic T
---@param list T[]
---@param before? fun(a: T, b: T): boolean
function table.sort(list, before) end

---@class mathlib
math = {}

---@type number
math.huge = 0
---@type number
math.pi = 3.14

---@param x number
---@return number
function math.abs(x) end

---@param x number
---@return number
function math.acos(x) end

---@param x number
---@return number
function math.asin(x) end

---@param x number
---@return number
function math.atan(x) end

---@param y number
---@param x number
---@return number
function math.atan2(y, x) end

---@param x number
---@return integer
function math.ceil(x) end

---@param x number
---@return number
function math.cos(x) end

---@param x number
---@return number
function math.deg(x) end

---@param x number
---@return number
function math.exp(x) end

---@param x number
---@return integer
function math.floor(x) end

---@param x number
---@param y number
---@return number
function math.fmod(x, y) end

---@param x number
---@return number
function math.log(x) end

---@param x number
---@return number
function math.log10(x) end

---@param x number
---@param ... number
---@return number
function math.max(x, ...) end

---@param x number
---@param ... number
---@return number
function math.min(x, ...) end

---@param x number
---@return integer whole
---@return number rest
function math.modf(x) end

---@param x number
---@param y number
---@return number
function math.pow(x, y) end

---@param x number
---@return number
function math.rad(x) end

---A number from 0 to 1, or a whole number from `least` to `most`.
---@param least? integer
---@param most? integer
---@return number
function math.random(least, most) end

---@param x number
---@return number
function math.sin(x) end

---@param x number
---@return number
function math.sqrt(x) end

---@param x number
---@return number
function math.tan(x) end

-- ---- the arguments of a policy's functions ----

---@class policy.Request
---@field model string
---@field group? string
---@field user_id string
---@field key_id string
---@field stream boolean
---@field input_tokens integer an estimate, never too small
---@field output_tokens? integer the limit that the request sets

---@class policy.CandidateView
---@field provider string
---@field model string
---@field available boolean false: its provider has no key
---@field input number USD per million tokens
---@field cached_input number
---@field output number

---@alias policy.Candidates policy.CandidateView[]

---A candidate as `sort` sees it.
---@class policy.SortView
---@field provider string
---@field model string the provider's name for it
---@field available boolean
---@field weight integer
---@field price number your cost, USD per million tokens: three of prompt for one of the answer
---@field latency_ms number until it answers, the mean of late; 0: not known
---@field throughput number output tokens a second, the mean of late; 0: not known
---@field success number the share of the calls of the last 30 seconds that did not fail; 1: none

---The order in which to ask them; nil: as they are listed. Those that it leaves out are not asked.
---@alias policy.SortViews policy.SortView[]
---@alias policy.SortFunction
---| fun(request: policy.Request, candidates: policy.SortViews): policy.SortViews?

-- ---- the results of the files ----

---@alias policy.Price string|number USD per million tokens
---@alias policy.Margin string such as "20%"

---The member in which a provider takes the longest answer.
---@alias policy.LimitField "max_tokens"|"max_completion_tokens"|"both"|"any"

---How a provider speaks; "openai" is "openai-chat".
---@alias policy.Dialect
---| "openai"|"openai-chat"|"openai-responses"|"anthropic"|"gemini"
---| "embeddings"|"moderations"|"rerank"|"completions"|"decisions"
---| "gemini-embeddings"|"speech"|"images"|"transcriptions"|"translations"
---| "image_edits"|"image_variations"|"demo"

---Where a model is sold; "chat" stands for all conversations.
---@alias policy.Endpoint
---| "chat"|"completions"|"embeddings"|"moderations"|"rerank"|"decisions"|"gemini-embeddings"
---| "speech"|"images"|"transcriptions"|"translations"|"image_edits"|"image_variations"

---@class policy.CostPath
---@field path string names of members with dots between: "usage.cost"
---@field unit? "usd"|"cents"|"ticks" a tick is 10^-10 USD; default "usd"
---@field only_if? string a path; the amount counts only if true stands there

---@class policy.Map
---@field path? string in place of /chat/completions
---@field request? fun(asked: table, api: policy.MapApi) writes the body; nil: OpenAI's passes
---@field answer fun(answer: integer, api: policy.MapApi, memory: table) reads an event, or a body
---@field carries? string[] words of docs/DIALECTS.md that `request` writes; others are refused

-- A value of JSON is a number that names it: a node.
---@class policy.MapApi
---@field pick fun(node: integer?, ...: string): integer? ... the values of these members
---@field items fun(node: integer?): integer[] the elements of an array
---@field kind fun(node: integer?): string? "null", "boolean", "number", "string", "array", "object"
---@field string fun(node: integer?): string? at most 64 KB
---@field number fun(node: integer?): integer? a whole number
---@field put fun(...: string|integer) texts as they are, nodes as their JSON; for requests
---@field quoted fun(text: string): string as a string of JSON
---@field refuse fun(param: string, message: string) the client gets a 400
---@field text fun(value: integer|string|nil) what the model says; this and the rest: for answers
---@field reasoning fun(value: integer|string|nil)
---@field call fun(id: string?, name: string, arguments: integer|string) a whole call of a tool
---@field usage fun(counts: table<string, integer>) input, cached, cache_write, output, reasoning
---@field reason fun(word: "stop"|"length"|"tool_calls"|"content_filter")
---@field done fun() the stream is over, though the connection may stay open

---@alias policy.KnownProvider
---| "openai"|"anthropic"|"gemini"|"vertex"|"vertex-anthropic"|"vertex-openai"|"vertex-express"
---| "azure"|"azure-deployments"|"bedrock"|"xai"|"deepseek"|"mistral"|"groq"|"together"|"fireworks"
---| "openrouter"|"cohere"|"jina"|"voyage"
---| "ollama"|"vllm"|"sglang"|"llama.cpp"|"lmstudio"

---@class policy.RateLimits
---@field requests? { limit?: string, remaining?: string, reset?: string } names of headers
---@field tokens? { limit?: string, remaining?: string, reset?: string }
---@field reset? "duration"|"seconds"|"time"|"unix"

---@class policy.Provider
---@field provider? policy.KnownProvider what is known of it stands for members that are not given
---@field dialect? policy.Dialect|policy.Dialect[] others are translated into the first
---@field base_url? string http:// or https://
---@field region? string in the address of a known provider, like the next three
---@field resource? string
---@field project? string else the one that the key file names
---@field location? string "global", "us-central1", ...
---@field paths? table<policy.Dialect|"any", string> between base_url and what is appended
---@field query? string "name=value", at the end of each address
---@field key_header? string the field of the key: "api-key"; "authorization" puts Bearer before it
---@field api_key? string|false false: the server needs none
---@field api_keys? string[] in place of api_key: a pool
---@field service_account? string in its place: Google's key file, by its path, or its text
---@field rate_limits? policy.RateLimits the headers that say its limits on us
---@field rerank? { top_n?: string, results?: string } what it calls members of "rerank" otherwise
---@field map? policy.Map an API of another form, with dialect = "openai-chat"
---@field ca_file? string PEM file of the authorities to trust, in place of the system's
---@field connect_timeout_ms? integer
---@field first_byte_timeout_ms? integer
---@field idle_timeout_ms? integer
---@field total_timeout_ms? integer for a plain answer, or until a stream says something
---@field stream_timeout_ms? integer for a whole stream
---@field breaker? policy.Breaker|false when its models are left out; false: never
---@field balance? policy.Balance|string|number our account there; a number alone is its `below`
---@field spend_per_day? string|number USD that its calls may cost a day (UTC)
---@field on_cancel? "charge"|"free"|"read" who pays when a client leaves
---@field headers? table<string, string> sent with each request
---@field cost? policy.CostPath|policy.CostPath[] where answers say what we pay
---@field pass_headers? ("traceparent"|"tracestate"|"openai-organization"|"openai-project")[]
---@field traceparent? boolean it gets our own trace, not the client's
---@field errors_shown? boolean customers may read why the provider failed
---@field usage_unasked? boolean its streams say usage by themselves; stream_options is refused
---@field counts_tokens? boolean it is asked how many tokens a request has
---@field keeps_responses? boolean it keeps responses, and customers may name their own
---@field raw_predict? boolean "anthropic" as on Vertex: the model in the address
---@field compacts? boolean it makes summaries of conversations that have become long
---@field ask_context? boolean its server is asked for the context lengths of its models
---@field max_tokens_field? policy.LimitField

---@alias policy.Providers table<string, policy.Provider>

-- USD per million tokens, but for `web_search` and `request`: USD for one. What has no price of its
-- own has the price that is named here.
---@class policy.Prices
---@field input? policy.Price tokens of the prompt
---@field cached_input? policy.Price read from the provider's cache; else input
---@field output? policy.Price generated tokens
---@field cache_write? policy.Price written to the cache; else input
---@field cache_write_long? policy.Price for an hour or more; else cache_write
---@field audio_input? policy.Price else input
---@field image_input? policy.Price else input
---@field reasoning? policy.Price else output
---@field audio_output? policy.Price else output
---@field image_output? policy.Price else output
---@field web_search? policy.Price each
---@field request? policy.Price each
---@field cached_audio_input? policy.Price else cached_input
---@field cached_image_input? policy.Price else cached_input
---@field image? policy.Price each generated one
---@field second? policy.Price of sound or film, each
---@field character? policy.Price each
---@field page? policy.Price of documents, each
---@field session? policy.Price of a code interpreter, each
---@field file_search? policy.Price each
---@field maps_search? policy.Price each

---@class policy.Candidate: policy.Prices
---@field provider string
---@field model? string the provider's name for it
---@field max_tokens_field? policy.LimitField
---@field answers_as? string|false the model's name in answers; false: the provider's own name
---@field when? policy.PriceRule[] of the candidate's own prices
---@field allow_loss? boolean the model may be sold below this candidate's cost
---@field weight? integer its share of the calls, with sort = "weight" or "latency"; default 1

---A share of a model's calls that goes to another candidate first.
---@class policy.Canary
---@field candidate policy.Candidate
---@field share string such as "5%"
---@field by? "account"|"call" what is drawn: customers, who stay in it, or calls; default "account"
---@field groups? string[] only of customers in these groups

---A share of a model's answered calls that goes to another candidate once more; nobody gets its
---answer, and you pay it.
---@class policy.Shadow
---@field candidate policy.Candidate
---@field share string such as "1%"
---@field spend_per_day policy.Price USD that its calls may cost in a UTC day, at most
---@field by? "account"|"call" default "call"
---@field groups? string[] only of customers in these groups

---A model gets audio, files and pictures (vision) only if they are named here.
---@alias policy.Capability
---| "audio"
---| "files"
---| "json_mode"
---| "json_schema"
---| "logprobs"
---| "reasoning"
---| "tools"
---| "vision"

-- A price under conditions. All that are stated must hold; a list of names: any of them.
---@class policy.PriceRule: policy.Prices
---@field prompt_above? integer tokens of the prompt, cached ones included
---@field service_tier? string|string[]
---@field speed? string|string[]
---@field region? string|string[] inference_geo
---@field choice? string|string[] what the model's function `choose` returns
---@field search_context? string|string[] web_search_options.search_context_size
---@field size? string|string[] of pictures
---@field quality? string|string[]
---@field resolution? string|string[]
---@field hours? string "16:30-00:30", local
---@field weekdays? integer[] 1 is Monday; the day on which the hours begin
---@field zone? string of the hours, such as "Asia/Shanghai"; default "UTC"
---@field from? string a date (midnight UTC) or a time in RFC 3339
---@field until? string likewise, exclusive
---@field factor? string|number of all prices; a rule has this or prices

---@class policy.Model: policy.Prices
---@field when? policy.PriceRule[] prices under conditions
---@field choose? fun(request: policy.Request): string? a choice of a rule in when; nil: none
---@field web_search_max? integer the most searches of a call; needed with web_search
---@field image_max? integer likewise
---@field second_max? integer
---@field character_max? integer
---@field page_max? integer
---@field session_max? integer
---@field file_search_max? integer
---@field maps_search_max? integer
---@field name? string
---@field owned_by? string
---@field created? integer seconds since 1970
---@field context? integer tokens; optional if every candidate has ask_context
---@field max_output? integer tokens; required unless the model generates no text
---@field endpoints? policy.Endpoint[] default { "chat" }
---@field image_tokens_max? integer the most that one image can cost
---@field capabilities? policy.Capability[]
---@field allow? string[] features sold at the model's prices: "tools.web_search", "service_tier.*"
---@field max_tokens_field? policy.LimitField
---@field web_search_by? "query"|"prompt" whether a prompt's searches cost as one; default "query"
---@field searches? boolean each call searches, whether the provider counts it or not
---@field price_by? "first"|"candidate"|"cost" whose price is sold; default "first"
---@field shares_answers? boolean identical calls that are under way share an answer; default false
---@field sort? policy.Sort|policy.SortFunction of its candidates; default: as in routes.lua
---@field candidates policy.Candidate[]
---@field canary? policy.Canary
---@field shadow? policy.Shadow
---@field hedge? policy.Hedge|false in the place of that of routes.lua

---A text is the name of an entry, of which the key is another name; it may have a star.
---@alias policy.Models table<string, policy.Model|string>

-- ---- catalog.lua, which `llm-gateway catalog import` writes ----

---What an entry of the catalogue has beside members of a model.
---@class policy.CatalogEntryOwn
---@field provider string the name in providers.lua
---@field model string the provider's own name of the model
---@field mode? string what it is for, if that is not chat; some are not served yet
---@field retires? string the day on which the provider takes it away

---@class policy.Catalog
---@field source string whose price file this is from
---@field version? string of that file, as --label said
---@field date? string on which that file was changed last
---@field sha256? string of that file
---@field models table<string, policy.CatalogEntryOwn>

---@class policy.GroupMargins
---@field default? policy.Margin
---@field models? table<string, policy.Margin>

---@class policy.Margins
---@field default policy.Margin
---@field models? table<string, policy.Margin>
---@field groups? table<string, policy.Margin|policy.GroupMargins>
---@field rule? fun(request: policy.Request): policy.Margin?

---@class policy.Offer
---@field amount string in the currency: "100"
---@field credit? string in USD, for all of it; default: by the currency's

---@class policy.Currency
---@field currency string ISO 4217 in lower case: "usd"
---@field credit string in USD, for one unit
---@field min string of one payment: "5"
---@field max string
---@field offers (string|policy.Offer)[]

---@class policy.Payments
---@field currencies policy.Currency[] the first one is shown first
---@field automatic_top_ups? boolean default: true
---@field automatic_tax? boolean Stripe Tax adds what is due; default: false
---@field invoices? boolean Stripe writes one for each payment; default: false
---@field product? string what is bought; default: "Credits"

---@class policy.Mounts
---@field openai string[]
---@field gemini? string[] default: /v1beta and /api/v1beta
---@field dashboard string

---@class policy.Access
---@field default? string[] models for groups that are not in `groups`
---@field groups? table<string, string[]>
---@field rule? fun(request: policy.Request): boolean?

---@alias policy.Sort "listed"|"price"|"weight"|"latency"|"throughput"

---A member of `provider` in a client's request, or its `models`.
---@alias policy.Wish
---| "order"
---| "only"
---| "ignore"
---| "allow_fallbacks"
---| "sort"
---| "max_price"
---| "models"

---Our account with a provider, asked every five minutes.
---@class policy.Balance
---@field below? string|number less than so many USD raises an alarm
---@field path? string where the provider says it, behind base_url; "{day}": when the UTC day began
---@field url? string the whole address in its place
---@field api_key? string another key than the entry's
---@field kind? "left"|"billed" what is left, or what was billed since midnight UTC
---@field read? fun(answer: table): string|number|nil, string? the figure in USD, or nil and why

---@class policy.Breaker
---@field consecutive_failures? integer
---@field failure_percent? integer of the calls of the last nine seconds
---@field minimum_calls? integer
---@field base_ejection_ms? integer
---@field max_ejection_ms? integer

---@class policy.Retry
---@field attempts_max? integer
---@field unknown? boolean also what may have been done, and billed; default true
---@field on? ("connect"|"reset"|"timeout"|"429"|"5xx"|"auth")[]

---Calls that wait where all that they may ask pauses for its rate limit.
---@class policy.Queue
---@field wait_ms? integer for so long at most; default 10000
---@field calls? integer so many for each limit; default 200

---A plain call whose provider is late is asked of a second one, too; the first answer counts.
---@class policy.Hedge
---@field percentile? integer of the provider's times, 50 to 99: after that it is late; default 95
---@field max_extra_load? string|number the share of a model's calls that may be asked twice; "5%"

---@class policy.Routes
---@field mounts? policy.Mounts
---@field access? policy.Access
---@field order? fun(request: policy.Request, candidates: policy.Candidates): policy.Candidates?
---@field retry? policy.Retry
---@field queue? policy.Queue without it such a call is refused
---@field hedge? policy.Hedge|false default: nothing is asked twice
---@field sort? policy.Sort|policy.SortFunction the order of candidates; default "listed"
---@field wishes? policy.Wish[]|boolean which wishes of clients are granted
---@field groups? string[] groups that only rules know; groups in other files need no entry

-- Members of a day, a month or in money are quotas of UTC, which survive a restart and count what
-- is held; the others slide, in memory.
---@class policy.Limit
---@field scope "key"|"user"|"group"|"all"
---@field group? string
---@field models? string[]
---@field concurrency? integer
---@field abandoned_per_minute? integer calls whose client leaves
---@field requests_per_minute? integer
---@field requests_per_day? integer
---@field requests_per_month? integer
---@field tokens_per_minute? integer
---@field tokens_per_day? integer
---@field tokens_per_month? integer
---@field usd_per_minute? string|number
---@field usd_per_day? string|number
---@field usd_per_month? string|number
---@field output_tokens_max? integer

---@alias policy.Limits policy.Limit[]

-- No token is in two of them.
---@class policy.Counts
---@field input? integer tokens of the prompt, without those below
---@field cached_input? integer
---@field output? integer generated tokens, without those below
---@field cache_write? integer
---@field cache_write_long? integer
---@field audio_input? integer
---@field image_input? integer
---@field reasoning? integer
---@field audio_output? integer
---@field image_output? integer
---@field web_search? integer
---@field request? integer
---@field cached_audio_input? integer
---@field cached_image_input? integer
---@field image? integer
---@field second? integer
---@field character? integer
---@field page? integer
---@field session? integer
---@field file_search? integer
---@field maps_search? integer

---@class policy.Example: policy.Counts
---@field model string
---@field group? string
---@field stream? boolean
---@field price? string|number USD
---@field at? string when the call is made: a date (midnight UTC) or a time in RFC 3339
---@field service_tier? string
---@field speed? string
---@field region? string
---@field search_context? string
---@field size? string
---@field quality? string
---@field resolution? string
---@field fails? "model_not_found"|"model_not_allowed"|"model_not_priced"|"policy_error"

---@alias policy.Examples policy.Example[]
