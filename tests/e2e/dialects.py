"""Conversations in the four dialects, written and read independently of lua/dialect: what a
translation carries over is what these readers find in it."""

import json

PICTURE = "iVBORw0KGgo="
PDF = "JVBERi0xLjQK"

# What is asked, as facts: a part is (kind, ...).
TALK = {
    "system": "Be \"brief\".",
    "messages": [
        ("user", [("text", "Look \u00e9\n\u2028"), ("image", "image/png", PICTURE)]),
        ("assistant", [("text", "Two calls."), ("call", "call_a", "find", {"q": [1, "\u00fc"]}),
                       ("call", "call_b", "stop", {})]),
        ("user", [("result", "call_a", "find", "one"), ("result", "call_b", "stop", "two"),
                  ("text", "Go on."), ("file", PDF)]),
    ],
    "tools": {
        "find": ("Finds.", {"type": "object", "properties": {"q": {"type": "array"}}}),
        "stop": ("Stops.", {"type": "object", "properties": {}}),
    },
    "choice": "any",
    "limit": 500,
    "effort": "high",
    "format": {"type": "object", "properties": {"a": {"type": "string"}},
               "required": ["a"], "additionalProperties": False},
}  # fmt: skip


# ---- writing ----


def chat_part(part):
    if part[0] == "text":
        return {"type": "text", "text": part[1]}
    if part[0] == "image":
        return {"type": "image_url", "image_url": {"url": f"data:{part[1]};base64,{part[2]}"}}
    file = {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{part[1]}"}
    return {"type": "file", "file": file}


def chat_messages(role, parts):
    if role == "assistant":
        calls = [
            {
                "id": part[1],
                "type": "function",
                "function": {"name": part[2], "arguments": json.dumps(part[3])},
            }
            for part in parts
            if part[0] == "call"
        ]
        text = "".join(part[1] for part in parts if part[0] == "text")
        yield {"role": role, "content": text, "tool_calls": calls}
        return
    for part in parts:
        if part[0] == "result":
            yield {"role": "tool", "tool_call_id": part[1], "content": part[3]}
    rest = [chat_part(part) for part in parts if part[0] != "result"]
    if rest:
        yield {"role": role, "content": rest}


def write_chat(talk):
    tools = [
        {
            "type": "function",
            "function": {"name": name, "description": tool[0], "parameters": tool[1]},
        }
        for name, tool in talk["tools"].items()
    ]
    messages = [{"role": "system", "content": talk["system"]}]
    for role, parts in talk["messages"]:
        messages += chat_messages(role, parts)
    schema = {"name": "answer", "schema": talk["format"], "strict": True}
    return {
        "model": "m",
        "messages": messages,
        "tools": tools,
        "tool_choice": "required",
        "max_completion_tokens": talk["limit"],
        "reasoning_effort": talk["effort"],
        "response_format": {"type": "json_schema", "json_schema": schema},
    }


def anthropic_block(part):
    if part[0] == "text":
        return {"type": "text", "text": part[1]}
    if part[0] == "image":
        source = {"type": "base64", "media_type": part[1], "data": part[2]}
        return {"type": "image", "source": source}
    if part[0] == "file":
        source = {"type": "base64", "media_type": "application/pdf", "data": part[1]}
        return {"type": "document", "source": source, "title": "a.pdf"}
    if part[0] == "call":
        return {"type": "tool_use", "id": part[1], "name": part[2], "input": part[3]}
    return {"type": "tool_result", "tool_use_id": part[1], "content": part[3]}


def write_anthropic(talk):
    return {
        "model": "m",
        "max_tokens": talk["limit"],
        "system": [{"type": "text", "text": talk["system"]}],
        "messages": [
            {"role": role, "content": [anthropic_block(part) for part in parts]}
            for role, parts in talk["messages"]
        ],
        "tools": [
            {"name": name, "description": tool[0], "input_schema": tool[1]}
            for name, tool in talk["tools"].items()
        ],
        "tool_choice": {"type": "any"},
        "thinking": {"type": "adaptive"},
        "output_config": {
            "effort": talk["effort"],
            "format": {"type": "json_schema", "schema": talk["format"]},
        },
    }


def gemini_part(part):
    if part[0] == "text":
        return {"text": part[1]}
    if part[0] == "image":
        return {"inlineData": {"mimeType": part[1], "data": part[2]}}
    if part[0] == "file":
        return {"inlineData": {"mimeType": "application/pdf", "data": part[1]}}
    if part[0] == "call":
        return {"functionCall": {"id": part[1], "name": part[2], "args": part[3]}}
    response = {"output": part[3]}
    return {"functionResponse": {"id": part[1], "name": part[2], "response": response}}


def write_gemini(talk):
    roles = {"user": "user", "assistant": "model"}
    declarations = [
        {"name": name, "description": tool[0], "parametersJsonSchema": tool[1]}
        for name, tool in talk["tools"].items()
    ]
    return {
        "contents": [
            {"role": roles[role], "parts": [gemini_part(part) for part in parts]}
            for role, parts in talk["messages"]
        ],
        "systemInstruction": {"parts": [{"text": talk["system"]}]},
        "tools": [{"functionDeclarations": declarations}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY"}},
        "generationConfig": {
            "maxOutputTokens": talk["limit"],
            "thinkingConfig": {"thinkingLevel": talk["effort"].upper(), "includeThoughts": True},
            "responseMimeType": "application/json",
            "responseJsonSchema": talk["format"],
        },
    }


def responses_part(part):
    if part[0] == "text":
        return {"type": "input_text", "text": part[1]}
    if part[0] == "image":
        url = f"data:{part[1]};base64,{part[2]}"
        return {"type": "input_image", "detail": "auto", "image_url": url}
    data = f"data:application/pdf;base64,{part[1]}"
    return {"type": "input_file", "filename": "a.pdf", "file_data": data}


def responses_items(role, parts):
    if role == "assistant":
        text = "".join(part[1] for part in parts if part[0] == "text")
        yield {"type": "message", "role": role, "content": text}
    for part in parts:
        if part[0] == "call":
            yield {
                "type": "function_call",
                "call_id": part[1],
                "name": part[2],
                "arguments": json.dumps(part[3]),
            }
        elif part[0] == "result":
            yield {"type": "function_call_output", "call_id": part[1], "output": part[3]}
    rest = [responses_part(part) for part in parts if part[0] in ("text", "image", "file")]
    if role == "user" and rest:
        yield {"type": "message", "role": role, "content": rest}


def write_responses(talk):
    items = []
    for role, parts in talk["messages"]:
        items += responses_items(role, parts)
    form = {"type": "json_schema", "name": "answer", "schema": talk["format"], "strict": True}
    return {
        "model": "m",
        "instructions": talk["system"],
        "input": items,
        "tools": [
            {
                "type": "function",
                "name": name,
                "description": tool[0],
                "parameters": tool[1],
                "strict": False,
            }
            for name, tool in talk["tools"].items()
        ],
        "tool_choice": "required",
        "max_output_tokens": talk["limit"],
        "reasoning": {"effort": talk["effort"], "summary": "auto"},
        "text": {"format": form},
        "store": False,
    }


# ---- reading ----


def data_url(url):
    head, data = url.split(",", 1)
    return head.removeprefix("data:").removesuffix(";base64"), data


def read_media(url):
    media, data = data_url(url)
    return ("image", media, data) if media.startswith("image/") else ("file", data)


def read_chat(body):
    talk = {"messages": [], "tools": {}}
    names = {}

    def add(role, parts):
        if talk["messages"] and talk["messages"][-1][0] == role:
            talk["messages"][-1][1].extend(parts)
        else:
            talk["messages"].append((role, parts))

    for message in body["messages"]:
        content = message.get("content")
        if message["role"] == "system":
            talk["system"] = content
            continue
        if message["role"] == "tool":
            call = message["tool_call_id"]
            add("user", [("result", call, names[call], content)])
            continue
        parts = [("text", content)] if isinstance(content, str) else []
        for part in content if isinstance(content, list) else []:
            if part["type"] == "text":
                parts.append(("text", part["text"]))
            elif part["type"] == "image_url":
                parts.append(read_media(part["image_url"]["url"]))
            else:
                parts.append(read_media(part["file"]["file_data"]))
        for call in message.get("tool_calls", ()):
            function = call["function"]
            names[call["id"]] = function["name"]
            arguments = json.loads(function["arguments"])
            parts.append(("call", call["id"], function["name"], arguments))
        add(message["role"], parts)
    for tool in body["tools"]:
        function = tool["function"]
        talk["tools"][function["name"]] = (function["description"], function["parameters"])
    talk["choice"] = {"required": "any"}[body["tool_choice"]]
    talk["limit"] = body["max_completion_tokens"]
    talk["effort"] = body["reasoning_effort"]
    talk["format"] = body["response_format"]["json_schema"]["schema"]
    return talk


def read_anthropic(body):
    names = {}

    def part(block):
        kind = block["type"]
        if kind == "text":
            return ("text", block["text"])
        if kind == "image":
            return ("image", block["source"]["media_type"], block["source"]["data"])
        if kind == "document":
            return ("file", block["source"]["data"])
        if kind == "tool_use":
            names[block["id"]] = block["name"]
            return ("call", block["id"], block["name"], block["input"])
        content = block["content"]
        text = content if isinstance(content, str) else "".join(b["text"] for b in content)
        call = block["tool_use_id"]
        return ("result", call, names[call], text)

    return {
        "system": "".join(block["text"] for block in body["system"]),
        "messages": [
            (message["role"], [part(block) for block in message["content"]])
            for message in body["messages"]
        ],
        "tools": {
            tool["name"]: (tool["description"], tool["input_schema"]) for tool in body["tools"]
        },
        "choice": body["tool_choice"]["type"],
        "limit": body["max_tokens"],
        "effort": body["output_config"]["effort"],
        "format": body["output_config"]["format"]["schema"],
    }


def read_gemini(body):
    roles = {"user": "user", "model": "assistant"}

    def part(one):
        if "functionCall" in one:
            call = one["functionCall"]
            return ("call", call["id"], call["name"], call["args"])
        if "functionResponse" in one:
            result = one["functionResponse"]
            return ("result", result["id"], result["name"], result["response"]["output"])
        if "inlineData" in one:
            media, data = one["inlineData"]["mimeType"], one["inlineData"]["data"]
            return ("image", media, data) if media.startswith("image/") else ("file", data)
        return ("text", one["text"])

    config = body["generationConfig"]
    return {
        "system": "".join(one["text"] for one in body["systemInstruction"]["parts"]),
        "messages": [
            (roles[content["role"]], [part(one) for one in content["parts"]])
            for content in body["contents"]
        ],
        "tools": {
            tool["name"]: (tool["description"], tool["parametersJsonSchema"])
            for tool in body["tools"][0]["functionDeclarations"]
        },
        "choice": body["toolConfig"]["functionCallingConfig"]["mode"].lower(),
        "limit": config["maxOutputTokens"],
        "effort": config["thinkingConfig"]["thinkingLevel"].lower(),
        "format": config["responseJsonSchema"],
    }


def read_responses(body):
    talk = {"messages": [], "system": body["instructions"]}
    names = {}

    def add(role, *parts):
        if not talk["messages"] or talk["messages"][-1][0] != role:
            talk["messages"].append((role, []))
        talk["messages"][-1][1].extend(parts)

    for item in body["input"]:
        if item["type"] == "function_call":
            names[item["call_id"]] = item["name"]
            arguments = json.loads(item["arguments"])
            add("assistant", ("call", item["call_id"], item["name"], arguments))
        elif item["type"] == "function_call_output":
            call = item["call_id"]
            add("user", ("result", call, names[call], item["output"]))
        elif isinstance(item["content"], str):
            add(item["role"], ("text", item["content"]))
        else:
            for part in item["content"]:
                if part["type"] == "input_text":
                    add(item["role"], ("text", part["text"]))
                else:
                    add(item["role"], read_media(part.get("image_url") or part["file_data"]))
    talk["tools"] = {
        tool["name"]: (tool["description"], tool["parameters"]) for tool in body["tools"]
    }
    talk["choice"] = {"required": "any"}[body["tool_choice"]]
    talk["limit"] = body["max_output_tokens"]
    talk["effort"] = body["reasoning"]["effort"]
    talk["format"] = body["text"]["format"]["schema"]
    return talk


WRITE = {
    "openai-chat": write_chat,
    "openai-responses": write_responses,
    "anthropic": write_anthropic,
    "gemini": write_gemini,
}
READ = {
    "openai-chat": read_chat,
    "openai-responses": read_responses,
    "anthropic": read_anthropic,
    "gemini": read_gemini,
}
