"""What `danlu head` and `danlu align` say before step 1: every row accounted for, the first example, and what it will take."""

import json
import shutil
from dataclasses import replace

import pytest

from align_ground import write_rows
from commands import here
from danlu.core.artifacts import Manifest
from danlu.core.errors import UserError
from danlu.core.machine import read_hardware
from danlu.loop.probe import Workload
from danlu.train.learning_outlook import Together, asked_of
from danlu.train.preflight import check_by_formula
from label_rows import entities, questions, reviews, write
from tiny import make_tiny_checkpoint
from tiny_bert import make_tiny_bert

TRANSLATED = {"red": "红", "blue": "蓝", "pump": "泵", "fan": "扇", "door": "门", "lamp": "灯"}
ENCODER = ("--base", "path:encoder")
COMMANDS = {
    "classify": (*ENCODER, "--data", "reviews.jsonl"),
    "tag": (*ENCODER, "--data", "entities.jsonl"),
    "span": (*ENCODER, "--data", "questions.jsonl"),
    "embed": (*ENCODER, "--data", "queries.jsonl", "--set", "embed.passage_tokens=32", "--set", "embed.query_tokens=16"),
    "rerank": (*ENCODER, "--data", "queries.jsonl", "--set", "rerank.pair_tokens=48"),
    "translate": ("--data", "pairs.jsonl", "--set", "seq2seq.width=32", "--set", "seq2seq.vocabulary=300"),
    "anomaly": ("--data", "normal.csv", "--label", "wrong", "--set", "anomaly.window=8"),
}  # fmt: skip
STAGES = {"translate": "seq2seq"}
BERT = {
    "model_type": "bert", "num_hidden_layers": 12, "hidden_size": 768, "num_attention_heads": 12,
    "intermediate_size": 3072, "vocab_size": 30_000,
}  # fmt: skip
SHOWN = {
    "classify": "to be told as ",
    "tag": "is to be found: PER, LOC; what stands in ⟦ ⟧ is learnt:",
    "span": "whose answer is to be pointed at",
    "embed": "a passage that does not, from which it is pushed:",
    "rerank": "the same query with a passage that does not:",
    "translate": "source and target; what stands in ⟦ ⟧ is learnt:",
}


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    folder = tmp_path_factory.mktemp("preflight")
    make_tiny_bert(folder / "encoder")
    make_tiny_checkpoint(folder / "base")
    write(folder / "reviews.jsonl", [*reviews(), {"text": "\u200b", "label": "good"}])
    write(folder / "entities.jsonl", entities())
    write(folder / "questions.jsonl", questions())
    places, tastes = ("anna", "otto", "paris", "rome", "red", "green", "blue", "food"), ("good", "bad", "nice", "poor")
    queries = [
        {"query": f"where is the {a} {b}", "positive": f"{b} 2{at} was visited, it is {a} {number}{at}{b}"}
        for at, b in enumerate(places)
        for number, a in enumerate(tastes)
    ]
    write(folder / "queries.jsonl", [*queries, queries[0]])
    words = [(a, b, c) for a in TRANSLATED for b in TRANSLATED for c in ("pump", "fan")]
    pairs = [{"source": " ".join(row), "target": "".join(TRANSLATED[word] for word in row)} for row in words]
    write(folder / "pairs.jsonl", [*pairs, pairs[0], {"source": "red", "target": "红" * 200}])
    lines = [f"{at % 7},{at % 5},{int(at in (30, 31))}\n" for at in range(500)]
    (folder / "normal.csv").write_text("a,b,wrong\n" + "".join(lines))
    write_rows(folder / "preferences.jsonl", "pairs", 12)
    with (folder / "preferences.jsonl").open("a") as file:
        asked = [{"role": "user", "content": "Why?"}]
        file.write(json.dumps({"messages": asked, "chosen": "a", "rejected": "a"}) + "\n")
        file.write(json.dumps({"messages": asked, "chosen": "a" * 900, "rejected": "b"}) + "\n")
    write_rows(folder / "labelled.jsonl", "labelled", 12)
    write_rows(folder / "prompts.jsonl", "prompts", 6)
    return folder


def danlu(folder, *arguments):
    return here(folder, *arguments, XDG_CACHE_HOME=str(folder / "cache"))


def head(folder, task, *more):
    epochs = ("--set", f"{STAGES.get(task, task)}.epochs=1")
    return danlu(folder, "head", task, *COMMANDS[task], *epochs, *more)


def align(folder, method, data, *more):
    small = [f"--set=align.{pair}" for pair in ("rows_per_step=4", "max_steps=2", "rank=4", "sequence_tokens=200")]
    return danlu(folder, "align", "--method", method, "--base", "base", "--data", data, *small, *more)


def told(done, stage):
    return [line.removeprefix(stage).strip() for line in done.stdout.splitlines() if line.startswith(f"{stage} ")]


@pytest.mark.parametrize("task", COMMANDS)
def test_every_row_and_the_first_example_are_told_before_a_head_is_trained(ground, task):
    done = head(ground, task, "--out", task)
    assert done.returncode == 0, done.stderr
    rows, *lines = told(done, STAGES.get(task, task))
    total, parts = rows.split(" ", 1)[0], rows.split(": ", 1)[1].split(", ")
    assert int(total) == sum(int(part.split(" ", 1)[0]) for part in parts)
    assert any(SHOWN.get(task, "") in line for line in lines)
    assert "predicted:" not in done.stdout


def test_rows_told_before_are_those_of_the_manifest_after(ground):
    done = head(ground, "classify", "--out", "again")
    counts = Manifest.read(ground / "again").counts
    kept = [f"{counts[name]} {name}" for name in ("training rows", "validation rows", "test rows")]
    assert told(done, "classify")[0] == f"{counts['input']} rows: {', '.join(kept)}, 1 no tokens"


@pytest.mark.parametrize("task", ["classify", "embed", "translate"])
def test_check_tries_some_steps_of_a_head_and_trains_nothing(ground, task):
    debiased = ("--set", "classify.debias_field=kind") if task == "classify" else ()
    data = ("--data", "kinds.jsonl") if debiased else ()
    write(ground / "kinds.jsonl", reviews())
    done = head(ground, task, *data, *debiased, "--out", f"never-{task}", "--check", "--json")
    assert done.returncode == 0, done.stderr
    predicted = json.loads(done.stdout)
    assert predicted["steps"] and predicted["wall_s"] > 0 and predicted["memory_bytes"] > 2**27
    assert "predicted: " in done.stderr and not (ground / f"never-{task}").exists()
    if debiased:
        rows = int(told_rows(done.stderr))
        assert predicted["steps"] == 2 * -(-rows // 16)  # trained without and with its adversary


def told_rows(text):
    return next(line for line in text.splitlines() if "training rows" in line).split(": ")[1].split(" ")[0]


def test_an_alignment_is_told_by_formula_and_compared_with_what_it_used(ground):
    done = align(ground, "dpo", "preferences.jsonl", "--out", "aligned")
    assert done.returncode == 0, done.stderr
    rows, *lines = told(done, "align")
    counts = Manifest.read(ground / "aligned").counts
    assert rows == "14 rows: {} kept, {} held out, 1 no preference, 1 too long, {} not reached".format(
        *(counts[name] for name in ("learnt", "held out", "not reached"))
    )
    assert "⟦It is " in done.stdout and "⟦The user asks.<|im_end|>⟧" in done.stdout
    assert any(line.startswith("2 steps of ") for line in lines)
    prediction = json.loads((ground / "aligned" / "run.json").read_text())["prediction"]
    assert set(prediction["ratio"]) == {"memory_bytes"} and "wall_s" not in prediction["predicted"]
    assert "used / predicted: memory " in done.stdout


@pytest.mark.parametrize(
    ("method", "data", "more", "shown"),
    [
        ("kto", "labelled.jsonl", (), "the first example, a "),
        ("reward", "preferences.jsonl", (), "a good reply, which must score higher:"),
        ("grpo", "prompts.jsonl", ("--reward", "length:9", "--set", "align.replies_per_prompt=4"), "4 replies to it are sampled"),
    ],
)  # fmt: skip
def test_check_of_an_alignment_makes_nothing(ground, method, data, more, shown):
    done = align(ground, method, data, *more, "--out", "never", "--check", "--json")
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)) == {"steps", "tokens", "memory_bytes", "disk_bytes"}
    assert shown in done.stderr and not (ground / "never").exists()


@pytest.mark.parametrize("command", ["align", "classify"])
def test_what_can_never_fit_is_refused_before_a_weight_is_read(ground, command):
    small = ground / ("base" if command == "align" else "encoder")
    giant = ground / f"giant-{command}"
    shutil.copytree(small, giant, dirs_exist_ok=True)
    config = json.loads((giant / "config.json").read_text())
    (giant / "config.json").write_text(json.dumps(config | {"hidden_size": 2**17, "intermediate_size": 2**19}))
    if command == "align":
        done = align(ground, "dpo", "preferences.jsonl", "--base", str(giant), "--out", "never")
    else:
        done = head(ground, "classify", "--base", f"path:{giant}", "--out", "never")
    assert done.returncode == 2 and "this training needs about" in done.stderr
    assert "No setting makes it fit" in done.stderr and not (ground / "never" / "manifest.json").exists()


@pytest.mark.parametrize(
    ("together", "nearest"),
    [
        (Together("classify.micro_batch_tokens", "classify.sequence_tokens"), "classify.micro_batch_tokens="),
        (Together("embed.group_queries", "embed.passage_tokens", 2, 512), "embed.group_queries="),
    ],
)
def test_what_does_not_fit_is_refused_with_the_nearest_that_does(tmp_path, together, nearest):
    hardware = replace(read_hardware(tmp_path), available_bytes=8 * 2**30, gpus=())
    workload = Workload(1, 2**17, 2**17, 2**17, accumulates=False)
    asked = asked_of(BERT, workload, 256, together, recompute_above=2**62)
    with pytest.raises(UserError) as refused:
        check_by_formula(asked, hardware)
    assert refused.value.hint.startswith(f"The nearest that fits: --set {nearest}")
    smaller = next(one for one in asked.others() if one.settings and refused.value.hint.endswith(one.said()))
    assert asked.bytes_of(smaller.shape, smaller.training) <= hardware.available_bytes
