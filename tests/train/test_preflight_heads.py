"""What `danlu head` and `danlu align` say before step 1: every row accounted for, the first example, and what it will take."""

import json
import shutil
from dataclasses import replace

import pytest

from align_ground import write_rows
from commands import here
from danlu.core.artifacts import Manifest
from danlu.core.errors import UserError
from danlu.core.execute import Machine, execute
from danlu.core.machine import read_hardware
from danlu.core.progress import Silent
from danlu.core.stages import Plan, Step, Work
from danlu.core.store import Store
from danlu.recipes.outlooks import outlook_of
from danlu.recipes.settings import Settings
from danlu.recipes.single_align import align_plan
from danlu.recipes.single_embedding import Material, embed_plan, rerank_plan
from danlu.recipes.single_head import classify_plan
from danlu.recipes.single_seq2seq import Pairs, seq2seq_plan
from danlu.train.align.config import AlignConfig
from danlu.train.embedding import lexical
from danlu.train.embedding.rerank import RerankConfig
from danlu.train.embedding.stage import EmbedConfig
from danlu.train.heads.classify import ClassifyConfig
from danlu.train.learning_outlook import AtOnce, Dials, asked_of
from danlu.train.preflight import check_by_formula
from danlu.train.seq2seq import stage as seq2seq_stage
from danlu.train.seq2seq.stage import Seq2seqConfig
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
    "rerank": "the same query with a passage that does not:",  # the data name one
    "translate": "source and target; what stands in ⟦ ⟧ is learnt:",
}


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    folder = tmp_path_factory.mktemp("preflight")
    make_tiny_bert(folder / "encoder")
    make_tiny_bert(folder / "long-encoder", positions=512)
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
    named = [row | {"negatives": [queries[at - 1]["positive"]]} for at, row in enumerate(queries)]
    write(folder / "queries.jsonl", [*named, queries[0]])
    write(folder / "long_queries.jsonl", [row | {"positive": " ".join([row["positive"]] * 20)} for row in queries])
    words = [(a, b, c) for a in TRANSLATED for b in TRANSLATED for c in ("pump", "fan")]
    pairs = [{"source": " ".join(row), "target": "".join(TRANSLATED[word] for word in row)} for row in words]
    write(folder / "pairs.jsonl", [*pairs, pairs[0], {"source": "red", "target": "红" * 200}])
    long = [row | {"text": " ".join([row["text"]] * (40 if at % 8 else 1))} for at, row in enumerate(reviews())]
    write(folder / "long.jsonl", long)
    write(folder / "long_pairs.jsonl", [{"source": row["source"], "target": row["target"] * 120} for row in pairs])
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
    ("task", "base", "said"),
    [
        ("embed", "base", "base: the tokenizer has no padding token"),
        ("rerank", "base", "base: the tokenizer has no padding token"),
        ("translate", "encoder", "encoder is no encoder-decoder model"),
    ],
)
def test_check_refuses_a_base_of_another_kind_by_the_name_that_was_given(ground, task, base, said):
    done = head(ground, task, "--base", f"path:{base}", "--out", "never", "--check")
    assert done.returncode == 2 and f"error: {said}" in done.stderr, done.stderr


def outlook_with(ground, task, values):
    """What a training with these settings would be told."""
    stage, folder, settings = STAGES.get(task, task), ground / "outlooks" / task, Settings(values)
    base, data = f"path:{ground / 'long-encoder'}", ground / "long_queries.jsonl"
    match task:
        case "classify":
            plan = classify_plan(base, ground / "long.jsonl", None, settings)
        case "embed" | "rerank":
            make = embed_plan if task == "embed" else rerank_plan
            plan = make(Material(data, (), ""), base, settings)
        case "translate":
            plan = seq2seq_plan(Pairs(ground / "long_pairs.jsonl", ()), None, settings)
        case _:
            is_sampled = values["align.method"] == "grpo"
            settings = Settings(values | {"preferences.kind": "prompts" if is_sampled else "pairs"})
            rows = ground / ("prompts.jsonl" if is_sampled else "preferences.jsonl")
            plan = align_plan(str(ground / "base"), rows, ["length:9"] * is_sampled, None, settings)
    made = {
        name: execute(Plan(given, plan.seed), Store(folder), Machine.here()) if isinstance(given, Step) else given
        for name, given in plan.target.inputs.items()
    }
    return outlook_of(plan.target, made, Work(folder, folder / stage, plan.seed, 1, 1, Silent()))


LOOKED_AT = {
    "a row is longer than what goes together": ("classify", {"classify.micro_batch_tokens": 64}),
    "windows": ("classify", {"classify.step_rows": 8}),
    "rows over the length are left out": ("classify", {"classify.long_texts": "reject"}),
    "groups of queries": ("embed", {"embed.group_queries": 8}),
    "all queries are one group": ("embed", {"embed.group_queries": 4096, "embed.hard_negatives": 2}),
    "one query is more than what goes together": ("rerank", {"rerank.micro_batch_tokens": 32}),
    "several queries go together": ("rerank", {"rerank.pair_tokens": 128}),
    "long targets": ("translate", {"seq2seq.width": 32, "seq2seq.vocabulary": 300, "seq2seq.target_tokens": 512}),
    "a pair is longer than what goes together": ("translate", {"seq2seq.width": 32, "seq2seq.vocabulary": 300, "seq2seq.target_tokens": 512, "seq2seq.micro_batch_tokens": 64}),
    "preferences": ("align", {"align.method": "dpo", "align.tuning": "full", "align.rows_per_step": 4}),
    "short prompts, long replies": ("align", {"align.method": "grpo", "align.rows_per_step": 2, "align.micro_batch_rows": 16}),
}  # fmt: skip


UNSAID = {"embed": {"query_tokens": 48, "passage_tokens": 192}, "rerank": {"pair_tokens": 256}}
"""Where the settings say nothing, for an encoder that reads as much."""


@pytest.mark.parametrize(("task", "values"), LOOKED_AT.values(), ids=LOOKED_AT)
def test_what_is_proposed_is_less_than_what_is_set_and_when_followed_needs_no_more_than_was_said(ground, task, values):
    asked = outlook_with(ground, task, values).asked
    stage = STAGES.get(task, task)
    default = {"classify": ClassifyConfig, "embed": EmbedConfig, "rerank": RerankConfig, "translate": Seq2seqConfig}
    now = default.get(task, AlignConfig)().model_dump() | UNSAID.get(task, {})
    now |= {key.split(".")[1]: value for key, value in values.items()}
    others = [one for one in asked.others() if one.settings]
    assert others
    for other in others:
        assert other.training != asked.training
        for name, value in other.settings.items():
            assert value == "lora" or value < now[name.removeprefix(f"{stage}.")], other.settings
        followed = outlook_with(ground, task, values | other.settings).asked
        assert followed.bytes <= asked.bytes_of(other.shape, other.training), other.settings


@pytest.mark.parametrize(
    ("task", "values", "long", "short"),
    [
        ("translate", LOOKED_AT["long targets"][1], "seq2seq.target_tokens", "seq2seq.source_tokens"),
        ("align", LOOKED_AT["short prompts, long replies"][1], "align.reply_tokens", "align.sequence_tokens"),
    ],
)
def test_the_side_that_is_long_is_shortened(ground, task, values, long, short):
    settings = [one.settings for one in outlook_with(ground, task, values).asked.others()]
    assert any(long in one for one in settings) and not any(short in one for one in settings)


def test_what_does_not_fit_is_refused_with_the_nearest_that_does(tmp_path):
    hardware = replace(read_hardware(tmp_path), available_bytes=8 * 2**30, gpus=())
    config = ClassifyConfig(micro_batch_tokens=2**17, step_rows=512)

    def at_once(config):
        return AtOnce(
            config.micro_batch_tokens, min(256, config.sequence_tokens), accumulates=True, recompute_above=2**62
        )

    dials = Dials("classify", config, "micro_batch_tokens", 32, {"sequence_tokens": 256}, at_once)
    asked = asked_of(BERT, dials)
    with pytest.raises(UserError) as refused:
        check_by_formula(asked, hardware)
    assert refused.value.hint.startswith("The nearest that fits: --set classify.micro_batch_tokens=")
    fewer = config.model_copy(update={"micro_batch_tokens": int(refused.value.hint.rpartition("=")[2])})
    check_by_formula(asked_of(BERT, replace(dials, config=fewer)), hardware, is_tried=False)


def test_before_a_training_nothing_is_searched_for_and_a_vocabulary_is_learnt_once(ground, monkeypatch):
    calls = []
    for module, name in ((lexical.Lexical, "of"), (seq2seq_stage, "write_vocabulary")):
        monkeypatch.setattr(module, name, counting(calls, name, getattr(module, name)))
    for task in ("embed", "rerank", "translate"):
        looked = outlook_with(
            ground, task, {"seq2seq.width": 32, "seq2seq.vocabulary": 300} if task == "translate" else {}
        )
        looked.outline()
        assert looked.subject().feed.steps == looked.workload.steps
    assert calls == ["write_vocabulary"]


def counting(calls, name, function):
    def counted(*given):
        calls.append(name)
        return function(*given)

    return counted
