import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from danlu.core.errors import UserError
from danlu.core.machine import Gpu, read_hardware
from danlu.core.progress import Silent
from danlu.core.stages import Work
from danlu.loop.footprint import Shape, Training, footprint, largest
from danlu.loop.packed import PackedCorpus
from danlu.loop.predict import Prediction
from danlu.loop.probe import Cost, Probe, Workload, scan
from danlu.model.chat import ChatFormat
from danlu.train.first_example import bracketed, coloured, pieces
from danlu.train.preflight import Asked, Other, account, check_by_formula, check_by_probe, check_disk, halves
from danlu.train.pretrain_config import PretrainConfig
from danlu.train.pretrain_outlook import pretrain_outlook
from danlu.train.pretrain_setup import PretrainInputs
from danlu.train.tokenize.tokenizer import shaping_hash
from tiny import SPECIAL, make_tiny_checkpoint
from token_shards import write_shards

SMOLLM2 = Shape(30, 576, 1536, 9, 3, 64, 49_152, is_tied=True, is_gated=True)
SEVEN_BILLION = Shape(28, 3584, 18_944, 28, 4, 128, 152_064, is_tied=False, is_gated=True)


def machine(gigabytes, **more):
    here = read_hardware(Path())
    return replace(here, available_bytes=gigabytes * 2**30, memory_bytes=gigabytes * 2**30, **more)


def asking(shape, training, methods=("full", "lora")):
    """Fewer rows at once, then another method."""

    def others():
        for method in methods[methods.index(training.method) :]:
            for tokens in halves(training.micro_batch_tokens, training.sequence_tokens):
                settings = {"finetune.method": method} if method != training.method else {}
                settings |= {"finetune.micro_batch_tokens": tokens} if tokens != training.micro_batch_tokens else {}
                yield Other(settings, shape, replace(training, method=method, micro_batch_tokens=tokens))

    return Asked(shape, training, others)


def test_what_fits_is_let_through():
    asked = asking(SMOLLM2, Training("lora", 512, 512, "bfloat16"))
    assert check_by_formula(asked, machine(8)) == footprint(SMOLLM2, asked.training).total


def test_a_micro_batch_that_is_too_large_is_refused_with_the_largest_that_fits():
    asked = asking(SMOLLM2, Training("lora", 16_384, 512, "bfloat16"))
    with pytest.raises(UserError) as refused:
        check_by_formula(asked, machine(8))
    assert refused.value.hint == "The nearest that fits: --set finetune.micro_batch_tokens=2048"
    fitting = replace(asked.training, micro_batch_tokens=2048)
    assert (
        footprint(SMOLLM2, fitting).total
        <= 8 * 2**30
        < footprint(SMOLLM2, replace(fitting, micro_batch_tokens=4096)).total
    )


def test_full_tuning_that_is_too_large_is_refused_with_lora():
    asked = asking(SEVEN_BILLION, Training("full", 512, 512, "bfloat16"))
    with pytest.raises(UserError, match=r"needs about 1[0-9][0-9]\.[0-9] GB") as refused:
        check_by_formula(asked, machine(80))
    assert refused.value.hint == "The nearest that fits: --set finetune.method=lora"


def test_a_model_that_never_fits_is_told_so():
    asked = asking(SEVEN_BILLION, Training("full", 512, 512))
    with pytest.raises(UserError) as refused:
        check_by_formula(asked, machine(4))
    assert "smaller model" in refused.value.hint


def test_a_graphics_processor_has_its_own_room():
    gpu = (Gpu("H200", 139 * 2**30, 139 * 2**30, "580"),)
    asked = asking(SEVEN_BILLION, Training("full", 512, 512, "bfloat16", device="cuda", recomputes=True))
    assert check_by_formula(asked, machine(4, gpus=gpu)) < 139 * 2**30


def test_what_was_measured_decides_near_the_limit():
    training = Training("lora", 2048, 512, "bfloat16")
    asked = asking(SMOLLM2, training)
    needed = footprint(SMOLLM2, training).total
    work = Workload(10, 20_000, 20_480, 2048, accumulates=False)
    none = Cost()
    probe = Probe(work, none, none, none, none, none, needed, 0, 3e6, 10**6, 10**6, 0)
    prediction = Prediction(10, 20_000, 20.0, 40.0, int(1.1 * needed), 0)
    room = replace(read_hardware(Path()), available_bytes=needed)
    with pytest.raises(UserError) as refused:
        check_by_probe(asked, prediction, probe, room)
    assert refused.value.hint == "The nearest that fits: --set finetune.micro_batch_tokens=1024"
    check_by_probe(asked, replace(prediction, memory_bytes=needed), probe, room)


def test_processes_on_one_machine_need_its_memory_together_and_share_what_is_sharded():
    alone = Training("full", 512, 512, "bfloat16")
    pair = Asked(SMOLLM2, replace(alone, shards=2), processes=2)
    one = footprint(SMOLLM2, replace(alone, shards=2))
    assert one.optimizer == footprint(SMOLLM2, alone).optimizer // 2
    assert pair.bytes == 2 * one.total > footprint(SMOLLM2, alone).total


def test_what_ulimit_leaves_is_all_that_is_free():
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31)); from pathlib import Path;"
        "from danlu.core.machine import read_hardware; print(read_hardware(Path()).available_bytes)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert 0 < int(told) < 2**31


def test_a_row_longer_than_the_micro_batch_goes_alone_and_is_computed_twice():
    training = Training("lora", 256, 8192, "bfloat16")
    alone = replace(training, micro_batch_tokens=8192, recomputes=True)
    assert largest(SMOLLM2, training) == footprint(SMOLLM2, alone)
    assert largest(SMOLLM2, replace(training, sequence_tokens=256)).total < footprint(SMOLLM2, alone).total


def test_a_full_disk_is_told_before_the_training(tmp_path):
    free = read_hardware(tmp_path).disk_free_bytes
    assert check_disk(tmp_path / "not" / "there", 1000, kept=3, made_bytes=500) == 4500
    with pytest.raises(UserError, match="of disk") as refused:
        check_disk(tmp_path, free // 4, kept=9, made_bytes=0)
    assert "Free space" in refused.value.hint


def test_rows_by_what_becomes_of_them_sum_to_all():
    assert account(10, {"too long": 3, "not reached": 0, "empty": 1}) == [("kept", 6), ("too long", 3), ("empty", 1)]


@pytest.mark.parametrize("objective", ["causal", "masked", "span-corruption"])
def test_a_pretraining_is_known_before_a_weight_is_made(tmp_path, objective):
    inputs = write_pretraining(tmp_path)
    config = PretrainConfig(
        objective=objective,
        layers=2,
        sequence_tokens=32,
        step_sequences=4,
        micro_batch_sequences=4,
        max_train_tokens=640,
    )
    work = Work(tmp_path / "out", tmp_path / "out" / "scratch", 0, 1, 1, Silent())
    outlook = pretrain_outlook(inputs, config, work)
    assert sum(count for _, count in outlook.rows) == PackedCorpus.open(inputs.shards, 32).packing.rows
    assert dict(outlook.rows)["not reached"] > 0
    (example,) = outlook.examples
    assert len(example.ids) == len(example.loss_mask) and any(example.loss_mask)
    real = outlook.subject().learner.model
    parameters = sum(weight.numel() for weight in real.parameters())
    assert outlook.asked.shape.parameters == pytest.approx(parameters, rel=0.2)
    assert outlook.workload == scan(outlook.subject().feed)


def test_a_model_of_no_machine_is_refused_with_a_shallower_one(tmp_path):
    inputs = write_pretraining(tmp_path)
    config = PretrainConfig(layers=64, sequence_tokens=32, max_train_tokens=640)
    outlook = pretrain_outlook(inputs, config, Work(tmp_path, tmp_path, 0, 1, 1, Silent()))
    with pytest.raises(UserError, match=r"needs about 1[0-9][0-9]\.[0-9] GB of memory, and 4.0 GB are free") as refused:
        check_by_formula(outlook.asked, machine(4))
    assert refused.value.hint == "The nearest that fits: --set pretrain.layers=16"


def write_pretraining(folder):
    """Shards of random numbers that carry the hash of a tiny tokenizer, with special tokens for every objective."""
    special = (*SPECIAL, *(f"<|reserved_{number}|>" for number in range(8)))
    tokenizer = make_tiny_checkpoint(folder / "tokenizer", special=special)
    chance = random.Random(0)
    documents = [[chance.randrange(20, 300) for _ in range(chance.randrange(8, 60))] for _ in range(60)]
    hash = shaping_hash(tokenizer)
    size = Tokenizer.from_file(str(tokenizer / "tokenizer.json")).get_vocab_size()
    for name, some in (("shards", documents[:50]), ("held_out", documents[50:])):
        write_shards(folder / name, some, vocabulary_size=size, tokenizer=hash)
    return PretrainInputs(folder / "shards", folder / "held_out", tokenizer)


def test_the_first_example_shows_what_is_learnt_and_every_control_token(tmp_path):
    folder = make_tiny_checkpoint(tmp_path)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    messages = [{"role": "user", "content": "启动?"}, {"role": "assistant", "content": "按钮 <|im_end|>"}]
    ids, mask = ChatFormat.load(folder).training_ids(messages)
    shown = bracketed(tokenizer, ids, mask)
    assert shown.count("⟦") == 1 and "⟦按钮 <|im_end|><|im_end|>⟧" in shown
    assert "<|im_start|>user\n启动?<|im_end|>" in shown
    told = pieces(tokenizer, ids, mask)
    assert "".join(piece.text for piece in told) == tokenizer.decode(ids, skip_special_tokens=False)
    assert [piece.is_control for piece in told if piece.is_learnt] == [False, True]
    text = coloured(tokenizer, ids, mask)
    styles = {text.plain[span.start : span.end]: str(span.style) for span in text.spans}
    assert styles["按钮 <|im_end|>"] == "green"
    assert styles["<|im_end|>"] == "bold green" and styles["<|im_start|>"] == "bold dim"
