"""One process, two that share the weights, and two that share each matrix learn alike, and take up one another's checkpoints."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

RUN = Path(__file__).parent / "layout_run.py"
ROOT = Path(__file__).parents[2]
TOLERANCE = 2e-5
"""Of a loss, relative: sums in another order. Seen: 6e-7."""
CURVE = (6.005509, 6.028736, 6.073077, 6.099661, 6.097757, 6.107861, 6.126452)
"""The first losses of this training, recorded; a change of the loop that moves them changes what is learnt."""
LAYOUTS = {"one": (1, 1, 1), "sharded": (2, 1, 1), "tensor": (1, 1, 2), "replicated": (1, 2, 1)}


def run(folder, layout, optimizer="adamw"):
    counts = [str(count) for count in LAYOUTS[layout]]
    processes = LAYOUTS[layout][0] * LAYOUTS[layout][1] * LAYOUTS[layout][2]
    launch = (
        ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)] if processes > 1 else []
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, *launch, str(RUN), str(folder), *counts, optimizer],
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    [line] = [line for line in done.stdout.splitlines() if line.startswith("{")]
    return json.loads(line)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("layouts")
    return {layout: (folder / layout, run(folder / layout, layout)) for layout in LAYOUTS}


def test_the_curve_is_the_recorded_one(runs):
    assert runs["one"][1]["losses"][: len(CURVE)] == pytest.approx(CURVE, rel=TOLERANCE)


@pytest.mark.parametrize("layout", ["sharded", "tensor", "replicated"])
def test_every_layout_follows_the_curve_of_one_process(runs, layout):
    assert runs[layout][1]["losses"] == pytest.approx(runs["one"][1]["losses"], rel=TOLERANCE)


def test_the_weights_are_really_shared(runs):
    assert runs["sharded"][1]["held"] == runs["sharded"][1]["whole"] / 2
    assert runs["tensor"][1]["held"] < 0.6 * runs["tensor"][1]["whole"]
    assert runs["one"][1]["held"] == runs["one"][1]["whole"]


@pytest.mark.parametrize(("before", "after"), [("sharded", "one"), ("one", "tensor"), ("tensor", "sharded")])
def test_a_checkpoint_of_one_layout_resumes_in_another(runs, tmp_path, before, after):
    folder = tmp_path / "work"
    shutil.copytree(runs[before][0], folder)
    for later in sorted(folder.glob("step-*"))[1:]:
        shutil.rmtree(later)
    assert run(folder, after)["losses"] == pytest.approx(runs["one"][1]["losses"], rel=TOLERANCE)


def test_muon_follows_one_curve_too(tmp_path):
    one = run(tmp_path / "one", "one", "muon")["losses"]
    assert run(tmp_path / "sharded", "sharded", "muon")["losses"] == pytest.approx(one, rel=1e-3)


def test_a_wrong_number_of_processes_is_told(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, str(RUN), str(tmp_path), "2", "1", "1", "adamw"],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "1 processes were started" in done.stderr
