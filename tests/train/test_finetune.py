import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError

from danlu.core.errors import UserError, WorkFailed
from danlu.core.progress import Silent
from danlu.core.stages import Work
from danlu.model.chat import ChatFormat
from danlu.train.finetune import FinetuneConfig, finetune_model
from tiny import make_tiny_checkpoint, write_chats

CONFIG = {"max_train_tokens": 100_000, "max_epochs": 8, "rank": 4, "learning_rate": 1e-2}
# Trains like the tests do, but kills itself with SIGKILL at a step or in the middle of writing a checkpoint.
SCRIPT = """
import json, os, signal, sys
from pathlib import Path
from danlu.core.progress import Silent
from danlu.core.stages import Work
from danlu.loop import checkpoint
from danlu.train.finetune import FinetuneConfig, finetune_model

base, chats, out, work, when = sys.argv[1:6]
class Progress(Silent):
    def advance(self, done, total, note=""):
        if when == f"step {done}":
            os.kill(os.getpid(), signal.SIGKILL)
saves = []
def finish(*arguments):
    saves.append(arguments)
    if when == f"save {len(saves)}":
        os.kill(os.getpid(), signal.SIGKILL)
    finished(*arguments)
finished, checkpoint._finish = checkpoint._finish, finish
config = FinetuneConfig(**json.loads(sys.argv[6]))
finetune_model(Path(base), Path(chats), config, Work(Path(out), Path(work), 5, 2, 1, Progress()))
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return make_tiny_checkpoint(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def chats(tmp_path_factory):
    return write_chats(tmp_path_factory.mktemp("chats") / "chats.jsonl")


def finetuned(base, chats, folder, **changes):
    config = FinetuneConfig(**{**CONFIG, **changes})
    facts = finetune_model(base, chats, config, Work(folder / "out", folder / "work", 5, 2, 1, Silent()))
    return folder / "out", facts


def in_another_process(base, chats, folder, when=""):
    src = Path(__file__).parents[2] / "src"
    arguments = [str(base), str(chats), str(folder / "out"), str(folder / "work"), when, json.dumps(CONFIG)]
    environment = {**os.environ, "PYTHONPATH": str(src), "PYTHONHASHSEED": "99"}
    return subprocess.run([sys.executable, "-c", SCRIPT, *arguments], env=environment).returncode


def hashes(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def reference(base, chats, tmp_path_factory):
    return finetuned(base, chats, tmp_path_factory.mktemp("reference"))


def test_the_result_is_an_ordinary_checkpoint_that_learnt(base, reference):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    out, facts = reference
    model = AutoModelForCausalLM.from_pretrained(out)
    chat = ChatFormat.load(out)
    prompt = chat.prompt_ids([{"role": "user", "content": "What is 3?"}])
    generated = model.generate(torch.tensor([prompt]), max_new_tokens=3, do_sample=False)
    assert generated.shape[1] > len(prompt)
    assert AutoTokenizer.from_pretrained(out).chat_template
    assert facts.last_loss < facts.first_loss - 0.1
    assert facts.merge.max_abs_logit_difference <= 1e-4 * facts.merge.max_abs_logit
    assert all(path.stat().st_mode & 0o777 == 0o644 for path in out.rglob("*") if path.is_file())
    assert (out / "tokenizer.json").read_bytes() == (base / "tokenizer.json").read_bytes()


def test_the_adapter_on_the_base_is_the_merged_model(base, reference):
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    out, _ = reference
    adapted = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), out / "adapter").eval()
    ids = torch.tensor([[5, 6, 7, 8]])
    with torch.no_grad():
        merged = AutoModelForCausalLM.from_pretrained(out)(ids).logits
        torch.testing.assert_close(adapted(ids).logits, merged, rtol=1e-4, atol=1e-4)
    assert str(base) not in (out / "adapter" / "adapter_config.json").read_text()


def test_the_record_counts_every_conversation(reference):
    out, facts = reference
    record = json.loads((out / "training.json").read_text())
    assert record["conversations"] == record["learnt"] + record["too_long"] + record["not_reached"] == 12
    assert len(record["nats_per_target_token_by_step"]) == record["steps"] == facts.steps > 20
    assert record["nats_per_target_token_by_step"][-1] == facts.last_loss


def test_the_same_run_in_another_process_gives_the_same_bytes(base, chats, reference, tmp_path):
    assert in_another_process(base, chats, tmp_path) == 0
    assert hashes(tmp_path / "out") == hashes(reference[0])


# `save 2` is in the second checkpoint, written and not yet renamed.
@pytest.mark.parametrize("when", ["step 13", "save 2"])
def test_resume_after_sigkill_equals_uninterrupted_run(base, chats, reference, tmp_path, when):
    assert in_another_process(base, chats, tmp_path, when) == -signal.SIGKILL
    assert (tmp_path / "work" / "step-00000010").is_dir()
    out, facts = finetuned(base, chats, tmp_path)
    assert hashes(out) == hashes(reference[0])
    assert facts == reference[1]


def test_conversations_that_do_not_fit_are_counted_not_cut(base, chats, tmp_path):
    _, facts = finetuned(base, chats, tmp_path, sequence_tokens=60, max_train_tokens=200)
    assert facts.too_long > 0
    assert facts.not_reached > 0
    assert facts.train_tokens <= 200
    assert facts.conversations == facts.learnt + facts.too_long + facts.not_reached


def test_a_merge_that_changes_the_model_fails(base, chats, tmp_path):
    with pytest.raises(WorkFailed, match="not the model that was trained"):
        finetuned(base, chats, tmp_path, merge_relative_tolerance=1e-12)


def test_nothing_that_fits_is_a_users_error(base, chats, tmp_path):
    with pytest.raises(UserError, match="none of 12 conversations fits"):
        finetuned(base, chats, tmp_path, max_train_tokens=3)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("", "has no conversations"),
        ("{", "chats.jsonl:1: not JSON"),
        ('{"id": [1], "messages": []}', "chats.jsonl:1: not a conversation"),
        (
            '{"id": "a", "messages": [{"role": "user", "content": "x"}]}',
            "chats.jsonl:1: does not end with an assistant",
        ),
        ('{"id": "a", "messages": [{"role": "boss", "content": "x"}]}', "chats.jsonl:1: message 1: role is 'boss'"),
        ('{"id": "a", "messages": [{"role": "user", "content": 7}]}', "chats.jsonl:1: message 1: content is a number"),
    ],
)
def test_a_malformed_row_is_named(base, tmp_path, line, complaint):
    path = tmp_path / "chats.jsonl"
    path.write_text(line)
    with pytest.raises(UserError, match=complaint):
        finetuned(base, path, tmp_path)


def test_the_config_names_the_wrong_field():
    with pytest.raises(ValidationError, match="learning_rate"):
        FinetuneConfig(learning_rate=0.0)
