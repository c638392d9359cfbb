"""Translation and summarisation: data checked, a small model learns a small language, checkpoints load, resume is exact."""

import json
import signal
from itertools import product

import pytest
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

from danlu.core.errors import UserError
from danlu.core.outside import DataFile
from danlu.core.stages import Plan
from danlu.recipes.settings import Settings
from danlu.recipes.single_seq2seq import Pairs, seq2seq_plan
from danlu.text.tables import read_rows
from danlu.train.seq2seq.generate import Generation, generate
from danlu.train.seq2seq.pairs import check_pairs, check_parallel
from plan_runs import run, run_killed
from tiny_marian import write_marian

WORDS = {"red": "红", "blue": "蓝", "old": "旧", "new": "新", "pump": "泵", "fan": "扇", "door": "门", "lamp": "灯"}
SETTINGS = {
    "seq2seq.width": 64, "seq2seq.vocabulary": 300, "seq2seq.epochs": 40, "seq2seq.learning_rate": 1e-3,
    "seq2seq.step_tokens": 128, "seq2seq.beams": 1, "seq2seq.dropout": 0.0, "seq2seq.label_smoothing": 0.0,
    "text_pairs.held_out_share": 0.15,
}  # fmt: skip


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """Every state, colour and thing: the translation says them in the same order, without spaces."""
    rows = [
        {"source": " ".join(words), "target": "".join(WORDS[word] for word in words)}
        for words in product(
            ("old", "new", "red", "blue"), ("old", "new", "red", "blue"), ("pump", "fan", "door", "lamp")
        )
    ]
    path = tmp_path_factory.mktemp("pairs") / "pairs.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    return path


@pytest.fixture(scope="module")
def translated(pairs, tmp_path_factory):
    return run(_plan(pairs), tmp_path_factory.mktemp("translated"))


def _plan(pairs, base=None, **settings):
    return seq2seq_plan(Pairs(pairs, ()), base, Settings(SETTINGS | settings))


def test_a_model_from_nothing_learns_a_small_language(translated):
    report = json.loads((translated.path / "report.json").read_text())
    assert report["held_out"]["after"]["chrf"] > report["held_out"]["baseline"]["chrf"] + 50
    assert report["loss_by_step"][-1] < 0.2 * report["loss_by_step"][0]


def test_the_checkpoint_says_in_transformers_what_was_measured(translated):
    model, tokenizer = (
        AutoModelForSeq2SeqLM.from_pretrained(translated.path),
        AutoTokenizer.from_pretrained(translated.path),
    )
    rows = [json.loads(line) for line in (translated.path / "generated.jsonl").read_text().splitlines()]
    assert generate(model, tokenizer, rows, Generation("", 256, 128, 1)) == [row["generated"] for row in rows]


def test_resume_after_sigkill_equals_the_uninterrupted_run(pairs, translated, tmp_path):
    imports = (
        "from danlu.recipes.settings import Settings\nfrom danlu.recipes.single_seq2seq import Pairs, seq2seq_plan"
    )
    plan = f"seq2seq_plan(Pairs(Path({str(pairs)!r}), ()), None, Settings({SETTINGS!r}))"
    assert run_killed(imports, plan, tmp_path, step=45) == -signal.SIGKILL
    assert list(tmp_path.glob("out/*/checkpoints/step-*"))
    assert run(_plan(pairs), tmp_path).manifest.content_hash == translated.manifest.content_hash


def test_summarising_starts_from_a_base_and_is_measured_before_and_after(tmp_path):
    marian = write_marian(tmp_path / "marian", 0)
    rows = [
        {"source": f"{letter}ello {letter}bc, the rest of it.", "target": f"{letter}bc"}
        for letter in "abcdefghijklmnopqrstuvwxyz"
    ]
    path = tmp_path / "pairs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    settings = {
        "seq2seq.task": "summarise",
        "seq2seq.epochs": 2,
        "seq2seq.target_tokens": 8,
        "text_pairs.held_out_share": 0.3,
    }
    made = run(_plan(path, f"path:{marian}", **settings), tmp_path / "run")
    report = json.loads((made.path / "report.json").read_text())
    assert set(report["held_out"]["before"]) == set(report["held_out"]["after"]) == {"rouge1", "rouge2", "rougeL"}
    assert AutoModelForSeq2SeqLM.from_pretrained(made.path).config.d_model == 16


def test_t5_has_sentinels_and_loads(pairs, tmp_path):
    made = run(_plan(pairs, **{"seq2seq.family": "t5", "seq2seq.epochs": 1, "seq2seq.width": 32}), tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(made.path)
    assert tokenizer.convert_tokens_to_ids("<extra_id_99>") == len(tokenizer) - 1
    assert AutoModelForSeq2SeqLM.from_pretrained(made.path).config.vocab_size == len(tokenizer)


def test_targets_that_are_too_long_are_left_out_and_counted(pairs, tmp_path):
    rows = [json.loads(line) for line in pairs.read_text().splitlines()][:30]
    rows += [
        {"source": f"long {number}", "target": "".join(chr(0x4E00 + 97 * at + number) for at in range(60))}
        for number in range(8)
    ]
    path = tmp_path / "pairs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    settings = {
        "seq2seq.epochs": 1,
        "seq2seq.width": 32,
        "seq2seq.target_tokens": 16,
        "text_pairs.held_out_share": 0.05,
    }
    counts = run(_plan(path, **settings), tmp_path / "run").manifest.counts
    assert counts["learnt"] + counts["targets too long"] == counts["pairs train"]
    assert counts["targets too long"] > 0


def test_pairs_that_share_a_side_stay_together_and_repeats_are_rejected(tmp_path):
    rows = [{"source": f"source {number % 40}", "target": f"target {number}"} for number in range(120)]
    rows += [rows[5], {"source": "  ", "target": "x"}]
    path = tmp_path / "pairs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    step = _plan(path).target.inputs["pairs"]
    made = run(Plan(step, 3), tmp_path / "run")
    sides = [
        {json.loads(line)["source"] for line in side.read_text().splitlines()} for side in (made.train, made.held_out)
    ]
    assert all(sides) and not sides[0] & sides[1]
    assert made.manifest.counts["kept"] == 120
    assert sorted(row["rule"] for row in read_rows(made.path / "rejects")) == ["empty text", "repeated example"]


def test_wrong_lines_and_uneven_files_are_told(tmp_path):
    path, other = tmp_path / "a.txt", tmp_path / "b.txt"
    path.write_text('{"source": "a", "target": "b"}\n{"source": "a", "target": null}\n')
    with pytest.raises(UserError, match=r"a\.txt:2: the field target is null, and not text"):
        check_pairs(DataFile(path))
    other.write_text("one\n")
    with pytest.raises(UserError, match=r"has 2 lines and .*b\.txt has 1"):
        check_parallel(DataFile(path), DataFile(other))
    other.write_text("one\ntwo\n")
    assert len(check_parallel(DataFile(path), DataFile(other))) == 2


def test_a_model_that_is_no_encoder_decoder_is_refused(pairs, tmp_path):
    from tiny import make_tiny_checkpoint

    base = make_tiny_checkpoint(tmp_path / "llama")
    with pytest.raises(UserError, match="is no encoder-decoder model"):
        run(_plan(pairs, f"path:{base}"), tmp_path / "run")
