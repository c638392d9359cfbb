"""What the gateway costs: CPU time a request and a token, beside a bare relay of bytes in the same run.

    apt-get install wrk; python benchmarks/serve_gateway.py [--seconds 6] [--streams 1000]

The gateway and the relay run on core 0, the model's server (serve_upstream.py) and the load client (wrk, compiled) on core 1. Plain: one message, one
whole answer. Burst: 50 tokens as fast as they come. Paced: many streams at 5 tokens a second each, 50 tokens; its CPU time includes what opening a
stream costs. The gateway checks a key, reserves and
settles quotas, reads the request, masks personal data, searches both sides for 10,000 phrases, keeps its queue, watches the client, counts for
Prometheus and writes its audit log. DURABLE=1: no answer ends before its audit record is on the disk.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
UPSTREAM, RELAY, GATEWAY = 9101, 9102, 9103
QUESTION = "How often is the circulation pump checked, and by whom? Please answer in one sentence"
LUA = """
wrk.method = "POST"
wrk.headers["Authorization"] = "Bearer {key}"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{{"model":"fake","messages":[{{"role":"user","content":"{question}"}}]{stream}}}'
"""
LOADS = {
    "plain": (8, QUESTION, ""),
    "burst of 50 tokens": (8, f"{QUESTION} tokens=50", ',"stream":true'),
    "paced": (0, f"{QUESTION} tokens=50 pace=0.2 s", ',"stream":true'),
}


def main() -> None:
    """Print a row for each load and server."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=int, default=6)
    options.add_argument("--streams", type=int, default=1_000)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, started(1, "serve_upstream.py", str(UPSTREAM)):
        key_file = Path(folder) / "key"
        servers = {
            "relay": ("serve_relay.py", str(RELAY), str(UPSTREAM)),
            "gateway": ("serve_gateway.py", "serve", folder),
        }
        for load in LOADS:
            for name, command in servers.items():
                with started(0, *command) as process:
                    key = key_file.read_text() if name == "gateway" else ""
                    measure(name, process.pid, load, key, given)


def measure(name: str, pid: int, load: str, key: str, given: argparse.Namespace) -> None:
    """Put one load on one server."""
    connections, question, stream = LOADS[load]
    seconds = 16 if load == "paced" else given.seconds
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(LUA.format(key=key, question=question, stream=stream))
        script.flush()
        url = f"http://127.0.0.1:{RELAY if name == 'relay' else GATEWAY}/v1/chat/completions"
        command = [
            "taskset",
            "-c",
            "1",
            "wrk",
            "-t1",
            f"-c{connections or given.streams}",
            f"-d{seconds}s",
            "-s",
            script.name,
            url,
        ]
        # Libraries and tables that the first requests load are no price of a request.
        subprocess.run(["wrk", "-t1", "-c4", "-d3s", "-s", script.name, url], capture_output=True, check=True)
        before = cpu_s(pid)
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said:
        raise SystemExit(f"{name}: not every answer was one:\n{said}")
    requests = int(re.search(r"(\d+) requests in", said)[1])
    us = 1e6 * (cpu_s(pid) - before) / requests
    each = f", {us / 50:.0f} µs a token" if stream else ""
    peak = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]
    print(
        f"{load:<20} {name:<8} {requests:>6} requests {us:>7.0f} µs a request{each}, {int(peak) / 1024:.0f} MB",
        flush=True,
    )


def cpu_s(pid: int) -> float:
    """User and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def started(core: int, script: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program of this folder on one core, for as long as the block lasts."""
    command = ["taskset", "-c", str(core), sys.executable, str(HERE / script), *arguments]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    time.sleep(6 if "serve" in arguments else 1)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def serve_gateway(folder: Path) -> None:
    """The gateway under test, with a key written into the folder."""
    from danlu.serve.access.keys import Keys
    from danlu.serve.gateway.books import Books
    from danlu.serve.gateway.config import read_config
    from danlu.serve.gateway.parts import AppParts
    from danlu.serve.gateway.run import listen, serve
    from danlu.serve.guards.reply import Guards
    from danlu.serve.routes.build import build
    from danlu.serve.routes.upstream.pool import Connections
    from danlu.text.words.disguised import DisguisedWords
    from danlu.text.words.lists import Phrase

    connections = Connections()
    upstream = {"url": f"http://127.0.0.1:{UPSTREAM}/v1", "model": "fake", "seats": 5_000, "personal": "mask"}
    limits = {"requests_per_minute": 1e9, "burst_requests": 10**9, "tokens_per_minute": 10**12, "cost_per_day": 1e9}
    durable = {"durable": True} if os.environ.get("DURABLE") else {}
    config = read_config({"models": {"fake": upstream}, "limits": limits, "observe": durable}, folder, {})
    models = build(config.routes, {}, connections)
    keys = Keys(folder / "keys.db")
    (folder / "key").write_text(keys.create()[1])
    phrases = [Phrase(f"{chr(0x4E00 + number)}{chr(0x9000 - number // 3)}禁", "x") for number in range(10_000)]
    guards = Guards(DisguisedWords(phrases, in_pinyin=True))
    books = Books.open(folder, config.observing, connections)
    parts = AppParts(
        tuple(models.values()), keys, guards, books, config.limits, config.settings, aclose=connections.aclose
    )
    serve(parts, listen("127.0.0.1", GATEWAY))


if __name__ == "__main__":
    serve_gateway(Path(sys.argv[2])) if sys.argv[1:2] == ["serve"] else main()
