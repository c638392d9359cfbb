import re
from dataclasses import replace
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from danlu.core.errors import UserError
from danlu.core.machine import Gpu, read_hardware
from danlu.loop.footprint import Shape, Training, footprint
from danlu.loop.predict import Prediction
from danlu.loop.probe import Probe, Workload
from danlu.model.chat import ChatFormat
from danlu.train.first_example import bracketed, coloured, pieces
from danlu.train.preflight import Asked, account, check_by_formula, check_by_probe, check_disk
from tiny import make_tiny_checkpoint

SMOLLM2 = Shape(30, 576, 1536, 9, 3, 64, 49_152, is_tied=True, is_gated=True)
SEVEN_BILLION = Shape(28, 3584, 18_944, 28, 4, 128, 152_064, is_tied=False, is_gated=True)


def machine(gigabytes, **more):
    here = read_hardware(Path())
    return replace(here, available_bytes=gigabytes * 2**30, memory_bytes=gigabytes * 2**30, **more)


def test_what_fits_is_let_through():
    asked = Asked("finetune", SMOLLM2, Training("lora", 512, 512, "bfloat16"))
    assert check_by_formula(asked, machine(8)) == footprint(SMOLLM2, asked.training).total


def test_a_micro_batch_that_is_too_large_is_refused_with_the_largest_that_fits():
    asked = Asked("finetune", SMOLLM2, Training("lora", 16_384, 512, "bfloat16"))
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
    asked = Asked("finetune", SEVEN_BILLION, Training("full", 512, 512, "bfloat16"))
    with pytest.raises(UserError, match=r"needs about 1[0-9][0-9]\.[0-9] GB") as refused:
        check_by_formula(asked, machine(80))
    assert refused.value.hint == "The nearest that fits: --set finetune.method=lora"


def test_a_model_that_never_fits_is_told_so():
    asked = Asked("finetune", SEVEN_BILLION, Training("full", 512, 512))
    with pytest.raises(UserError) as refused:
        check_by_formula(asked, machine(4))
    assert "smaller base model" in refused.value.hint


def test_a_graphics_processor_has_its_own_room():
    gpu = (Gpu("H200", 139 * 2**30, 139 * 2**30, "580"),)
    asked = Asked("finetune", SEVEN_BILLION, Training("full", 512, 512, "bfloat16", device="cuda", recomputes=True))
    assert check_by_formula(asked, machine(4, gpus=gpu)) < 139 * 2**30


def test_what_was_measured_decides_near_the_limit():
    training = Training("lora", 2048, 512, "bfloat16")
    asked = Asked("finetune", SMOLLM2, training)
    needed = footprint(SMOLLM2, training).total
    work = Workload(10, 20_000, 20_480, 2048, accumulates=False)
    probe = Probe(work, 1.0, 1.0, 0.001, 0.002, needed, 3e6, 0, 0, 10**6, 0.1, 0)
    prediction = Prediction(10, 20_000, 20.0, 40.0, int(1.1 * needed), 0)
    room = replace(read_hardware(Path()), available_bytes=needed)
    with pytest.raises(UserError) as refused:
        check_by_probe(asked, prediction, probe, room)
    assert refused.value.hint == "The nearest that fits: --set finetune.micro_batch_tokens=1024"
    check_by_probe(asked, replace(prediction, memory_bytes=needed), probe, room)


def test_a_full_disk_is_told_before_the_training_with_how_many_checkpoints_fit(tmp_path):
    free = read_hardware(tmp_path).disk_free_bytes
    assert check_disk(tmp_path / "not" / "there", 1000, kept=3, made_bytes=500) == 4500
    with pytest.raises(UserError, match="of disk") as refused:
        check_disk(tmp_path, free // 4, kept=9, made_bytes=0)
    assert re.fullmatch(r"[23] checkpoints fit: keep fewer, or free space\.", refused.value.hint)
    with pytest.raises(UserError) as refused:
        check_disk(tmp_path, free, kept=1, made_bytes=0)
    assert "Free space" in refused.value.hint


def test_rows_by_what_becomes_of_them_sum_to_all():
    assert account(10, {"too long": 3, "not reached": 0, "empty": 1}) == [("kept", 6), ("too long", 3), ("empty", 1)]


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
