---@meta
-- long: one list of all methods
-- The methods of an exchange and the table `core`, which C gives to trusted Lua (lua/, not
-- policies). For editors that speak LuaLS; the gateway never loads this file. Registered in
-- core/script/api_*.c.
--
-- "Ends the task": the client has its answer, and the call does not return. A method that yields
-- lets other exchanges run until its result is there; if the client leaves meanwhile, it does not
-- return, either. A wrong argument raises an error: the client gets a 500.
-- return either. What is wrong in the arguments raises an error: the client gets a 500.

---A client's request and its reply.
---@class core.Exchange
local exchange = {}

-- ---- the request ----

---@return string method
---@return string path as it was sent; escapes are not decoded
---@return string query what follows the ?, or ""
---@return boolean traced the exchange is told to a collector
function exchange:asked() end

---For the trace: the route of the path.
---@param pattern string "/api/keys/{id}"
function exchange:note_route(pattern) end

---Ends the task with a 431 if the header is longer than 1 KB, except Cookie.
---@param name string in lower case
---@return string? value
function exchange:asked_header(name) end

---The other end of the connection; if that is a trusted proxy, the client behind it.
---@return string address "192.0.2.7" or "2001:db8::1"
---@return boolean secure https at the client's side
function exchange:peer() end

---The network of that address: IPv4 unchanged, IPv6 by its first 64 bits.
---@return string network "192.0.2.7" or "2001:db8::/64"
function exchange:network() end

---The body. Ends the task with a 413 if it is larger than that; without it, than a document: 64 KB.
---@param bytes_max? integer
---@return string
function exchange:body(bytes_max) end

-- ---- the reply ----

---Adds a header to the coming reply.
---@param name string
---@param value string
function exchange:header(name, value) end

---The coming reply holds no secret, so it may be sent with gzip to a client that takes it.
function exchange:may_pack() end

---Answers and ends the task.
---@param status integer
---@param body? string
---@param content_type? string "application/json" if there is a body
function exchange:reply(status, body, content_type) end

---Begins a reply with status 200 that is written in pieces and may be larger than memory. A failure
---after this, x:refuse too, cuts the connection.
---@param content_type string
function exchange:download(content_type) end

---Writes a piece. Yields while the client has not taken the pieces before.
---@param text string
function exchange:write(text) end

---Ends the reply and the task.
function exchange:finish() end

---Answers with an error in the shape of docs/API.md and ends the task.
---@param status integer
---@param code string such as "not_found"
---@param message string for the person who must act on it
---@param param? string the wrong member or parameter
---@param metadata? string a JSON object
---@param retry_after_ms? integer
---@param final? boolean a retry cannot help, whatever the status says
function exchange:refuse(status, code, message, param, metadata, retry_after_ms, final) end

---A rule of the operator has failed: answers with a 500 and ends the task.
---@param message string for the log only
function exchange:fail(message) end

-- ---- retries ----

---Claims the request's Idempotency-Key, if it has one, and looks for a kept answer. Yields if there
---is a key. Ends the task with a 400 if the key is invalid. A request without a key is fresh.
---@param what string the endpoint, the same at all mounts: "POST /chat/completions"
---@param account_id? string the account that claims the key; by default the API key's
---@return boolean fresh this exchange must do the work; else call x:answer_again()
---@return string? key
---@return string? digest of the endpoint and the body
---@return string? request_id
function exchange:claim(what, account_id) end

---Answers a request that is not fresh and ends the task: the first answer again, or why not.
function exchange:answer_again() end

-- ---- a call to a model ----

---Looks the API key up. Ends the task with a 401 if the key does not work.
---@return string group "" if there is none
---@return string models the names that the key may use, separated by "\n"; "" allows all
function exchange:authenticate() end

---The same for a key of a signed-in user. Ends the task with a 404 if the user has no such key.
---@param digest string of the key
---@param user_id string
---@return string group
---@return string models
function exchange:authenticate_as(digest, user_id) end

---The ids of the authenticated caller.
---@return string key_id
---@return string account_id
---@return string user_id
function exchange:caller() end

---The client speaks this dialect, which its path does not tell. Before the body is read.
---@param dialect policy.Endpoint
function exchange:speaks(dialect) end

---The request's model is another name of this entry of models.lua: it is recorded by that.
---@param model string
function exchange:means(model) end

---Reads the body in the dialect of the request's path, and x-llm-max-cost. Ends the task with a 400
---if one is invalid.
---@param purpose? "call"|"estimate"|"count"|"compact" default: call; compact is one, too, and the
---metrics count no other
---@param model? string of a dialect that has it in its address
---@param streamed? boolean likewise
---@param as_array? boolean the stream is one JSON array
---@return string model
---@return boolean stream
---@return integer? output_tokens the client's limit, if it sets one
---@return integer input_tokens an estimate
---@return string? wishes the member `provider`, a JSON object of at most 4 KB; may be ""
---@return string? models the member `models`, a JSON array of at most 4 KB
function exchange:read_request(purpose, model, streamed, as_array) end

---How many tokens the input of the request has, by an estimate.
---@param ceiling userdata of a prepared plan
---@return integer tokens
function exchange:count_input(ceiling) end

---How the request names what its provider keeps: responses, conversations, items. "loosely": only
---items that providers which keep nothing can read as well.
---@return nil|"loosely"|"strictly" naming
function exchange:names_kept() end

---Adds what the request's address names, at most twice.
---@param kind "response"|"conversation"|"item"
---@param id string
---@return boolean possible whether anything can have this id
function exchange:name_kept(kind, id) end

---Adds what a body with `items` names. Ends the task with a 400 if no account can own that.
function exchange:read_items() end

---How many tokens the body has at most about, if it only adds to a conversation.
---@return integer
function exchange:body_tokens() end

---What the last ask has told of that its provider keeps: lines for the operation object.add.
---@param what "conversation"|"items"
---@return string lines "": nothing
function exchange:asked_objects(what) end

---Looks up whose that is. What the account has becomes a part of the input. Yields.
---@return string provider that has what was found; "": nothing was found, or two providers have it
---@return boolean owned the account has all of it, at this provider
function exchange:find_named() end

---Whether the gateway itself keeps turns of the Responses API (`keep_responses_days`).
---@return boolean on
function exchange:keeps_turns() end

---Looks up the turns that the request names: those that it brings in, those that its address names,
---or these with all that they continue. Yields.
---@param purpose "bring"|"show"|"input"
---@return boolean found all of them
function exchange:find_turns(purpose) end

---Answers why they were not found. Ends the task.
function exchange:refuse_turns() end

---Makes the request whole: it is to be read again.
function exchange:bring_turns() end

---Answers with the response that was found. Ends the task.
function exchange:reply_response() end

---Answers with a page of the items that were found. Ends the task.
---@param what "all"|"input"|"last" "last": of the last turn
---@param limit integer
---@param after string the id of the item before; "": from the beginning
---@param ascending boolean
function exchange:reply_items(what, limit, after, ascending) end

---Answers with an item, and ends the task; returns if there is none with this id.
---@param id string
function exchange:reply_item(id) end

---@param id string
---@return boolean there
function exchange:has_item(id) end

---Answers with the conversation that was found. Ends the task.
---@param id string
function exchange:reply_conversation(id) end

---What the body adds to a conversation, for the operation turn.add.
---@return string sealed
---@return integer keep_ms
---@return integer bytes_max
function exchange:seal_turn() end

---The same: the item is removed.
---@param id string
---@return string sealed
---@return integer keep_ms
---@return integer bytes_max
function exchange:seal_removal(id) end

---Answers that the account has not what the request names. Ends the task.
function exchange:refuse_named() end

---Answers that what the request names is with none of the model's providers. Ends the task.
function exchange:refuse_kept() end

---Counts against all limits at once. Ends the task with a 429 if one is reached. Quotas are taken
---with the hold.
---@param limits userdata of a prepared plan (lua/policy/init.lua)
---@param requests_only? boolean for an answer that is given again
---@param models? string[] that may answer, if the call names several
function exchange:limits(limits, requests_only, models) end

---Counts the exchange as one of those of this name at the same time. Ends the task with a 429 if
---there are `most` already.
---@param name string
---@param most integer
function exchange:acquire(name, most) end

---Reserves the account's credits for the worst case. Ends the task with a 402 if they are too few.
---Yields if they are too few at first: another process may have just added some.
---@param ceiling userdata of a prepared plan; of several models, the dearest is held
---@param ... userdata
function exchange:hold(ceiling, ...) end

---Another model is asked from now on, within what is held: its candidates are chosen from anew.
---@param model string
---@param ceiling userdata of its plan, which was given to hold
function exchange:turn_to(model, ceiling) end

---What running calls hold of the quota of this name (lua/policy/limits.lua) of a user or key.
---@param subject string id
---@param name string
---@return string digits
function exchange:quota_held(subject, name) end

---Counts an estimate; ends the task with a 429 after too many. Yields if the quotas are not known.
---@param limits userdata of a prepared plan
function exchange:begin_estimate(limits) end

---What the call would cost at most, and whether it would pass now; holds nothing. After
---begin_estimate. Ends the task as x:hold does if the call is refused for another reason than
---money.
---@param ceiling userdata of a prepared plan
---@param limits userdata of a prepared plan
---@return string json the answer of POST estimate
function exchange:estimate(ceiling, limits) end

---@alias core.Failure
---| "refused" the provider rejects the request
---| "connect" no connection
---| "reset" the connection broke before an answer
---| "timeout"
---| "429" overloaded
---| "5xx" or the reply is no answer
---| "auth" a fault of our account there

---Finds the next candidate to attempt, by the health of providers. The list must be the same at
---each call of one task.
---@param candidates userdata[] of a prepared plan
---@param sort integer of the plan
---@param wait_ms integer? so long it can wait for a provider's rate limit: it does not overtake
---calls that do
---@return integer? place nil: none may be asked
function exchange:choose(candidates, sort, wait_ms) end

---After a choice that found none, where a candidate pauses for its rate limit: waits in that
---limit's queue. Yields.
---@param calls integer how many may wait for this limit
---@return boolean goes choose again; false: nothing to wait for, or in vain
function exchange:wait_for_limit(calls) end

---How a candidate did of late.
---@param candidate userdata of a prepared plan
---@return number latency_ms until it answers, the mean; 0: not known
---@return number throughput output tokens a second; 0: not known
---@return number success the share of the calls of the last 30 seconds that did not fail; 1: none
function exchange:figures(candidate) end

---Makes an attempt with one candidate. Yields.
---@param candidate userdata of a prepared plan
---@param repeats boolean it is asked once more where a kept connection ends before an answer
---@param shares? boolean the answer of an identical call that is under way will do
---@return core.Failure? failure nil: its first event or its whole body is good; relay it
---@return boolean? unknown what was asked for may have been done, and billed
function exchange:attempt(candidate, repeats) end

---Allows a second request, to another of these providers, where the first one is late
---(core/exchange/hedging.h). Before the first attempt at them; without effect for a stream, and for
---what is not text for text.
---@param candidates userdata[] as for x:choose
---@param quantile_ppm integer of the provider's times; after that it is late
---@param extra_ppm integer the share of the model's calls that may be asked twice
function exchange:hedges(candidates, quantile_ppm, extra_ppm) end

---Answers by the last attempt's failure and ends the task.
function exchange:refuse_attempt() end

---Counts one ask of the account, if it may have another now (LIMIT_ASKS and LIMIT_ASKS_A_MINUTE in
---core/base/limits.h). Once per exchange, which then has no other limits.
---@return boolean
function exchange:may_ask() end

---@param candidate userdata of a prepared plan
---@param dialect string its word, such as "gemini"
---@return boolean speaks whether its provider does; that of a mapped API speaks none
function exchange:provider_speaks(candidate, dialect) end

---Asks a provider something that costs nothing, with the key and the headers of an attempt; no
---hold, no usage record. Yields.
---@param candidate userdata of a prepared plan
---@param method "GET"|"POST"|"DELETE"
---@param path string below the provider's address, such as "/responses/resp_1?limit=3"; "{model}"
---is its name of the model. Raises for one with empty or dotted segments, or other characters than
---letters, digits and "-._~:" in them.
---@param body "none"|"sent"|"renamed"|"translated"|nil the client's, for a POST; renamed: with the
---provider's name of the model; translated: to a count of tokens in `dialect`; both of a request
---that was read
---@param wait_ms integer for the whole answer; at most 120,000
---@param dialect string? in which it is asked; nil: the client's, as all but a translated one
---@return integer? status of the whole answer, whatever it is
---@return core.Failure|"dialect"|nil failure "dialect": the provider does not speak it
function exchange:ask(candidate, method, path, body, wait_ms, dialect) end

---A whole number >= 0 at the top of the last ask's answer.
---@param name string
---@return integer?
function exchange:asked_number(name) end

---Answers with what the last ask gave, and ends the task: a good answer as it came (but for prices
---and the model's name), a refusal in the provider's words (400, 404, …), trouble with the
---operator's account or with the provider as 502, 503 or 504. Errors have the client's form.
function exchange:reply_asked() end

---Sends the attempt's answer to the client and settles the hold. Yields.
function exchange:relay() end

---Begins a test call (core/exchange/test_call.h): an exchange of its own.
---@param id string that provider.test has given
---@param model string its public name
---@param dialect string of the body
---@param body string the request
---@param candidate userdata that is asked
---@param need userdata what it may cost at most
function exchange:test_call(id, model, dialect, body, candidate, need) end

---Whether the call takes part in a trial of its model.
---@param trial "canary"|"shadow"
---@param model string the public name
---@param share_ppm integer
---@param by_account boolean? the same for all calls of the account; else by chance
---@return boolean
function exchange:draws(trial, model, share_ppm, by_account) end

---Of a model with a canary: the first candidates that x:choose will get are the canary's; they are
---asked first.
---@param count integer 0: this call does not go there
function exchange:leads(count) end

---The call may be followed by x:shadow: what belongs to its client is kept until then.
function exchange:shadows() end

---Sends the request of an answered call, which has ended, to another candidate; nobody gets that
---answer. Yields, and is then to be called again, while the provider's connection is not done.
---@param candidate userdata of a prepared plan
---@param limit_nusd integer what the model's shadows may cost in a day
---@return true? done nil: call it again
function exchange:shadow(candidate, limit_nusd) end

-- ---- accounts ----

---Runs an operation of the store; core/store/call.h lists them. Yields.
---@param operation string such as "key.list"
---@param ... string|integer|nil all its arguments; a text contains no NUL
---@return boolean done
---@return string result JSON; if not done, a code such as "not_found"
---@return string message why it was not done
function exchange:call(operation, ...) end

---The same as an act of an administrator, whose address goes into the audit log, too. Yields.
---@param actor string the administrator's id
---@param operation string
---@param ... string|integer|nil
---@return boolean done
---@return string result
---@return string message
function exchange:call_as(actor, operation, ...) end

---The hash to store for a new password. Yields: it takes tens of milliseconds on another thread.
---Ends the task with a 503 if too many wait.
---@param password string at most 1024 bytes; hashed in Unicode's normal form C
---@param email string the user's; accounts take turns
---@return boolean done
---@return string hash
---@return boolean dropped it was pushed out by others: answer with a 503
function exchange:hash_password(password, email) end

---Yields, like hash_password.
---@param password string at most 1024 bytes
---@param hash string "" belongs to no user, and takes as long
---@param email string
---@param rank "trusted"|"clean"|"suspect" whose turn is first (core/base/fair_pool.h)
---@return boolean right
---@return string hash
---@return boolean dropped
function exchange:verify_password(password, hash, email, rank) end

---Yields for about this long, to 100 ms.
---@param ms integer at most a minute
function exchange:sleep(ms) end

---@param prefix string
---@return string id such as "inv_..."
function exchange:new_id(prefix) end

---A random token for a session.
---@return string token
---@return string digest
function exchange:new_token() end

---The token of a link that is mailed; only the courier opens it.
---@return string digest
---@return string sealed
function exchange:new_mail_token() end

---@param user_id string whose webhook's secret it is
---@param secret string
---@return string sealed
function exchange:seal_webhook_secret(user_id, secret) end

---A pass for large bodies of the dashboard's playground, on the account of the key with this digest
---(core/exchange/body_pass.h).
---@param digest string of an API key
---@return string pass
---@return integer until_ms
function exchange:body_pass(digest) end

---A new API key. Only its digest is stored.
---@return string key
---@return string digest
---@return string prefix the part that stays visible
---@return string last4
function exchange:new_key() end

---Makes a batch of vouchers, 1 to 1000 codes, for the operation voucher.create.
---@param count integer
---@return string batch_id
---@return string lines a digest and a sealed code in each
function exchange:new_vouchers(count) end

---The code of a voucher, from its sealed text; nil if it is none of that batch.
---@param batch_id string
---@param sealed string
---@return string? code
function exchange:open_voucher(batch_id, sealed) end

---The digest of a voucher's code as people write it (small letters, blanks, O for 0); nil if the
---text is no code.
---@param text string
---@return string? digest
function exchange:digest_voucher(text) end

---Asks the payment processor, with our secret. Yields.
---@param method "GET"|"POST"
---@param path string below its address
---@param body string
---@param ... string at most 3 headers, "Name: value"
---@return integer? status nil: there is no answer
---@return string body of the answer, or why there is none
function exchange:ask_processor(method, path, body, ...) end

---Posts a message to a server of the operator's, signed as Standard Webhooks says. Yields.
---@param url string
---@param ca_file string "": the system's authorities
---@param secret string "whsec_..."
---@param body string JSON
---@return integer? status nil: there is no answer
---@return string body of the answer, or why there is none
function exchange:ask_signed(url, ca_file, secret, body) end

---Whether `hex` is the HMAC-SHA256 of the prefix and the request's body under a secret of the
---payment processor's webhooks.
---@param prefix string
---@param hex string
---@return boolean
function exchange:is_signed(prefix, hex) end

---Raises an alert (docs/ALERTS.md).
---@param kind string
---@param subject string
---@param detail string
function exchange:alert(kind, subject, detail) end

---The keyed hash under which the store knows a key or a token.
---@param text string
---@return string digest 64 hexadecimal digits
function exchange:digest(text) end

---Random characters of base32, five bits each.
---@param count integer at most 64
---@return string
function exchange:random_base32(count) end

---Seals the secret of a user's second factor.
---@param user_id string
---@param secret string 32 characters of base32
---@return string sealed
function exchange:seal_totp(user_id, secret) end

---The step whose code this is: of now, the one before or the one after; nil: none.
---@param user_id string
---@param sealed string
---@param code string
---@return integer? step
function exchange:totp_step(user_id, sealed, code) end

---The text of a kept turn (core/dialect/kept_turn.h); nil if another secret has sealed it.
---@param account_id string
---@param sealed string
---@return string? json
function exchange:open_turn(account_id, sealed) end

---Counts attempts in a sliding window, for all workers together.
---@param name string
---@param limit integer
---@param window_ms integer
---@param count integer 0 only asks whether one more is allowed; -1 gives one back
---@param at_ms? integer the time of the attempt (default: now); for -1, when it was taken
---@return boolean allowed
---@return integer retry_after_ms
---@return integer remaining
function exchange:throttle(name, limit, window_ms, count, at_ms) end

-- ---- the operator's pages ----

---The live metrics: open calls and streams, and the last minute.
---@return string json
function exchange:live() end

---The context of a model in tokens, by what its server says: of a request with its answer, and the
---length that it was trained for. nil: the server has not said it.
---@param key string policy's context_key
---@return integer? served
---@return integer? trained
function exchange:learned_context(key) end

---What a provider's server has said of its models, and when; null: it is not asked.
---@param name string
---@return string json
function exchange:provider_contexts(name) end

---What a provider did in the last 30 seconds, and which of its models are left out.
---@param name string
---@return string json
function exchange:provider_health(name) end

---What a provider has said of our account with it; null: it was not asked.
---@param name string
---@return string json
function exchange:provider_balance(name) end

---What a provider has cost since midnight UTC, what calls that run may still cost, and its cap.
---@param name string
---@param cap_nusd number 0: none
---@return string json
function exchange:provider_spending(name, cap_nusd) end

---The health of a provider in the last five minutes, and its last error.
---@param name string
---@return string json
function exchange:provider_state(name) end

---Answers the operator with the state of a replay (docs/API.md); begins it if it must.
---@param from string RFC 3339, or a date
---@param to string?
---@param zone string?
function exchange:reply_replay(from, to, zone) end

---Answers with the page of the documentation at this path for this reader, or with the one that
---says why not, and ends the task. Returns when no page is there at all.
---@param path string
---@param reader? "customer"|"operator" nil: nobody is known
function exchange:reply_doc(path, reader) end

-- ---- the table `core` ----

---@class core.doors
---@field sign_up "open"|"invitation"|"closed"
---@field domains string with commas between them; "": all
---@field must_verify boolean before anything but signing in
---@field proof_bits integer 0: no proof of work is asked
---@field credit_nusd integer for each sign-up; 0: none
---@field credits_max_nusd integer in a day of UTC; -1: no bound
---@field terms_url string "": none
---@field terms_version string
---@field privacy_url string "": none

---@class core
---@field payments "test"|"stripe"|"off"
---@field payments_live boolean with real money
---@field providers_shown boolean customers may know which provider answers
---@field prices_public boolean everybody may see the price list
---@field mail boolean a mail server is set
---@field verifies_email boolean new users are asked to verify their address
---@field doors core.doors who may become a customer
---@field webhooks "off"|"public"|"any" where customers' webhooks may be
---@field mail_events "off"|"ses"|"postmark"|"sendgrid"|"mailgun"|"resend" who tells of bounces
---@field mail_events_secret string it proves who it is by this
---@field mail_events_key string and signs with the private key of this; "": that is not looked at
---@field docs "off"|"public"|"signed_in" who may read the documentation
---@field second_factor "optional"|"operators"|"all" who needs one
---@field brand_name string what customers call the gateway
---@field public_url string the gateway's address for customers; no slash at the end
---@field public_url_set boolean by the operator; else it is the address that is listened at
---@field version string of this program
core = {}

---Milliseconds since 1970, UTC.
---@return integer
function core.now_ms() end

---The password of Basic, or the token of Bearer.
---@param authorization string
---@return string?
function core.password_of(authorization) end

---@param key string
---@param text string
---@param hex string
---@return boolean whether hex is the HMAC-SHA256 of the text; takes as long whatever differs
function core.is_hmac(key, text, hex) end

---@param key string base64 of a public P-256 key
---@param text string
---@param signature string base64 of its DER
---@return boolean whether it is one of the text (ECDSA with SHA-256), by the owner of the key
function core.is_ecdsa(key, text, signature) end

---@param secret string "whsec_..."
---@param id string
---@param time_s integer
---@param body string
---@param signatures string "v1,...", with spaces between them
---@return boolean whether one of them is that of Standard Webhooks
function core.is_webhook(secret, id, time_s, body, signatures) end

---Writes a warning into the log.
---@param event string
---@param url string
function core.tell_operator(event, url) end

---@param text string
---@return string hex SHA-256
function core.sha256(text) end

---@param text string RFC 3339, or a date alone
---@return integer? time_ms
function core.parse_time(text) end

---The policies in force: revision, since when, files; and why the last reload was refused.
---@return string json
function core.reload_status() end

---An amount as the API writes it.
---@param nusd integer
---@return string "12.500000000"
function core.money(nusd) end

---@param time_ms integer
---@return string "2026-11-22T21:34:00.123Z"
function core.format_time(time_ms) end

---@param time_ms integer
---@param zone string? as `tz` of the API; nil: UTC
---@return string? "2026-11-22", nil: there is no such zone
function core.local_day(time_ms, zone) end

---The members of the client's body, as they are there. Refuses a body that is no JSON object, a
---duplicate, more than 64 members, and a number of more than 64 digits.
---@param text string
---@return table<string, string>? members name -> raw JSON of the value
---@return string? code or the reason, as exchange:refuse takes it
---@return string? message
---@return string? name of the member
function core.read_members(text) end

---Decodes a JSON string.
---@param raw string a value of read_members
---@param bytes_max integer at most 8192
---@return string? text
---@return "type"|"long"|"half"|nil why not: another type, too long, half a surrogate pair
function core.read_string(raw, bytes_max) end

---Decodes a list of strings; nil if it or one of its items is something else.
---@param raw string
---@param count_max integer
---@param bytes_max integer for each item
---@return string[]? list
function core.read_strings(raw, count_max, bytes_max) end

---An amount of money in a JSON string ("12.50") or number (12.5, 1.25e1).
---@param raw string
---@return integer? nusd nil: no amount, more than 9 decimals, or above 2^53
function core.read_amount(raw) end

---Whole rows of CSV for spreadsheets of languages that write 1,5: with semicolons between fields.
---@param rows string
---@return string
function core.csv_with_comma(rows) end

---The parameters of a query. Refuses a broken escape, control characters, invalid UTF-8, a value
---above 1 KB, more than 64 parameters, and a duplicate.
---@param text string
---@return table<string, string>? values
---@return string? code or the reason, as exchange:refuse takes it
---@return string? message
---@return string? name of the parameter
function core.read_query(text) end

---A text in Unicode's normal form C; nil if it is invalid UTF-8 or too long.
---@param text string
---@return string? normal
---@return integer? characters their number
function core.normalise(text) end

---Whether a password is one that attackers try first, or is made of one.
---@param password string
---@return boolean
function core.is_common_password(password) end

---"gpt%2d4" -> "gpt-4"; nil for a text that read_query refuses.
---@param text string
---@return string?
function core.unescape(text) end

---@param header string the value of Cookie
---@param name string
---@return string? value of the first cookie of that name
function core.read_cookie(header, name) end

---The members of a JSON object that we made, with all digits of numbers. A duplicate is an error.
---@param text string
---@return table<string, string>? members name (escapes not decoded) -> raw JSON of the value
---@return string? why
function core.json_members(text) end

---@param text string
---@return string json with its quotes; invalid UTF-8 becomes U+FFFD
function core.json_string(text) end
