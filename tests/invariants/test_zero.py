"""Two processes that DeepSpeed parts a training over learn like one, by each stage of ZeRO, and their checkpoints are those of all layouts."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

RUN = Path(__file__).parent / "zero_run.py"
ROOT = Path(__file__).parents[2]
TOLERANCE = 2e-5
"""Of a loss, relative, as in test_layouts: sums in another order."""
APART = Path(sys.prefix) / "apart"
"""Where set-up puts DeepSpeed: beside what others import."""


def launched(*arguments, processes):
    many = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)] if processes > 1 else []
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{APART}", "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, *many, str(RUN), *map(str, arguments)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )


def found(done):
    assert done.returncode == 0, done.stderr[-3000:]
    [line] = [line for line in done.stdout.splitlines() if line.startswith("{")]
    return json.loads(line)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """What came of each training, read from its last checkpoint by one process, and how the killed one ended."""
    folder = tmp_path_factory.mktemp("zero")
    one = found(launched(folder, "one", processes=1))
    shutil.copytree(folder / "one", folder / "from one", ignore=shutil.ignore_patterns("step-*1*"))
    killed = launched(folder, 7, processes=2)
    shutil.copytree(folder / "killed", folder / "from zero2")
    learnt = found(launched(folder, processes=2))
    shutil.copytree(folder / "zero3", folder / "back", ignore=shutil.ignore_patterns("step-*1*"))
    read = found(launched(folder, "back", *learnt, processes=1))
    assert all(read[name]["losses"] == learnt[name]["losses"] for name in learnt)
    return {**one, **read, "killed ended": killed}


def close(run, other):
    """Losses, scores and sizes of the weights; a step that was left out has no loss."""
    numbers = [
        [number or 0.0 for what in ("losses", "scores", "sizes") for number in one[what]] for one in (run, other)
    ]
    return numbers[0] == pytest.approx(numbers[1], rel=TOLERANCE)


@pytest.mark.parametrize("name", ["zero1", "zero2", "zero3"])
def test_every_stage_follows_the_curve_of_one_process(runs, name):
    assert runs["one"]["losses"].count(None) == 2  # steps that were left out
    assert close(runs[name], runs["one"])


def test_a_resume_after_sigkill_equals_an_uninterrupted_training(runs):
    assert runs["killed ended"].returncode != 0
    assert f"exitcode  : -{signal.SIGKILL.value}" in runs["killed ended"].stderr
    assert runs["killed"] == runs["zero2"]


@pytest.mark.parametrize(("name", "before"), [("from one", "one"), ("from zero2", "zero2"), ("back", "zero3")])
def test_a_checkpoint_resumes_in_another_layout(runs, name, before):
    assert runs[name]["losses"][:5] == runs[before]["losses"][:5]  # read, and not learnt again
    assert close(runs[name], runs["one"])
