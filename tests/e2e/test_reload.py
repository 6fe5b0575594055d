"""SIGHUP: all or nothing, no request hurt, the old policy kept when the new one is wrong."""

import itertools
import json
import signal
import threading

import answers
import httpx2 as httpx
import pytest
from answers import Chat, Usage
from errors import check_error
from generations import PROMPT, USAGE, charge_of, prepare_generations, write_generation
from hung import hung
from load import Load
from prices import Price, charge, usd
from rawhttp import chat_bytes
from wait import wait_until


def cost_of_m(customer):
    return usd(customer.ask("m", messages=PROMPT, max_tokens=100).headers["x-llm-cost"])


@pytest.fixture
def changing(make_gateway):
    """A gateway whose model `m` has the prices of a generation."""

    return make_gateway(prepare=prepare_generations)


@pytest.mark.timeout(180)
def test_sighup_under_load(changing, provider, is_long):
    """SIGHUP every 100 ms: no request fails, none is priced by a mixture of two policies.

    The operator's editor writes the files one after the other, so some reloads see half a change;
    examples.lua lets none of these into force."""
    seconds = 20 if is_long else 6
    customer = changing.customer(credit="100000")
    provider.answer = answers.chat(usage=USAGE)
    prices = {charge_of(number) for number in range(3)}
    turn = itertools.count(1)
    costs = set()

    def ask(number):
        with httpx.Client(base_url=changing.api, timeout=30, trust_env=False) as client:
            body = {"model": "m", "max_tokens": 100, "messages": PROMPT}
            streamed = {"stream": True} if number % 2 else {}
            answer = client.post(
                "/chat/completions", json=body | streamed, headers=customer.authorization
            )
            assert answer.status_code == 200, answer.text
            assert not streamed or answer.content.endswith(answers.DONE)
            costs.add(answer.headers.get("x-llm-cost"))  # of a stream nobody knows it so early
            return answer.headers["x-request-id"]

    def reload():
        write_generation(changing.policies, next(turn) % 3)
        changing.signal(signal.SIGHUP)

    def enough() -> bool:
        """Also of reloads: slow builds meet half a change as often as a whole one."""
        return len(load.results) > 50 and len(costs - {None}) > 1

    with Load(4, ask) as load:
        load.run_for(seconds, reload, 0.1, enough)
    customer.wait_for_no_hold()
    got = {record["id"]: usd(record["cost"]) for record in customer.all_records()}
    assert got.keys() == set(load.results)
    assert set(got.values()) <= prices
    assert len(set(got.values())) > 1, "no reload took effect"


def test_reload_takes_effect(changing, provider):
    customer = changing.customer(credit="100")
    provider.answer = answers.chat(usage=USAGE)
    for number in (0, 1, 2, 1):
        write_generation(changing.policies, number)
        changing.reload()
        assert cost_of_m(customer) == charge_of(number)


BROKEN = {
    "syntax": ("models", "return {\n    a = = 1,\n}\n", "models.lua:2"),
    "not a table": ("models", "return 5\n", "models.lua"),
    "raises": ("models", 'local x = nil\nlocal y = x.z\nreturn {}\n', "models.lua:2"),
    "unknown member": ("margins", 'return {\n    default = "20%",\n    modles = {},\n}\n',
                       "margins.lua:3"),
    "bad margin": ("margins", 'return {\n\n    default = "minus",\n}\n', "margins.lua:3"),
    "endless loop": ("margins", "\nwhile true do end\nreturn {}\n", "margins.lua:2"),
    "endless pcall": ("margins", "while true do pcall(function() while true do end end) end\n",
                      "margins.lua"),
    "memory": ("margins", 'local t = {}\nfor i = 1, 1e9 do t[i] = { i } end\n',
               "margins.lua"),
    "no io": ("limits", '\n\nlocal f = io.open("/etc/passwd")\nreturn {}\n', "limits.lua:3"),
    "no os": ("limits", 'os.exit(3)\nreturn {}\n', "limits.lua:1"),
    "no ffi": ("limits", 'local ffi = require("ffi")\nreturn {}\n', "limits.lua:1"),
    "bytecode": ("limits", "\x1bLJ\x02\x02nonsense", "limits.lua"),
    "wrong example": ("examples",
                      'return {\n    { model = "m", input = 1, output = 1, price = "5" },\n}\n',
                      "examples.lua:2"),
    "negative price": ("models", 'return { a = { context = 1, max_output = 1, input = "-1",\n'
                       'output = "1", candidates = { { provider = "openai" } } } }\n',
                       "models.lua:1"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_broken_policy_keeps_the_old(changing, provider, name):
    file, text, place = BROKEN[name]
    customer = changing.customer(credit="100")
    provider.answer = answers.chat(usage=USAGE)
    good = changing.policies.read(file)
    changing.policies.write(file, text)

    checked = changing.command("check")
    assert checked.returncode == 1
    assert place in checked.stdout + checked.stderr, checked.stdout + checked.stderr

    line = changing.reload(refused=True)
    assert place in str(line), line
    assert cost_of_m(customer) == charge_of(0)
    assert changing.http.get("/readyz").status_code == 200

    changing.policies.write(file, good)
    assert changing.command("check").returncode == 0
    write_generation(changing.policies, 1)
    changing.reload()
    assert cost_of_m(customer) == charge_of(1)


def test_rule_that_loops_at_load_is_refused(changing, provider):
    """Loading asks every rule for the prices that customers are shown."""
    customer = changing.customer()
    changing.policies.write("margins", 'return { default = "20%", rule = function()\n'
                            "while true do end end }\n")  # fmt: skip
    changing.policies.write("examples", "return {}\n")
    line = changing.reload(refused=True)
    assert "margins.lua:2" in str(line)
    assert customer.ask("m", max_tokens=10).status_code == 200


def test_missing_file(changing):
    customer = changing.customer()
    changing.policies.path("margins").unlink()
    assert "margins.lua" in str(changing.reload(refused=True))
    assert customer.ask("m", max_tokens=100).status_code == 200


LOOPS = {
    "plain": "while true do end",
    "pcall": "while true do pcall(function() while true do end end) end",
    "recursion": "local function f() return f() end\n            f()",
    "xpcall": "xpcall(function() while true do end end, function() while true do end end)",
    "string": 'local s = "x" while true do s = s .. s end',
    "pattern": 'return ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"):find("a-a-a-a-a-a-a-a-a-a-b")',
    "sort": "table.sort({ 3, 2, 1 }, function() while true do end end)",
    "memory": "local t = {} while true do t = { t, {}, {}, {} } end",
    "error": 'error("the word is xylophone")',
    "error table": "error({})",
    "nonsense": 'return "much"',
    "number": "return 0 / 0",
}


@pytest.mark.parametrize("name", LOOPS)
def test_runaway_rule_at_request(changing, provider, name):
    """The request fails clean, nothing is charged, nobody else waits for it."""
    customer = changing.customer()
    rule = f"""return {{
    default = "20%",
    rule = function(request)
        -- loading asks for the prices of all models, with no tokens
        if request.model == "gpt-4" and request.input_tokens > 0 then
            {LOOPS[name]}
        end
    end,
}}
"""
    changing.policies.write("margins", rule)
    changing.policies.write("examples", "return {}\n")
    changing.reload()
    before = customer.balance
    for _ in range(5):
        response = customer.ask("gpt-4", max_tokens=10)
        error = check_error(response, response.status_code)
        assert response.status_code >= 500
        assert "xylophone" not in error["message"]
        assert customer.ask(max_tokens=10).status_code == 200
    assert customer.wallet()["held"] == "0.000000000"
    assert before - customer.balance == 5 * charge("gpt-4o-mini", Usage())
    wait_until(
        lambda: [line for line in changing.log() if "margins.lua" in str(line)],
        5,
        "the operator is told which file",
    )
    wait_until(lambda: changing.http.get("/readyz").status_code == 200, 5, "/readyz")


RUNAWAY_ROUTES = {
    "access": "access = { rule = function(request) while request.input_tokens > 0 do end end },",
    "sort": "sort = function(request) while request.input_tokens > 0 do end end,",
    "order": "order = function(request) while request.input_tokens > 0 do end end,",
}


@pytest.mark.parametrize("name", RUNAWAY_ROUTES)
def test_runaway_route(changing, name):
    customer = changing.customer()
    changing.policies.write("examples", "return {}\n")
    changing.policies.replace("routes", "    retry = {", RUNAWAY_ROUTES[name] + "\n    retry = {")
    changing.reload()
    response = customer.ask("m", max_tokens=10)
    assert response.status_code >= 500
    check_error(response, response.status_code)
    assert changing.is_alive()


def test_model_taken_away(changing, provider):
    """Gone after the reload; what runs goes on."""
    customer = changing.customer()
    good = changing.policies.read("models")
    changing.policies.write("models", good.replace('["gpt-4"] = {', '["gpt-4-old"] = {'))
    changing.policies.write("examples", "return {}\n")
    assert customer.ask("gpt-4", max_tokens=5).status_code == 200
    changing.reload()
    check_error(customer.ask("gpt-4", max_tokens=5), 404, "model_not_found")
    assert customer.ask("gpt-4-old", max_tokens=5).status_code == 200


def test_model_without_a_price_is_never_free(make_gateway, provider):
    gateway = make_gateway(prepare=lambda policies: policies.model("free"))
    customer = gateway.customer()
    check_error(customer.ask("free"), 503, "model_not_priced", retry=False)
    assert provider.requests == []


def test_reload_of_a_hung_worker_obeys_sigterm(make_gateway):
    """And a second one ends the process at once."""
    gateway = make_gateway(log_level="debug", drain_timeout_ms=60_000)
    with hung(gateway.process.pid, "worker"):
        gateway.signal(signal.SIGHUP)
        wait_until(lambda: gateway.logged("policies are built"), 10, "new policies")
        gateway.signal(signal.SIGHUP)
        wait_until(lambda: gateway.logged("read again afterwards"), 10, "the second SIGHUP")
        assert not gateway.logged("policies reloaded")
        gateway.signal(signal.SIGTERM)
        wait_until(lambda: gateway.logged("stopping"), 10, "the first SIGTERM")
        gateway.signal(signal.SIGTERM)
    gateway.wait_for_exit(code=1)
    gateway.verify_ledger()


def test_sigterm_while_policies_are_built(make_gateway):
    """What is not built yet is forgotten, and the end is clean."""
    gateway = make_gateway()
    for number in range(300):
        gateway.policies.model(f"model-{number}", Price("1", "2"))
    gateway.signal(signal.SIGHUP)
    gateway.signal(signal.SIGTERM)
    gateway.wait_for_exit()
    gateway.verify_ledger()


def test_many_models_are_swapped_under_streams(make_gateway, provider):
    """Streams keep the policy that they began with, and what they leave is freed elsewhere."""
    gateway = make_gateway(prepare=prepare_generations)
    customer = gateway.customer()
    gate = threading.Event()
    provider.answer = answers.stream_of(Chat(usage=USAGE), gates={2: gate})
    body = {"model": "m", "messages": PROMPT, "max_tokens": 100, "stream": True}
    connections = []
    for number in (1, 2, 0):
        connection = gateway.connect()
        connection.send(chat_bytes(customer.key, json.dumps(body).encode()))
        assert connection.read_head().status == 200
        connections.append(connection)
        write_generation(gateway.policies, number)
        gateway.reload()
    gate.set()
    for connection in connections:
        while connection.read_chunk():
            pass
    customer.wait_for_record(3)
    customer.wait_for_no_hold()
    charged = sorted(usd(record["cost"]) for record in customer.records())
    assert charged == sorted(charge_of(number) for number in (0, 1, 2))


@pytest.mark.parametrize("number", range(8))
def test_stopped_somewhere_in_a_reload(make_gateway, number):
    """What is built already, but in no worker yet, is freed (the leak checker of ASan says so)."""
    gateway = make_gateway()
    gateway.signal(signal.SIGHUP)
    threading.Event().wait(0.01 * number)
    gateway.signal(signal.SIGTERM)
    gateway.wait_for_exit()
