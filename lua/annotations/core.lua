---@meta
-- What trusted Lua (lua/, not policies) has from C: the methods of an exchange and the table
-- `core`, for editors that speak LuaLS. Never loaded by the gateway. Registered in
-- core/script/api_*.c.
--
-- "Ends the task": the client has been answered, and the call does not return. A word that yields
-- lets other exchanges run until its result is there; if the client leaves meanwhile, it does not
-- return either. What is wrong in the arguments raises an error: the client gets a 500.

---One request of a client and its reply.
---@class core.Exchange
local exchange = {}

-- ---- the request ----

---@return string method
---@return string path as it was sent, escapes not decoded
---@return string query what stands behind the ?, or ""
function exchange:asked() end

---Ends the task with a 431 when it is longer than 1 KB, cookies excepted.
---@param name string in lower case
---@return string? value
function exchange:asked_header(name) end

---The client: at the other end of the connection, or behind the trusted proxies there.
---@return string address "192.0.2.7" or "2001:db8::1"
---@return boolean secure https at the client's side
function exchange:peer() end

---Whom that address belongs to: IPv4 as it is, IPv6 by its first 64 bits.
---@return string network "192.0.2.7" or "2001:db8::/64"
function exchange:network() end

---The body. Ends the task with a 413 when it is too large for a document.
---@return string
function exchange:body() end

-- ---- the reply ----

---Adds a header to the reply that will be given.
---@param name string
---@param value string
function exchange:header(name, value) end

---Answers and ends the task.
---@param status integer
---@param body? string
---@param content_type? string "application/json" when there is a body
function exchange:reply(status, body, content_type) end

---Begins a reply with status 200 that is written in pieces and may be larger than memory. What
---fails from now on, x:refuse too, cuts the connection.
---@param content_type string
function exchange:download(content_type) end

---Writes a piece. Yields while the client has not taken what was written before.
---@param text string
function exchange:write(text) end

---Ends the reply and the task.
function exchange:finish() end

---Answers with an error in the shape of docs/API.md and ends the task.
---@param status integer
---@param code string such as "not_found"
---@param message string for the person who must act on it
---@param param? string the member or parameter that is wrong
---@param metadata? string a JSON object
---@param retry_after_ms? integer
---@param final? boolean trying again does not help, whatever the status says
function exchange:refuse(status, code, message, param, metadata, retry_after_ms, final) end

---A rule of the operator has failed: answers with a 500 and ends the task.
---@param message string for the log only
function exchange:fail(message) end

-- ---- retries ----

---Claims the request's Idempotency-Key, if it has one, and looks whether it was answered before.
---Yields with a key. Ends the task with a 400 when the key is none. Without a key all is fresh.
---@param what string what is asked, the same at all mounts: "POST /chat/completions"
---@param account_id? string whose Idempotency-Key it is; without it: the API key's
---@return boolean fresh this exchange is the one to do it; else x:answer_again()
---@return string? key
---@return string? digest of what is asked, with the body
---@return string? request_id
function exchange:claim(what, account_id) end

---Answers one that is not fresh and ends the task: the first answer again, or why not.
function exchange:answer_again() end

-- ---- a call to a model ----

---Looks the API key up. Ends the task with a 401 when it is none that works.
---@return string group "" for none
---@return string models the names that the key may use, separated by "\n"; "" allows all
function exchange:authenticate() end

---The same for a key of a user who is signed in. Ends the task with a 404 when it is none of his.
---@param digest string of the key
---@param user_id string
---@return string group
---@return string models
function exchange:authenticate_as(digest, user_id) end

---Who has been authenticated.
---@return string key_id
---@return string account_id
---@return string user_id
function exchange:caller() end

---Reads the body of a chat completion. Ends the task with a 400 when it is none.
---@return string model
---@return boolean stream
---@return integer? output_tokens at most so many, when the client says so
---@return integer input_tokens an estimate
function exchange:read_chat() end

---Counts against all limits at once. Ends the task with a 429 (money: a 402) when one is reached.
---@param limits userdata of a prepared plan (lua/policy/init.lua)
---@param requests_only? boolean for an answer that is given again
function exchange:limits(limits, requests_only) end

---Counts as one of those of a name at the same time. Ends the task with a 429 when they are `most`.
---@param name string
---@param most integer
function exchange:acquire(name, most) end

---Reserves the worst case of the account's credits. Ends the task with a 402 when they are too few.
---Yields where they are too few at first: another process may have added to them a moment ago.
---@param ceiling userdata of a prepared plan
function exchange:hold(ceiling) end

---@alias core.Failure
---| "refused" the provider finds the request wrong
---| "connect" no connection
---| "reset" cut before it had answered
---| "timeout"
---| "429" overloaded
---| "5xx" or what came is no answer
---| "auth" our account there is the problem

---Tries one candidate. Yields.
---@param candidate userdata of a prepared plan
---@return core.Failure? failure nil: its first event or its whole body is good, relay it
function exchange:attempt(candidate) end

---Answers as the last attempt failed and ends the task.
function exchange:refuse_attempt() end

---Brings what the attempt answered to the client and settles the hold. Yields.
function exchange:relay() end

-- ---- accounts ----

---Runs an operation of the store; core/store/call.h lists them. Yields.
---@param operation string such as "key.list"
---@param ... string|integer|nil its arguments, all of them; a text holds no NUL
---@return boolean done
---@return string result JSON; when not done a code such as "not_found"
---@return string message why it is not done
function exchange:call(operation, ...) end

---The same as an act of that administrator: it goes into the audit log, with his address. Yields.
---@param actor string the id of the administrator
---@param operation string
---@param ... string|integer|nil
---@return boolean done
---@return string result
---@return string message
function exchange:call_as(actor, operation, ...) end

---The hash to be stored of a new password. Yields: it takes tens of milliseconds on another thread.
---Ends the task with a 503 when too many wait.
---@param password string at most 1024 bytes; hashed in Unicode's normal form C
---@param email string whose it is: for taking turns
---@return boolean done
---@return string hash
---@return boolean dropped it made room for others: answer with a 503
function exchange:hash_password(password, email) end

---Yields, like hash_password.
---@param password string at most 1024 bytes
---@param hash string "" compares with nobody's, in the same time
---@param email string
---@param rank "trusted"|"clean"|"suspect" who goes first when many ask (core/base/fair_pool.h)
---@return boolean right
---@return string hash
---@return boolean dropped
function exchange:verify_password(password, hash, email, rank) end

---Yields for about so long, to 100 ms.
---@param ms integer at most a minute
function exchange:sleep(ms) end

---A random token for a session.
---@return string token
---@return string digest
function exchange:new_token() end

---A new API key. Only its digest is stored.
---@return string key
---@return string digest
---@return string prefix what stays visible of it
---@return string last4
function exchange:new_key() end

---The keyed hash under which the store knows a key or a token.
---@param text string
---@return string digest 64 hexadecimal digits
function exchange:digest(text) end

---Counts attempts in a sliding window, for all workers together.
---@param name string
---@param limit integer
---@param window_ms integer
---@param count integer 0 only asks whether one more would be allowed; -1 gives one back
---@param at_ms? integer when it is (now), or, given back, was taken
---@return boolean allowed
---@return integer retry_after_ms
---@return integer remaining
function exchange:throttle(name, limit, window_ms, count, at_ms) end

-- ---- the operator's pages ----

---What goes on right now: calls and streams that are open, what the last minute was like.
---@return string json
function exchange:live() end

---How many tokens a model takes, by what its server says: of a request and its answer together, and
---what it was trained for. nil: it has not said.
---@param key string policy's context_key
---@return integer? served
---@return integer? trained
function exchange:learned_context(key) end

---What the server of a provider has said of its models, and when; null: it is not asked.
---@param name string
---@return string json
function exchange:provider_contexts(name) end

---How a provider has done in the last five minutes, and its last error.
---@param name string
---@return string json
function exchange:provider_state(name) end

-- ---- the table `core` ----

---@class core
---@field payments "test"|"stripe"|"off"
---@field providers_shown boolean customers may know which provider is asked
---@field public_url string where customers reach this gateway, without a slash at its end
---@field version string of the program
core = {}

---Milliseconds since 1970, UTC.
---@return integer
function core.now_ms() end

---@param text string RFC 3339, or a date alone
---@return integer? time_ms
function core.parse_time(text) end

---The policies in force: revision, since when, files; why the last reload was refused.
---@return string json
function core.reload_status() end

---@param time_ms integer
---@return string "2026-11-22T21:34:00.123Z"
function core.format_time(time_ms) end

---The members of the body that a client sent, as they stand there. Refused: what is no JSON object,
---a duplicate, more than 64 members, a number of more than 64 digits.
---@param text string
---@return table<string, string>? members name -> raw JSON of the value
---@return string? code or why not, as exchange:refuse takes it
---@return string? message
---@return string? name of the member
function core.read_members(text) end

---A string of JSON, decoded.
---@param raw string one of the values of read_members
---@param bytes_max integer at most 8192
---@return string? text
---@return "type"|"long"|"half"|nil why it is none: another type, too long, half a surrogate pair
function core.read_string(raw, bytes_max) end

---A list of strings, decoded; nil when it is none, or one of its items.
---@param raw string
---@param count_max integer
---@param bytes_max integer of each
---@return string[]? list
function core.read_strings(raw, count_max, bytes_max) end

---An amount of money in a JSON string ("12.50") or number (12.5, 1.25e1).
---@param raw string
---@return integer? nusd nil: it is none, has more than 9 decimals, or is above 2^53
function core.read_amount(raw) end

---The parameters of a query. Refused: a broken escape, control characters, what is no UTF-8, a
---value above 1 KB, more than 64 parameters, a duplicate.
---@param text string
---@return table<string, string>? values
---@return string? code or why not, as exchange:refuse takes it
---@return string? message
---@return string? name of the parameter
function core.read_query(text) end

---A text in Unicode's normal form C; nil when it is no UTF-8 or too long.
---@param text string
---@return string? normal
---@return integer? characters how many there are
function core.normalise(text) end

---Whether a password is one of those that guessing begins with, or made of one.
---@param password string
---@return boolean
function core.is_common_password(password) end

---"gpt%2d4" -> "gpt-4"; nil for what read_query refuses.
---@param text string
---@return string?
function core.unescape(text) end

---@param header string the value of Cookie
---@param name string
---@return string? value of the first cookie of that name
function core.read_cookie(header, name) end

---The members of a JSON object of our own, so that numbers keep their digits. A duplicate is an
---error.
---@param text string
---@return table<string, string>? members name (escapes not decoded) -> raw JSON of the value
---@return string? why
function core.json_members(text) end

---@param text string
---@return string json with its quotes; what is no UTF-8 becomes U+FFFD
function core.json_string(text) end
