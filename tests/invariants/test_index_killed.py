import json
import os
import subprocess
import sys
from pathlib import Path

from documents import as_markdown, chapter
from indexes import indexed
from live_indexes import live_copy

TESTS = Path(__file__).parent.parent


def test_a_writer_killed_fifty_times_loses_nothing_that_it_acknowledged_and_shows_nothing_half_done(
    tmp_path: Path,
) -> None:
    made = indexed({"en.md": as_markdown(chapter("en"))})
    live = live_copy(made, tmp_path)
    live.close()
    command = [
        sys.executable,
        str(TESTS / "invariants" / "index_killed.py"),
        str(live.path),
        str(made.index.encoder),
        "50",
    ]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(TESTS)}, capture_output=True, text=True, check=True
    )
    report = json.loads(done.stdout)
    assert report["wrong"] == []
    assert report["acknowledged"] > 100
