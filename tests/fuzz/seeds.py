"""What the fuzzers begin with: small inputs of each kind that a reader knows, and the words that it
looks for. Made anew for every run; what a run finds on its way stays in build/fuzz/corpus."""

import gzip
import struct
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

ASK = (
    b"POST /v1/chat/completions?a=%20b HTTP/1.1\r\nHost: gateway.example:3000\r\n"
    b"Authorization: Bearer llm_sk_x\r\nContent-Type: application/json\r\n"
)
HEADS = [
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\nConnection: keep-alive, close\r\n\r\n",
    ASK + b"Content-Length: 12\r\nExpect: 100-continue\r\n\r\n",
    ASK + b"Transfer-Encoding: chunked\r\nX-Empty:\r\n\r\n",
    b"\r\nDELETE /api/keys/key_1 HTTP/1.1\r\nHost: a\r\nAccept: \t*/*  \r\n\r\nrest",
]
TRACES = [
    b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    b"cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03-more",
    b"a=1 ,, tenant@b=x y,c=2",
]
CHUNKED = [
    b"0\r\n\r\n",
    b"5\r\nhello\r\n0\r\n\r\n",
    b"000a;name=value;flag\r\n0123456789\r\n1\r\n!\r\n0\r\nTrailer: x\r\n\r\nbehind it",
    b'2;q="a;b"\r\nok\r\n00\r\n\r\n',
]
JSON_ANSWER = b'{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}'
RESPONSES = [
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n"
    b"Content-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/event-stream\r\n\r\n"
    b"8\r\ndata: x\n\r\n1\r\n\n\r\n0\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
    b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nConnection: close\r\n\r\nuntil the end",
    b"HTTP/1.0 204 No Content\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(JSON_ANSWER, mtime=0),
    b"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\nContent-Length: 9\r\n\r\n"
    + zlib.compress(b"a"),
    b"HTTP/1.1 503 No\r\nretry-after-ms: 1500\r\nContent-Length: 0\r\n\r\n",
]
SSE = [
    b"data: [DONE]\n\n",
    b'event: message\r\ndata: {"choices":[{"delta":{"content":"Hi"}}]}\r\n\r\n',
    b": a comment\n\ndata: one\ndata:two\ndata\nid: 7\nretry: 10\n\n\n\nevent: x\n\n",
    b"data: not ended",
    b"data: \r\r\n\ndata:\xef\xbb\xbf\n\r\n",
]
JSON = [
    b"null",
    b" [1, -0, 2.5e-3, 9223372036854775807, true, false] ",
    b'{"a":"\\u00e9\\ud83d\\ude00\\n","b":{"c":[[],{}]},"b":"\xc3\xa9"}',
    b'"\\ud800 alone"',
    b"[" * 64 + b"]" * 64,
    b'{"long":"' + b"x" * 40 + b'","more":[' + b'"yyyyyyyyyyyyyyyyyyyy",' * 3 + b"1]}",
]
CHATS = [
    b'{"model":"m","messages":[{"role":"user","content":"hi"}]}',
    b'{"model":"gpt-4o","stream":true,"stream_options":{"include_usage":true},"n":2,'
    b'"max_completion_tokens":50,"messages":[{"role":"system","content":[{"type":"text",'
    b'"text":"x"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}},'
    b'{"type":"file","file":{"file_id":"f"}},{"type":"input_audio","input_audio":{"data":"AA",'
    b'"format":"wav"}}]}],"tools":[{"type":"function","function":{"name":"f",'
    b'"parameters":{"type":"object"}}}],"service_tier":"auto"}',
    b'{"messages":[{}],"model":"\\u006d","max_tokens":7,"stream":false,"temperature":0.1}',
    b'{ "stream" : true , "stream_options" : {} , "model":"m", "messages" : [ { } ] }',
    b'{"model":"m","messages":[{"content":null}],"max_tokens":null,"n":null,"stream":null}',
    b'{"provider":{"sort":"price"},"usage":{"include":true},"model":"m","messages":[{}]}',
    b'{ "model":"m" , "messages":[{}] , "usage":{"include":true} , "provider":{} }',
]
COMPLETIONS = [
    b'{"choices":[],"usage":{"input_tokens":10,"output_tokens":5,"cache_read_input_tokens":4,'
    b'"cost":"1.5e-3","citation_tokens":3,"reasoning_tokens":2,"seconds":9.5,"iterations":['
    b'{"type":"compaction","input_tokens":100,"output_tokens":20,"cache_read_input_tokens":5,'
    b'"cache_creation_input_tokens":7,"cache_creation":{"ephemeral_1h_input_tokens":3}},'
    b'{"type":"message","input_tokens":10,"output_tokens":5}]},"cost":7,"tool_usage":{"image_gen":'
    b'{"input_tokens":30,"output_tokens":40,"cached_tokens":8},"web_search":{"num_requests":3}},'
    b'"candidates":[{"groundingMetadata":{"webSearchQueries":["a"]}}]}',
    b'{"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"Hello",'
    b'"tool_calls":[{"function":{"name":"f","arguments":"{}"}}]},"finish_reason":"stop"}],'
    b'"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"cost":0.5,'
    b'"prompt_tokens_details":{"cached_tokens":4},'
    b'"completion_tokens_details":{"reasoning_tokens":3}}}',
    b'{"choices":[{"index":1,"delta":{"content":"Hi","reasoning_content":"hm"},'
    b'"finish_reason":null},{"index":0,"delta":{},"finish_reason":"length"}],"usage":null}',
    b'{"error":{"message":"no","code":400},"usage":{"cost_details":{},"cost":1}}',
    b'{"service_tier":"flex","choices":[],"usage":{"prompt_tokens":90,"completion_tokens":50,'
    b'"prompt_tokens_details":{"cached_tokens":4,"audio_tokens":3,"image_tokens":2,'
    b'"cache_write_tokens":9,"cache_write_tokens_details":{"ttl_12h_tokens":4}},'
    b'"completion_tokens_details":{"reasoning_tokens":3,"audio_tokens":4,"image_tokens":5}}}',
    b'{"choices":[],"usage":{"input_tokens":10,"output_tokens":5,"cache_read_input_tokens":3,'
    b'"cache_creation_input_tokens":50,"cache_creation":{"ephemeral_1h_input_tokens":30},'
    b'"server_tool_use":{"web_search_requests":3},"speed":"fast","inference_geo":"us"}}',
    b'{"usageMetadata":{"promptTokenCount":90,"candidatesTokenCount":5,"thoughtsTokenCount":7,'
    b'"cachedContentTokenCount":4,"promptTokensDetails":[{"modality":"AUDIO","tokenCount":4}]}}',
    JSON_ANSWER,
]
ANTHROPIC = [
    b'{"model":"m","max_tokens":5,"stream":true,"system":[{"type":"text","text":"a","cache_control":'
    b'{"type":"ephemeral","ttl":"1h"}}],"messages":[{"role":"user","content":[{"type":"tool_result",'
    b'"content":[{"type":"image","source":{"type":"base64","data":"QUJD"}},{"type":"document",'
    b'"source":{"type":"content","content":[{"type":"text","text":"b"}]}}]}]},{"role":"assistant",'
    b'"content":[{"type":"tool_use","name":"f","input":{}},{"type":"tool_addition","tool":'
    b'{"definition":{"type":"web_search_20250305"}}}]}],"tools":[{"name":"f","input_schema":{}}]}',
    b'{"type":"message_start","message":{"model":"m","usage":{"input_tokens":5}}}\n'
    b'{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n'
    b'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}\n'
    b'{"type":"content_block_stop","index":0}\n'
    b'{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":3}}\n'
    b'{"type":"message_stop"}',
    b'{"type":"error","error":{"type":"overloaded_error"}}\n{"type":"ping"}',
]
RESPONSES_API = [
    b'{"model":"m","input":"hi","max_output_tokens":5}',
    b'{"model":"m","stream":true,"input":[{"role":"user","content":[{"type":"input_image",'
    b'"image_url":"data:image/png;base64,AAAA"}]},{"type":"function_call_output","output":[]},'
    b'{"type":"reasoning","encrypted_content":"QUJD"},{"type":"item_reference","id":"x"},'
    b'{"type":"additional_tools","tools":[{"type":"mcp"}]}],"tools":[{"type":"namespace","tools":'
    b'[{"type":"function"}]},{"type":"shell","environment":{"type":"local"}},'
    b'{"type":"web_search","search_context_size":"low"}]}',
    b'{"model":"m","previous_response_id":"resp_1","conversation":{"id":"conv_1"},'
    b'"prompt_cache_options":{"comparison_response_id":"resp_2"},"input":[{"type":"reasoning",'
    b'"id":"rs_1","summary":[]},{"id":"msg_1"},{"type":"mcp_approval_response",'
    b'"approval_request_id":"mcpr_1","approve":true},{"type":"image_generation_call","id":"ig_1"}]}',
    b'{"type":"response.created","sequence_number":0,"response":{"id":"r","model":"m"}}\n'
    b'{"type":"response.output_item.added","output_index":0,"item":{"id":"i","type":"message"}}\n'
    b'{"type":"response.content_part.added","output_index":0,"part":{"type":"output_text"}}\n'
    b'{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"Hi"}\n'
    b'{"type":"response.content_part.done","output_index":0,"part":{"text":"Hi"}}\n'
    b'{"type":"response.output_item.done","output_index":0,"item":{"id":"i","type":"message"}}\n'
    b'{"type":"response.output_item.added","output_index":1,"item":{"type":"function_call"}}\n'
    b'{"type":"response.function_call_arguments.delta","output_index":1,"delta":"{}"}\n'
    b'{"type":"response.completed","response":{"status":"completed","usage":{},"output":[]}}',
    b'{"type":"response.created","response":{}}\n'
    b'{"type":"response.output_item.added","item":{"id":"i","type":"reasoning","summary":[]}}\n'
    b'{"type":"response.reasoning_summary_text.delta","delta":"a"}\n'
    b'{"type":"response.reasoning_text.delta","delta":"b"}\n{"type":"error"}',
]
GEMINI = [
    b'{"contents":[{"role":"user","parts":[{"text":"hi"},{"inlineData":{"mimeType":"image/png",'
    b'"data":"QUJD"}},{"functionResponse":{"parts":[{"fileData":{"mimeType":"audio/wav"}}]}}]}],'
    b'"systemInstruction":{"parts":{"text":"a"}},"generationConfig":{"maxOutputTokens":5,'
    b'"candidateCount":2,"responseModalities":["IMAGE"],"imageConfig":{"imageSize":"4K"}},'
    b'"tools":[{"functionDeclarations":[]},{"googleSearch":{}}]}',
    b'{"model":"m","contents":[{}],"generation_config":{"max_output_tokens":null}}',
    b'{"contents":[{}],"generation_config":null}',
    b'{"candidates":[{"content":{"parts":[{"text":"Hi","thought":true},{"functionCall":{"name":'
    b'"f","args":{}}}]}}],"responseId":"r","modelVersion":"m"}\n'
    b'{"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"trafficType":"ON_DEMAND_FLEX"}}',
    b'[{"promptFeedback":{"blockReason":"SAFETY"}},{"error":{"code":429}}]',
]
POLICIES = [
    b'return {\n    openai = {\n        api_key = env("OPENAI_API_KEY"),\n    },\n}\n',
    b'-- a comment\n--[[ long\n]]\nlocal x = [==[ text ]] ]==]\nreturn { default = "20%", '
    b'["default"] = 1, [2] = { api_key = \'k\' }; { default = { api_key = env "X" } } }\n',
    b"return { function() if x then return { a = 1, a = 2 } end end, default = 3 }",
]
SETTINGS = [
    b"# all defaults\n",
    b"listen = 127.0.0.1:0\nworkers = 2\ndurability = process\npayments = test\n",
    b"listen = [::1]:3000\ndatabase = ${HOME}/x.db\nbody_bytes_max = 1000000 # bytes\n",
    b"log_format = json\n\n  log_level=debug  \nunknown = 1\n",
]


def text(value: bytes) -> bytes:
    return struct.pack("<H", len(value)) + value


def record(kind: int, numbers: list[int], texts: list[bytes], facts: bytes = b"") -> bytes:
    """One of the journal, without its length and check sum: the harness puts them in. With facts it
    has format 4."""
    payload = struct.pack(f"<{len(numbers)}q", *numbers) + b"".join(map(text, texts)) + facts
    head = struct.pack("<QQIHH", 0, 7, 0, 4 if facts else 1, kind)
    return head + payload + bytes(-len(payload) % 8)


RECORDS = [
    record(1, [1, 1000, 2, 3], [b"req_01", b"acct_01", b"key_01"]),
    record(2, [1, 1000, 0, 0, 200, 1, 1, 1, *range(14)],
           [b"req_01", b"acct_01", b"user_01", b"key_01", b"gpt-4o", b"openai", b"gpt-4o-2024",
            b"rev", b"", b"stop"]),
    record(2, [1, 1000, 0, 0, 200, 1, 1, 1, *range(8), 2, 0, 10, 11, 12, 10, 3, 13, 14],
           [b"req_01", b"acct_01", b"user_01", b"key_01", b"gpt-4o", b"openai", b"gpt-4o-2024",
            b"rev", b"", b"stop"],
           struct.pack("<3q", 0x301, 800, 790) + text(b"flex")),
    record(3, [], []),
]  # fmt: skip


CONTEXTS = [
    b'{"models":[{"name":"a:latest","context_length":4096}],"data":[{"id":"a","aliases":["b"],'
    b'"meta":{"n_ctx":4096,"n_ctx_train":8192}},{"id":"c","max_model_len":null}]}',
    b'{"default_generation_settings":{"n_ctx":2048},"total_slots":4}',
    b'[{"id":"x/a","context_length":200000,"top_provider":{"context_length":1e5}}]',
    b'{"data":[{"id":"a","max_context_length":131072,"loaded_context_length":4096}]}',
]


# Of chat, Responses, Messages and Gemini: requests, events, bodies (fuzz_translation.c).
ASKED = [
    b'{"messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text",'
    b'"text":"x"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]},'
    b'{"role":"assistant","reasoning_details":[{"text":"t","signature":"gw1.anthropic.c2ln"}],'
    b'"tool_calls":[{"id":"c~gw1.gemini.c2ln","type":"function","function":{"name":"f",'
    b'"arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"r"}],"tools":[{"type":'
    b'"function","function":{"name":"f"}},{"type":"custom","custom":{"name":"g"}}],"stop":"a",'
    b'"tool_choice":"required","response_format":{"type":"json_schema","json_schema":{"schema":'
    b'{}}},"stream_options":{"include_usage":true},"reasoning_effort":"low"}',
    b'{"instructions":"i","input":[{"role":"user","content":[{"type":"input_text","text":"x"}]},'
    b'{"type":"reasoning","summary":[{"text":"t"}],"encrypted_content":"gw1.anthropic.c2ln"},'
    b'{"type":"compaction","encrypted_content":"gw1.summary.s"},'
    b'{"type":"custom_tool_call","call_id":"c","name":"g","input":"x"},{"type":'
    b'"custom_tool_call_output","call_id":"c","output":"r"}],"tools":[{"type":"custom","name":"g",'
    b'"format":{"type":"grammar","syntax":"lark","definition":"d"}},{"type":"namespace","name":'
    b'"n","tools":[{"type":"function","name":"f"}]}],"include":["message.output_text.logprobs"]}',
    b'{"max_tokens":9,"system":[{"type":"text","text":"s"}],"messages":[{"role":"user","content":'
    b'[{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"AA"}}'
    b']},{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":'
    b'"gw1.gemini.c2ln"},{"type":"tool_use","id":"t","name":"f","input":{}}]},{"role":"user",'
    b'"content":[{"type":"tool_result","tool_use_id":"t","content":"r","is_error":true}]}],'
    b'"tools":[{"name":"f","input_schema":{}}],"thinking":{"type":"enabled","budget_tokens":5}}',
    b'{"contents":[{"parts":[{"text":"x"},{"inline_data":{"mimeType":"image/png","data":"AA"}}]},'
    b'{"role":"model","parts":[{"functionCall":{"name":"f","args":{}},"thoughtSignature":'
    b'"Z3cxLmFudGhyb3BpYy5jMmxu"}]},{"parts":[{"functionResponse":{"name":"f","response":'
    b'{"output":"r"}}}]}],"tools":[{"functionDeclarations":[{"name":"f","parameters":{"type":'
    b'"OBJECT","nullable":true}}]}],"generationConfig":{"responseSchema":{"type":"STRING"}}}',
]
SAID = [
    [b'{"choices":[{"index":0,"delta":{"content":"x","reasoning_content":"r"}}]}',
     b'{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"g",'
     b'"arguments":"{\\"input\\":1}"}}]},"finish_reason":"tool_calls","logprobs":{"content":[{'
     b'"token":"x","logprob":-1,"top_logprobs":[]}]}}],"usage":{"prompt_tokens":1}}'],
    [b'{"type":"response.output_text.delta","delta":"x"}',
     b'{"type":"response.output_item.added","output_index":1,"item":{"type":"function_call",'
     b'"call_id":"c","name":"f"}}',
     b'{"type":"response.function_call_arguments.delta","output_index":1,"delta":"{}"}',
     b'{"type":"response.output_item.done","output_index":2,"item":{"type":"reasoning",'
     b'"encrypted_content":"c2ln"}}',
     b'{"type":"response.completed","response":{"status":"incomplete","usage":{}}}'],
    [b'{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":'
     b'"f","input":{}}}',
     b'{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta",'
     b'"partial_json":"{}"}}',
     b'{"type":"content_block_delta","index":1,"delta":{"type":"signature_delta","signature":"s"}}',
     b'{"type":"message_delta","delta":{"stop_reason":"stop_sequence","stop_sequence":"a"},'
     b'"usage":{"output_tokens":3}}'],
    [b'{"candidates":[{"content":{"parts":[{"text":"x","thought":true},{"functionCall":{"name":'
     b'"f","args":{}},"thoughtSignature":"c2ln"}]},"finishReason":"STOP"}],"usageMetadata":{}}'],
]  # fmt: skip
WHOLE = [
    b'{"choices":[{"message":{"content":"x","tool_calls":[{"id":"c","function":{"name":"f",'
    b'"arguments":"{}"}}]},"finish_reason":"stop"}],"usage":{"prompt_tokens":1}}',
    b'{"status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":'
    b'"x"}]},{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}]}',
    b'{"content":[{"type":"thinking","thinking":"t","signature":"s"},{"type":"text","text":"x"},'
    b'{"type":"tool_use","id":"t","name":"f","input":{}}],"stop_reason":"end_turn"}',
    SAID[3][0],
]
TRANSLATIONS = [
    b"%d%d%c\n%s\n%s" % (client, provider, mode, ASKED[client], answer)
    for client in range(4)
    for provider in range(4)
    for mode, answer in ((b"s", b"\n".join(SAID[provider])), (b"p", WHOLE[provider]))
]
# Of embeddings: OpenAI's, embedContent and batchEmbedContents.
EMBEDDING = b'{"content":{"parts":[{"text":"x"}]},"outputDimensionality":2,"task_type":"t"}'
EMBEDDED_ASKED = [
    b'{"input":["x","y"],"dimensions":2,"encoding_format":"base64"}',
    EMBEDDING,
    b'{"requests":[%s,%s]}' % (EMBEDDING, EMBEDDING),
]
EMBEDDED = [
    b'{"data":[{"index":1,"embedding":[1]},{"index":0,"embedding":"AAAA"}]}',
    b'{"embedding":{"values":[1,2]}}',
    b'{"embeddings":[{"values":[1]},{"values":[2]}]}',
]
TRANSLATIONS += [
    b"%d%db\n%s\n%s" % (client + 4, provider + 4, asked, answer)
    for client, asked in enumerate(EMBEDDED_ASKED)
    for provider, answer in enumerate(EMBEDDED)
]


def moved(asked: bytes) -> bytes:
    """A conversation with marks, at a provider of the client's own dialect."""
    return b'{"model":"m",' + asked[1:]


def shipped(pattern: str, bytes_max: int = 4096) -> list[bytes]:
    """The files of this repository that are such inputs themselves, as far as they are read."""
    return [path.read_bytes()[:bytes_max] for path in sorted(ROOT.glob(pattern))]


LISTS = [
    b'{"model":"m","input":["a","b"],"encoding_format":"base64"}\n'
    b'{"object":"list","data":[{"embedding":[0.5,-1e-3,3]},{"embedding":[]}],"model":"m",'
    b'"usage":{"prompt_tokens":3,"total_tokens":3}}',
    b'{"model":"m","input":[[1,2],[3]]}\n{"data":[{"embedding":"AACAPw=="}],"model":"n"}',
    b'{"model":"m","input":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}}]}'
    b'\n{"id":"m","results":[{"flagged":true}]}',
    b'{"model":"m","query":"q","documents":["a",{"text":"b"}],"top_n":1}\n'
    b'{"results":[{"index":0}],"meta":{"billed_units":{"search_units":1}}}',
    b'{"model":"m","input":[{"role":"user","content":"x"}],"questions":[{"type":"predicate",'
    b'"instructions":[{"type":"input_text","text":"y"}]}]}\n{"answers":[],"usage":{}}',
    b'{"model":"models/m","content":{"parts":[{"text":"x"}]}}\n{"embedding":{"values":[1]}}',
    b'{"requests":[{"model":"models/m","content":{"parts":[{"text":"x"}]},"title":"t"}]}\n'
    b'{"embeddings":[{"values":[1]}],"usageMetadata":{"promptTokenCount":1}}',
]
COMPLETIONS = [
    b'{"model":"m","prompt":["a","b"],"n":2,"best_of":3,"max_tokens":0,"echo":true,"suffix":"c"}',
    b'{"model":"m","prompt":[[1,2],[3]],"stream":true,"stream_options":{"include_usage":false}}',
    b'{"usage":{"include":true},"model":"m","prompt":null,"max_tokens":null,"logprobs":1}',
]
# Requests with an answer each, and sounds (fuzz_media.c).
MEDIA = [
    b'{"model":"m","input":"a\\u00e9","voice":"alloy","stream_format":"sse","speed":1.5}\n'
    b'{"type":"speech.audio.delta","audio":"//OExAAAAAAAAAAAAAAAAAA="}',
    b'{"model":"m","input":"x","response_format":"pcm"}\n'
    b'{"type":"speech.audio.done","usage":{"input_tokens":1,"output_tokens":2}}',
    b'{"model":"m","prompt":"x","n":2,"size":"auto","quality":"hd","moderation":"low"}\n'
    b'{"created":1,"data":[{"b64_json":"AAAA"},{"url":"x"}],"size":"1x1","svg_usage":{}}',
    b'{"model":"m","prompt":"x","stream":true,"partial_images":2,"output_format":"png"}\n'
    b'{"type":"image_generation.completed","b64_json":"AAAA","usage":{"output_tokens":5}}',
    b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\1\0\1\0\xc0\x5d\0\0\x80\xbb\0\0\2\0\x10\0"
    b"data\xff\xff\xff\xff" + bytes(99),
    b"ID3\4\0\0\0\0\0\5" + bytes(5) + (b"\xff\xf3\x84\xc4" + bytes(188)) * 3,
    (b"\xff\xf1\x60\x40\x0c\x9f\xfc" + bytes(93)) * 3,
    b"OggS\0\2"
    + bytes(20)
    + b"\1\x13OpusHead\1\1"
    + bytes(9)
    + b"OggS\0\0\x80\xbb"
    + bytes(18)
    + b"\1\x05"
    + bytes(5),
    b"fLaC\0\0\0\x22" + bytes(10) + b"\x05\xdc\x00\xf0\x00\x00\x8c\xa0",
]
FORM_TYPE = b'multipart/form-data; boundary="b"\n'
FORM_FIELD = b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
FORM_FILE = (
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n'
    b"Content-Type: audio/wav\r\nContent-Length: 2\r\n\r\nab\r\n"
)
FORMS = [
    FORM_TYPE + FORM_FIELD % (b"model", b"m") + FORM_FILE + b"--b--\r\n",
    FORM_TYPE
    + FORM_FILE
    + FORM_FIELD % (b"stream", b"true")
    + FORM_FIELD % (b"x[]", b"1")
    + FORM_FIELD % (b"response_format", b"json")
    + FORM_FIELD % (b"model", b"m")
    + b"--b--",
    FORM_TYPE
    + FORM_FILE.replace(b'"file"', b'"image[]"')
    + FORM_FIELD % (b"prompt", b"x")
    + FORM_FIELD % (b"size", b"1024x1024")
    + FORM_FIELD % (b"n", b"2")
    + FORM_FIELD % (b"model", b"m")
    + b"--b--",
    b'application/json; charset=utf-8\n{"model":"m","prompt":"x","images":[{"image_url":'
    b'"data:image/png;base64,AAAA"},{"image_url":"https://a.example"}],"mask":{"image_url":"x"},'
    b'"n":2,"size":"1024x1024"}',
]
# ADTS, CAF with ALAC, ADPCM, and ALAC in MP4 (fuzz_sound_file.c).
ALAC = b"\0\0\0\x24alac" + bytes(4) + struct.pack(">I8x8xI", 800, 8000)
CAF = b"caff\0\1\0\0desc" + struct.pack(">Qd4sIIIII", 32, 8000, b"alac", 0, 0, 800, 1, 0)
STSD = b"alac" + bytes(24) + struct.pack(">I", 8000 << 16) + ALAC


def box(name: bytes, *parts: bytes) -> bytes:
    body = name + b"".join(parts)
    return struct.pack(">I", 4 + len(body)) + body


SOUNDS = [
    (b"\xff\xf1\x60\x40\x0c\x9f\xfc" + bytes(93)) * 3,
    CAF + b"kuki" + struct.pack(">Q", 48) + b"\0\0\0\x0cfrmaalac" + ALAC
    + b"pakt" + struct.pack(">QQQQ", 26, 2, 1600, 0) + b"\x05\x06"
    + b"data" + struct.pack(">Q", 15) + bytes(15),
    CAF.replace(b"alac", b"lpcm") + b"data" + b"\xff" * 8 + bytes(20),
    b"RIFF" + bytes(4) + b"WAVEfmt " + struct.pack("<IHHIIHHHH", 20, 17, 1, 8000, 1, 64, 4, 2, 1)
    + b"data" + struct.pack("<I", 128) + bytes(128),
    box(b"ftyp", b"M4A ") + box(b"moov", box(b"trak", box(b"mdia",
        box(b"mdhd", bytes(12), struct.pack(">I", 8000)), box(b"hdlr", bytes(8), b"soun"),
        box(b"stsd", struct.pack(">II", 0, 1), struct.pack(">I", 4 + len(STSD)), STSD),
        box(b"stts", struct.pack(">IIII", 0, 1, 2, 800)),
        box(b"stsz", struct.pack(">III", 0, 0, 2))))),
]  # fmt: skip
# What is told of a call: of each dialect a stream or a request (fuzz_content.c).
CONTENTS = [
    b'data: {"choices":[{"index":1,"delta":{"content":"H\\ud83d"}},{"delta":{"tool_calls":[{"id":'
    b'"a","function":{"name":"f","arguments":"{\\"q\\":1}"}}]}}]}\n\ndata: [DONE]\n\n',
    b'data: {"type":"response.output_item.added","item":{"call_id":"a","name":"f"}}\n\n'
    b'data: {"type":"response.output_text.delta","output_index":1,"delta":"x"}\n\n',
    b'{"system":[{"type":"text","text":"s"}],"messages":[{"role":"user","content":[{"type":'
    b'"tool_result","tool_use_id":"t","content":[{"type":"text","text":"llm_sk_a"}]}]}],"tools":['
    b'{"name":"f","input_schema":{}}]}',
    b'{"contents":[{"parts":[{"text":"a","thought":true},{"functionCall":{"name":"f","args":{}}},'
    b'{"inlineData":{"mimeType":"image/png","data":"AAAA"}}]}],"tools":[{"googleSearch":{}}]}',
    b'{"prompt":["sk-house-1234567890","b"],"choices":[{"text":"c"}]}',
]
SEEDS = {
    "form_flow": FORMS,
    "form_request": FORMS,
    "sound_file": [*shipped("tests/e2e/sound/*", 2048), *SOUNDS],
    "lists": LISTS,
    "media": MEDIA,
    "anthropic": [*ANTHROPIC, moved(ASKED[2])],
    "chat": CHATS,
    "chunked": CHUNKED,
    "completions": COMPLETIONS,
    "content": [bytes([i, 99]) + text for i, text in enumerate(CONTENTS)],
    "context_form": CONTEXTS,
    "conf": SETTINGS + shipped("gateway.conf"),
    "gemini": [*GEMINI, ASKED[3]],
    "head": HEADS,
    "json": JSON + CHATS + COMPLETIONS,
    "meter": COMPLETIONS,
    "policy_source": POLICIES + shipped("policies/*.lua"),
    "response": RESPONSES,
    "responses": [*RESPONSES_API, moved(ASKED[1])],
    "sse": SSE,
    "trace": TRACES,
    "translation": TRANSLATIONS,
    "journal": RECORDS,
}
MEMBERS = [
    "model", "messages", "content", "role", "type", "text", "image_url", "url", "file", "n",
    "stream", "stream_options", "include_usage", "max_tokens", "max_completion_tokens",
    "service_tier", "usage", "choices", "index", "delta", "message", "finish_reason", "cost",
    "cost_details", "prompt_tokens", "completion_tokens", "prompt_tokens_details",
    "completion_tokens_details", "cached_tokens", "reasoning_tokens", "tool_calls",
    "audio_tokens", "image_tokens", "cache_write_tokens", "cache_creation", "ttl_12h_tokens",
    "ephemeral_1h_input_tokens", "cache_creation_input_tokens", "web_search_requests",
    "iterations", "input_tokens", "output_tokens", "cache_read_input_tokens", "cacheDetails",
    "citation_tokens", "num_search_queries", "num_sources_used", "server_side_tool_usage_details",
    "tool_usage", "image_gen", "seconds", "billed_units", "groundingMetadata", "candidates",
]  # fmt: skip
FIELDS = [
    "HTTP/1.1", "HTTP/1.0", "Host:", "Content-Length:", "Transfer-Encoding:", "chunked", "close",
    "Connection:", "Expect: 100-continue", "Content-Type:", "Content-Encoding:", "gzip",
    "deflate", "Retry-After:", "retry-after-ms:", "100", "204", "304",
]  # fmt: skip
DIALECT_MEMBERS = [
    "cache_control", "tool_use", "tool_result", "source", "definition", "tool_changes", "system",
    "content_block", "content_block_start", "content_block_delta", "stop_reason", "message_delta",
    "input", "instructions", "namespace", "tools", "environment", "local", "additional_tools",
    "response", "output_index", "sequence_number", "item", "part", "output", "status", "error",
    "response.output_item.added", "response.output_item.done", "response.output_text.delta",
    "response.function_call_arguments.delta", "response.content_part.added", "summary",
    "contents", "parts", "inlineData", "mime_type", "functionResponse", "generationConfig",
    "maxOutputTokens", "max_output_tokens", "responseModalities", "finishReason", "responseId",
    "previous_response_id", "conversation", "item_reference", "approval_request_id", "id",
]  # fmt: skip
DIALECT_WORDS = [f'"{name}":' for name in MEMBERS + DIALECT_MEMBERS]
DIALECT_WORDS += ['"gw1.', "~gw1.", "summary.", "compaction", "compaction_trigger"]
WORDS = {
    "anthropic": DIALECT_WORDS,
    "gemini": DIALECT_WORDS,
    "responses": DIALECT_WORDS,
    "chat": [f'"{name}":' for name in MEMBERS],
    "content": DIALECT_WORDS,
    "completions": ['"prompt":', '"best_of":', '"n":', '"echo":true', '"max_tokens":', '"stream":'],
    "conf": ["listen", "workers", "${", "}", "yes", "no", "process", "127.0.0.1:", "[::1]:"],
    "head": FIELDS,
    "lists": [
        '"input":',
        '"encoding_format":',
        '"base64"',
        '"documents":',
        '"query":',
        '"data":',
        '"questions":',
        '"instructions":',
        '"content":',
        '"requests":',
        '"parts":',
    ],
    "json": ["\\ud83d", "\\u0000", "true", "false", "null", "e-3"],
    "media": [
        "RIFF",
        "WAVE",
        "fmt ",
        "data",
        "ID3",
        "OggS",
        "OpusHead",
        "fLaC",
        '"input":',
        '"prompt":',
        '"audio":',
        '"b64_json":',
        '"usage":',
        '"svg_usage":',
        '"n":',
    ],
    "meter": [f'"{name}":' for name in MEMBERS],
    "policy_source": ["return", "function", "end", "env(", "--[[", "]]", "[=[", "default = "],
    "response": FIELDS,
    "sse": ["data:", "event:", "id:", "retry:", "[DONE]"],
    "translation": [f'"{name}":' for name in MEMBERS] + ["gw1.", "~", "\\u0000", "\\n", "null"],
}


def escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace('"', '\\"')


def write(target: str, folder: Path) -> tuple[Path, Path | None]:
    """The seeds of one target, and its dictionary if it has one, below `folder`."""
    seeds = folder / "seeds" / target
    seeds.mkdir(parents=True, exist_ok=True)
    for old in seeds.iterdir():
        old.unlink()
    for number, seed in enumerate(SEEDS.get(target, [b""])):
        (seeds / f"{number:02}").write_bytes(seed)
    if target not in WORDS:
        return seeds, None
    words = folder / "seeds" / f"{target}.dict"
    words.write_text("".join(f'"{escaped(word)}"\n' for word in WORDS[target]))
    return seeds, words
