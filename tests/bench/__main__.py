"""`./dev bench`: what the gateway costs, with auth, policy, hold and settlement on every request.

wrk drives an upstream that answers at once (upstream.c), first directly and then through the
gateway, whole and streamed, on this machine. What counts is the difference, and the processor time
of the gateway a request; both sides share the machine's cores, so look at figures from one machine.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BINARY = os.environ.get("GATEWAY_BINARY", str(ROOT / "build/llm-gateway"))
UPSTREAM = str(ROOT / "build/bench_upstream")
MODEL = "gpt-4o-mini"

WRK_SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer %s"
wrk.body = [[%s]]
function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        '\\n{"requests":%%d,"us":%%d,"p50":%%d,"p99":%%d,"bad":%%d}\\n', summary.requests,
        summary.duration, latency:percentile(50), latency:percentile(99),
        errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
"""


def request_body(stream):
    body = {"model": MODEL, "max_tokens": 50, "messages": [{"role": "user", "content": "Hello"}]}
    if stream:
        body["stream"] = True
    return json.dumps(body, separators=(",", ":"))


def run_wrk(folder, url, key, stream, args):
    script = folder / "wrk.lua"
    script.write_text(WRK_SCRIPT % (key, request_body(stream)))
    command = ["wrk", "-t1", f"-c{args.connections}", f"-d{args.seconds}s", "-s", script, url]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(output.strip().split("\n")[-1])


def copy_policies(folder):
    """The usual policies, with limits that count as usual but are never reached."""
    shutil.copytree(ROOT / "policies", folder)
    (folder / "limits.lua").write_text(
        "return {\n"
        '    { scope = "key", requests_per_minute = 1e9, tokens_per_minute = 1e12 },\n'
        '    { scope = "user", requests_per_minute = 1e9, tokens_per_minute = 1e12 },\n'
        "}\n"
    )


def start_gateway(folder, upstream):
    """Returns (process, address, key)."""
    copy_policies(folder / "policies")
    config = folder / "gateway.conf"
    settings = {
        "listen": "127.0.0.1:0",
        "database": folder / "gateway.db",
        "secret_file": folder / "secret",
        "policies": folder / "policies",
        "webui": ROOT / "webui/dist",
        "log_level": "info",
        "log_format": "json",
    }
    config.write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
    env = os.environ | {"OPENAI_BASE_URL": upstream, "OPENAI_API_KEY": "sk-bench"}
    llm = [BINARY, "--config", config]

    def command(*words):
        done = subprocess.run(
            [*llm, *words], check=True, capture_output=True, text=True, env=env, cwd=folder
        )
        return done.stdout.strip().split("\n")[-1]

    command("user", "create", "bench@example.com")
    command("credit", "bench@example.com", "1000000")
    key = command("key", "create", "bench@example.com")
    log = folder / "stderr.log"
    with log.open("w") as stderr:
        process = subprocess.Popen(llm, stderr=stderr, stdout=stderr, env=env, cwd=folder)
    for _ in range(100):
        for line in log.read_text().splitlines():
            if '"listening"' in line:
                event = json.loads(line)
                return process, f"http://{event['address']}:{event['port']}", key
        time.sleep(0.1)
    process.kill()
    sys.exit("the gateway did not start:\n" + log.read_text())


def cpu_us(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1_000_000 / os.sysconf("SC_CLK_TCK")


def show(name, result, cpu=None):
    rate = result["requests"] / (result["us"] / 1e6)
    cost = f"{cpu / result['requests']:9.1f}" if cpu else " " * 9
    print(f"{name:24} {rate:10.0f} {result['p50']:9d} {result['p99']:9d} {cost}", flush=True)
    if result["bad"]:
        sys.exit(f"{result['bad']} of {result['requests']} requests failed: these figures are void")


def bench(folder, args):
    upstream = subprocess.Popen([UPSTREAM, str(args.chunks)], stdout=subprocess.PIPE, text=True)
    gateway = None
    try:
        origin = f"http://127.0.0.1:{upstream.stdout.readline().strip()}"
        gateway, address, key = start_gateway(folder, origin + "/v1")
        print(f"{'':24} {'requests/s':>10} {'p50 us':>9} {'p99 us':>9} {'cpu us':>9}")
        for name, stream in (("whole", False), (f"stream of {args.chunks}", True)):
            show(f"{name}, upstream alone", run_wrk(folder, origin, key, stream, args))
            before = cpu_us(gateway.pid)
            url = address + "/api/v1/chat/completions"
            result = run_wrk(folder, url, key, stream, args)
            show(f"{name}, gateway", result, cpu_us(gateway.pid) - before)
        verify = [BINARY, "--config", folder / "gateway.conf", "ledger", "verify"]
        subprocess.run(verify, check=True, cwd=folder, stdout=subprocess.DEVNULL)
    finally:
        if gateway is not None:
            gateway.send_signal(signal.SIGTERM)
            gateway.wait(30)
        upstream.kill()


def main():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--chunks", type=int, default=20, help="events of a streamed answer")
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="llm-gateway-bench-"))
    try:
        bench(folder, args)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
