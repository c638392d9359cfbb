"""One process, several that share the weights, each matrix or the layers: all learn alike, and take up one another's checkpoints."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from danlu.core.processes import Processes

RUN = Path(__file__).parent / "layout_run.py"
ROOT = Path(__file__).parents[2]
TOLERANCE = 2e-5
"""Of a loss, relative: sums in another order. Seen: 6e-7."""
SENSITIVE = 3e-4
"""With norms of heads, or with Muon, what differs in the last bits grows faster. Seen: 4e-5 and 9e-5; 4e-3 where heads' gradients were not summed."""
CURVE = (6.005509, 6.028736, 6.073077, 6.099661, 6.097757, 6.107861, 6.126452)
"""The first losses of this training, recorded; a change of the loop that moves them changes what is learnt."""
ONE, SHARDED, TENSOR, REPLICATED = "1", "shards=2", "tensor=2", "replicas=2"
PIPELINE, PIPELINE_SHARDED, LONG_PIPELINE = "pipeline=2", "pipeline=2,shards=2", "pipeline=3"


def launched(processes, jobs):
    count = Processes.parse(processes).count
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(count)] if count > 1 else []
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, *launch, str(RUN), processes, *jobs],
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )


def run(processes, jobs):
    """What each job comes to; one start of the processes for all of them, which takes longer than the trainings."""
    done = launched(processes, jobs)
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def broken_off(folder, to):
    """A copy with the first checkpoint alone."""
    shutil.copytree(folder, to)
    for later in sorted(to.glob("step-*"))[1:]:
        shutil.rmtree(later)
    return f"{to}:adamw:llama"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """By processes and what was trained; `from X` goes on from a checkpoint of the processes X."""
    folder = tmp_path_factory.mktemp("layouts")
    jobs = {
        "llama": "adamw:llama",
        "muon": "muon:llama",
        "qwen3": "adamw:qwen3",
        "gpt2": "adamw:gpt2",
        "deeper": "adamw:llama-3",
    }
    outcomes = {}

    def add(processes, names, befores=()):
        fresh = [f"{folder / processes / name}:{jobs[name]}" for name in names]
        resumed = [broken_off(folder / before / "llama", folder / processes / f"from {before}") for before in befores]
        found = run(processes, [*fresh, *resumed])
        outcomes.update(
            {(processes, name): one for name, one in zip([*names, *(f"from {b}" for b in befores)], found, strict=True)}
        )

    add(ONE, ["llama", "muon", "qwen3", "gpt2", "deeper"])
    add(TENSOR, ["llama", "muon", "qwen3"], [ONE])
    add(SHARDED, ["llama", "muon"], [TENSOR])
    add(PIPELINE, ["llama", "muon", "gpt2"], [ONE])
    add(REPLICATED, ["llama"])
    add(PIPELINE_SHARDED, ["llama"], [PIPELINE])
    add(LONG_PIPELINE, ["deeper"])
    add(ONE, [], [SHARDED, PIPELINE])
    return outcomes


def test_the_curve_is_the_recorded_one(runs):
    assert runs[ONE, "llama"]["losses"][: len(CURVE)] == pytest.approx(CURVE, rel=TOLERANCE)


@pytest.mark.parametrize("processes", [SHARDED, TENSOR, REPLICATED, PIPELINE, PIPELINE_SHARDED])
def test_every_layout_follows_the_curve_of_one_process(runs, processes):
    assert runs[processes, "llama"]["losses"] == pytest.approx(runs[ONE, "llama"]["losses"], rel=TOLERANCE)


@pytest.mark.parametrize("processes", [SHARDED, TENSOR, PIPELINE, PIPELINE_SHARDED])
def test_every_layout_is_measured_alike(runs, processes):
    assert runs[processes, "llama"]["scores"] == pytest.approx(runs[ONE, "llama"]["scores"], rel=TOLERANCE)


@pytest.mark.parametrize(
    ("processes", "name"), [(TENSOR, "qwen3"), (TENSOR, "muon"), (SHARDED, "muon"), (PIPELINE, "muon")]
)
def test_norms_of_heads_and_muon_follow_one_curve_too(runs, processes, name):
    assert runs[processes, name]["losses"] == pytest.approx(runs[ONE, name]["losses"], rel=SENSITIVE)


@pytest.mark.parametrize(("processes", "name"), [(PIPELINE, "gpt2"), (LONG_PIPELINE, "deeper")])
def test_a_pipeline_of_another_family_or_with_a_middle_follows_one_curve_too(runs, processes, name):
    assert runs[processes, name]["losses"] == pytest.approx(runs[ONE, name]["losses"], rel=TOLERANCE)


def test_the_weights_are_really_shared(runs):
    held = {processes: one["held"] / one["whole"] for (processes, name), one in runs.items() if name == "llama"}
    assert held[ONE] == held[REPLICATED] == 1
    assert held[SHARDED] == 1 / 2
    assert held[TENSOR] < 0.6
    assert held[PIPELINE] < 0.6  # a layer of two, and the embedding that is the head again
    assert held[PIPELINE_SHARDED] == held[PIPELINE] / 2


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (SHARDED, ONE),
        (ONE, TENSOR),
        (TENSOR, SHARDED),
        (PIPELINE, ONE),
        (ONE, PIPELINE),
        (PIPELINE, PIPELINE_SHARDED),
    ],
)
def test_a_checkpoint_of_one_layout_resumes_in_another(runs, before, after):
    assert runs[after, f"from {before}"]["losses"] == pytest.approx(runs[ONE, "llama"]["losses"], rel=TOLERANCE)


def test_a_loss_that_is_not_finite_in_one_process_is_left_out_by_all(tmp_path):
    [spoilt] = run(SHARDED, [f"{tmp_path / 'work'}:adamw:llama:is not a number"])
    assert spoilt["losses"].count(None) == 1


def test_a_process_that_fails_ends_all(tmp_path):
    done = launched(PIPELINE, [f"{tmp_path / 'work'}:adamw:llama:raises"])
    assert done.returncode != 0
    assert "this process fails" in done.stderr


def test_a_wrong_number_of_processes_is_told(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, str(RUN), "shards=2", f"{tmp_path}:adamw:llama"],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "1 processes were started" in done.stderr
