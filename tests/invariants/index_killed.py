"""Rounds of a process that changes a live index and is killed at any moment; prints what was lost or half done, as JSON.

`python index_killed.py DATABASE ENCODER ROUNDS`. The process is forked from one that has everything imported, so that a round costs
milliseconds and the moments of death are spread over the work and not over the start.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from danlu.retrieve.legs.live import LiveIndex
from live_indexes import faults, note

DOCUMENTS = [f"doc-{number}" for number in range(6)]


def change_until_killed(path: Path, encoder: Path, told: int, first: int) -> None:
    """Put and remove documents without end; what is done is told, one line each, after it returned."""
    live = LiveIndex(path, encoder)
    for turn in range(first, first + 1_000_000):
        name = DOCUMENTS[turn % len(DOCUMENTS)]
        if turn % 7 == 3:
            live.remove(name)
            done = [name, None]
        else:
            live.put(
                note(name, *(f"Turn {turn} of {name}, part {part}: install packages." for part in range(turn % 5 + 1)))
            )
            done = [name, turn]
        os.write(told, f"{json.dumps(done)}\n".encode())


def round_of(path: Path, encoder: Path, number: int) -> list[list[object]]:
    """Fork, wait a moment, kill; what the child had told."""
    reads, writes = os.pipe()
    child = os.fork()
    if not child:
        os.close(reads)
        try:
            change_until_killed(path, encoder, writes, number * 1000)
        finally:
            os._exit(1)
    os.close(writes)
    time.sleep(random.Random(number).uniform(0.01, 0.15))
    os.kill(child, signal.SIGKILL)
    ended = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(ended), "the writer ended by itself"
    with os.fdopen(reads) as told:
        return [json.loads(line) for line in told if line.endswith("\n")]


def lost(path: Path, encoder: Path, before: dict[str, object], told: list[list[object]]) -> list[str]:
    """What does not stand as it was told. One change more may have been done: the kill came before it was told."""
    live = LiveIndex(path, encoder)
    with live.reading(None) as view:
        rows = view.rows("SELECT doc_id, text FROM passages WHERE doc_id LIKE 'doc-%' ORDER BY id")
    live.close()
    stands: dict[str, object] = {}
    for name, text in rows:
        turn = int(text.split()[1])
        if stands.setdefault(name, turn) != turn:
            return [f"{name} is of two versions"]
    expected = before | {str(name): turn for name, turn in told}
    differ = [name for name in DOCUMENTS if stands.get(name) != expected.get(name)]
    before.clear()
    before.update(stands)
    return [] if len(differ) <= 1 else [f"{differ} are not as acknowledged"]


def main(path: Path, encoder: Path, rounds: int) -> None:
    wrong: list[str] = []
    acknowledged = 0
    stands: dict[str, object] = {}
    for number in range(1, rounds + 1):
        told = round_of(path, encoder, number)
        acknowledged += len(told)
        wrong += [f"round {number}: {fault}" for fault in [*lost(path, encoder, stands, told), *faults(path)]]
    print(json.dumps({"acknowledged": acknowledged, "wrong": wrong}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
