"""The project's own retriever against latent semantic analysis, and the learnt order against the fused one.

    python benchmarks/retrieve_own.py PROJECT...

Each PROJECT is a folder with a danlu.yaml whose `danlu run --until index` is done. Printed by project and language, on held-out
headings, which trained and chose nothing: recall and reciprocal rank at ten of the encoders alone and fused (as `danlu show
train_retriever`), then of the index as it ranks, and with the learnt order; gains with 95 % intervals; CPU time.
"""

import sys
import time
from pathlib import Path

import numpy as np

from danlu.core.artifacts import Chats, Index
from danlu.core.project import find_project
from danlu.core.store import Store
from danlu.recipes import plan_of
from danlu.retrieve.index import opened, read_questions
from danlu.retrieve.ranking.fuse import PRIOR
from danlu.retrieve.ranking.learn_order import learn_order, trial_of
from danlu.retrieve.ranking.rank import weights_of
from danlu.text.statistics import paired_interval


def measure(folder: Path) -> None:
    """Print what the learnt order is worth on one project."""
    project = find_project(folder)
    store = Store(project.artifacts)
    made = {step.stage.name: store.folder(step, id) for step, id in plan_of(project).ids.items()}
    index, chats = (store.find(made[stage].name) for stage in ("index", "make_questions"))
    assert isinstance(index, Index) and isinstance(chats, Chats)
    with opened(index.blind) as searcher:
        for language in PRIOR:
            asked = [(split, q) for split, q in read_questions(chats) if q.language == language]
            weights = weights_of(searcher, language)
            started = time.process_time()
            trial = learn_order(searcher, [q for split, q in asked if split == "train"], weights, project.seed)
            seconds = time.process_time() - started
            held_out = [q for split, q in asked if split == "held_out"]
            print(
                f"{folder.name} {language}: {trial.questions} calibration questions, gain {trial.gain}, {seconds:.1f} CPU-s"
            )
            if trial.order is None or not held_out:
                print("  not used")
                continue
            before, after = trial_of(searcher, held_out, weights, trial.order)
            low, mean, high = paired_interval(after - before, 0)
            print(
                f"  {len(held_out)} held out: {_figures(before)} to {_figures(after)}, {mean:+.3f} ({low:+.3f} to {high:+.3f})"
            )


def _figures(utilities: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> str:
    recall, ranks = (utilities > 0).mean(), np.maximum(2 * utilities - 1, 0).mean()
    return f"R@10 {recall:.3f} MRR@10 {ranks:.3f}"


if __name__ == "__main__":
    for name in sys.argv[1:]:
        measure(Path(name).resolve())
