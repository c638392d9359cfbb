import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from danlu.core.errors import WorkFailed
from danlu.engines.child import ChildEngine
from danlu.engines.transformers_engine import TransformersEngine
from tiny import make_tiny_checkpoint

GREEDY = {"stop_ids": frozenset(), "temperature": 0.0, "top_p": 1.0, "seed": 0}
PROMPT = [5, 6, 7, 8]
ENDLESS = 10**6


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return make_tiny_checkpoint(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def child(base):
    engine = ChildEngine("transformers", base, 1)
    yield engine
    engine.close()


def alive(process_id):
    status = Path(f"/proc/{process_id}/stat")
    return status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def gone_within(process_id, timeout_s):
    end = time.monotonic() + timeout_s
    while alive(process_id) and time.monotonic() < end:
        time.sleep(0.05)
    return not alive(process_id)


def test_a_child_says_what_the_engine_says(base, child):
    expected = list(TransformersEngine(base, 1).generate(PROMPT, max_tokens=8, **GREEDY))
    assert list(child.generate(PROMPT, max_tokens=8, **GREEDY)) == expected


def test_requests_wait_for_their_turn(child):
    expected = list(child.generate(PROMPT, max_tokens=6, **GREEDY))
    results = [None] * 5

    def ask(at):
        results[at] = list(child.generate(PROMPT, max_tokens=6, **GREEDY))

    threads = [threading.Thread(target=ask, args=(at,)) for at in range(len(results))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert results == [expected] * len(results)


def test_a_cancelled_generation_frees_the_child(child):
    expected = list(child.generate(PROMPT, max_tokens=3, **GREEDY))
    process_id = child.process_id
    tokens = child.generate(PROMPT, max_tokens=400, **GREEDY)
    assert list(itertools.islice(tokens, 3)) == expected
    tokens.close()
    assert list(child.generate(PROMPT, max_tokens=3, **GREEDY)) == expected
    assert child.process_id == process_id


def test_an_engines_error_fails_its_request_only(child):
    with pytest.raises(WorkFailed, match="the engine failed: IndexError"):
        list(child.generate([10**9], max_tokens=3, **GREEDY))
    assert len(list(child.generate(PROMPT, max_tokens=3, **GREEDY))) == 3


def test_a_crash_fails_one_request_and_the_next_restarts_the_child(child):
    tokens = child.generate(PROMPT, max_tokens=400, **GREEDY)
    next(tokens)
    os.kill(child.process_id, signal.SIGKILL)
    with pytest.raises(WorkFailed, match="signal 9"):
        list(tokens)
    assert len(list(child.generate(PROMPT, max_tokens=3, **GREEDY))) == 3


def test_the_child_stays_in_our_process_group(child):
    assert os.getpgid(child.process_id) == os.getpgid(0)


def test_closing_ends_a_running_generation_at_once(base):
    engine = ChildEngine("transformers", base, 1)
    tokens = engine.generate(PROMPT, max_tokens=ENDLESS, **GREEDY)
    next(tokens)
    start = time.monotonic()
    engine.close()
    assert time.monotonic() - start < 5
    assert gone_within(engine.process_id, 0)
    with pytest.raises(WorkFailed, match="closed"):
        list(tokens)
    with pytest.raises(WorkFailed, match="closed"):
        list(engine.generate(PROMPT, max_tokens=1, **GREEDY))


def test_a_model_that_does_not_load_says_why(tmp_path):
    with pytest.raises(WorkFailed, match=r"did not start: UserError: .*no config\.json"):
        ChildEngine("transformers", tmp_path, 1)


# A forked sibling inherits the caller's ends of the pipes: end of file alone would not tell that the caller is dead.
PARENT = """
import os, signal, sys, time
from pathlib import Path
from danlu.engines.child import ChildEngine

engine = ChildEngine("transformers", Path(sys.argv[1]), 1)
sibling = os.fork()
if sibling == 0:
    time.sleep(30)
    os._exit(0)
tokens = engine.generate([5, 6], max_tokens=10**6, stop_ids=frozenset(), temperature=0.0, top_p=1.0, seed=0)
next(tokens)
print(engine.process_id, sibling, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_child_dies_with_a_killed_parent(base):
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    command = [sys.executable, "-c", PARENT, str(base)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as parent:
        child_id, sibling_id = map(int, parent.stdout.readline().split())
        parent.wait()
        try:
            assert gone_within(child_id, 5)
        finally:
            os.kill(sibling_id, signal.SIGKILL)
