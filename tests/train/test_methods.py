"""Fine-tuning by every method through the stage's own function: exact resume, what goes in, what is refused."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from danlu.core.errors import UserError
from danlu.core.progress import Silent
from danlu.core.stages import Work
from danlu.loop.methods import METHODS
from danlu.model.chat import ChatFormat
from danlu.model.loading import load_model
from danlu.train.finetune import FinetuneConfig, finetune_model
from tiny import CHATML, make_tiny_checkpoint, write_chats

CONFIG = {
    "max_train_tokens": 4_000,
    "max_epochs": 2,
    "step_tokens": 128,
    "rank": 4,
    "virtual_tokens": 5,
    "bottleneck": 8,
    "learning_rate": 1e-2,
}
RESUMED = ["full", "qlora", "prompt"]
# One child a method, forked when everything is imported; each kills itself with SIGKILL between two checkpoints.
SCRIPT = """
import json, os, signal, sys
from pathlib import Path
import bitsandbytes, peft, transformers
from danlu.core.progress import Silent
from danlu.core.stages import Work
from danlu.loop import checkpoint, saving, tuning
from danlu.train import finetune

finetune._CHECKPOINT_EVERY_STEPS = finetune._FULL_CHECKPOINT_EVERY_STEPS = 3
class Progress(Silent):
    def advance(self, done, total, note=""):
        if done == 8:
            os.kill(os.getpid(), signal.SIGKILL)
base, chats, folder = map(Path, sys.argv[1:4])
for method in sys.argv[5:]:
    child = os.fork()
    if not child:
        config = finetune.FinetuneConfig(**json.loads(sys.argv[4]), method=method)
        finetune.finetune_model(base, chats, config, Work(folder / method / "out", folder / method / "work", 5, 1, 1, Progress()))
        os._exit(0)
    killed = os.waitpid(child, 0)[1] == signal.SIGKILL
    print(method, killed, flush=True)
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return make_tiny_checkpoint(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def chats(tmp_path_factory):
    return write_chats(tmp_path_factory.mktemp("chats") / "chats.jsonl")


def finetuned(base, chats, folder, adapter=None, **changes):
    config = FinetuneConfig(**{**CONFIG, **changes})
    return finetune_model(base, chats, config, Work(folder / "out", folder / "work", 5, 1, 1, Silent()), adapter)


def hashes(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def written(path, *conversations):
    rows = [
        {"id": f"c{at}", "messages": [{"role": role, "content": text} for role, text in one]}
        for at, one in enumerate(conversations)
    ]
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def killed(base, chats, tmp_path_factory):
    """A folder in which a training by each method was killed."""
    folder = tmp_path_factory.mktemp("killed")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src"), "PYTHONHASHSEED": "99"}
    arguments = [str(base), str(chats), str(folder), json.dumps(CONFIG), *RESUMED]
    done = subprocess.run([sys.executable, "-c", SCRIPT, *arguments], env=environment, capture_output=True, text=True)
    assert [line for line in done.stdout.splitlines() if line.endswith("True")] == [f"{one} True" for one in RESUMED], (
        done.stderr
    )
    return folder


@pytest.mark.parametrize("method", RESUMED)
def test_resume_after_sigkill_equals_uninterrupted_run(base, chats, killed, tmp_path, method):
    assert sorted(path.name for path in (killed / method / "work").glob("step-*"))
    resumed = finetuned(base, chats, killed / method, method=method)
    assert finetuned(base, chats, tmp_path, method=method) == resumed
    assert hashes(killed / method / "out") == hashes(tmp_path / "out")


def test_the_rate_is_the_methods_own_unless_it_is_given(base, chats, tmp_path):
    own = finetuned(base, chats, tmp_path / "own", method="ia3", learning_rate=None, max_train_tokens=600)
    same = finetuned(
        base, chats, tmp_path / "same", method="ia3", learning_rate=METHODS["ia3"].learning_rate, max_train_tokens=600
    )
    assert own.last_loss == same.last_loss
    assert own.trained_parameters == 2 * (16 + 16 + 64)


def test_training_goes_on_from_an_adapter(base, chats, tmp_path):
    first = finetuned(base, chats, tmp_path / "first")
    second = finetuned(base, chats, tmp_path / "second", tmp_path / "first" / "out" / "adapter")
    assert second.first_loss < first.first_loss - 0.05
    assert second.last_loss < first.last_loss
    with pytest.raises(UserError, match="trained by method lora, and method prompt"):
        finetuned(base, chats, tmp_path, tmp_path / "first" / "out" / "adapter", method="prompt")


def test_both_places_of_an_adapter_beside_its_base_name_the_stop_and_the_base_itself_is_left_alone(chats, tmp_path):
    base = make_tiny_checkpoint(tmp_path / "base", stop="<|endoftext|>")
    (base / "chat_template.jinja").write_text(CHATML, encoding="utf-8")
    before, stop = hashes(base), ChatFormat.load(base).stop_id
    assert json.loads((base / "config.json").read_text())["eos_token_id"] != stop
    finetuned(base, chats, tmp_path, method="prompt", max_train_tokens=600)
    for folder in (tmp_path / "out", tmp_path / "out" / "base"):
        for name in ("config.json", "generation_config.json"):
            declared = json.loads((folder / name).read_text())["eos_token_id"]
            assert stop in (declared if isinstance(declared, list) else [declared])
    assert hashes(base) == before


LONG = [("system", "Be brief."), *[("user", "What is the pressure?"), ("assistant", "It is 7 bar at 20 degrees.")] * 6]


@pytest.mark.parametrize("policy", ["leave_out", "split", "refuse"])
def test_long_conversations_are_counted_split_or_refused(base, tmp_path, policy):
    short, alone = LONG[:3], [("user", "Tell all."), ("assistant", "A manual tells how to start the machine. " * 20)]
    path = written(tmp_path / "long.jsonl", short, LONG, alone, [*LONG, *alone, *LONG[1:3]])
    if policy == "refuse":
        with pytest.raises(UserError, match=r"long.jsonl: conversation 'c1' has \d+ tokens, and 120 are the most"):
            finetuned(base, path, tmp_path, sequence_tokens=120, long_conversations=policy)
        return
    facts = finetuned(base, path, tmp_path, sequence_tokens=120, long_conversations=policy)
    assert facts.conversations == facts.learnt + facts.too_long + facts.not_reached == 4
    assert (facts.too_long, facts.split, facts.exchanges_left_out) == ((1, 2, 1) if policy == "split" else (3, 0, 0))


def test_split_parts_begin_with_the_system_message_and_end_with_their_stop_token(base, tmp_path):
    from danlu.model.chat import ChatFormat
    from danlu.train.conversation_rows import read_rows

    chat, path = ChatFormat.load(base), written(tmp_path / "long.jsonl", LONG)
    rows = read_rows(path, chat, 120, "split").rows
    whole = read_rows(path, chat, 10_000, "split").rows[0]
    head = chat.encode("Be brief.")
    assert len(rows) > 1
    for row in rows:
        assert len(row.ids) <= 120
        assert chat.decode(row.ids).count("Be brief.") == 1
        assert any(row.ids[at : at + len(head)] == head for at in range(len(row.ids)))
        assert [id for id, learnt in zip(row.ids, row.loss_mask, strict=True) if learnt][-1] == chat.stop_id
    assert sum(sum(row.loss_mask) for row in rows) == sum(whole.loss_mask)


def test_a_conversation_that_the_template_refuses_is_named(tmp_path):
    template = (
        "{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
        "{{ raise_exception('roles must alternate') }}{% endif %}"
        "{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
    )
    base = make_tiny_checkpoint(tmp_path / "base", template=template)
    fine = [("user", "a"), ("assistant", "b")]
    path = written(tmp_path / "chats.jsonl", fine, [("user", "a"), ("user", "b"), ("assistant", "c")])
    with pytest.raises(UserError, match=r"conversation 'c1': the chat template refuses .*roles must alternate"):
        finetuned(base, path, tmp_path)


def test_a_tokenizer_of_another_model_is_refused(chats, tmp_path):
    base = make_tiny_checkpoint(tmp_path / "base")
    tokenizer = json.loads((base / "tokenizer.json").read_text(encoding="utf-8"))
    tokenizer["added_tokens"].append({**tokenizer["added_tokens"][-1], "id": 400, "content": "<|new|>"})
    (base / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    with pytest.raises(UserError, match=r"gives ids up to 400 \('<\|new\|>'\), and the model has embeddings for 400"):
        finetuned(base, chats, tmp_path)


def test_one_conversation_is_enough_when_that_is_asked_for(base, tmp_path):
    facts = finetuned(base, written(tmp_path / "one.jsonl", LONG[:3]), tmp_path, method="prompt")
    assert facts.conversations == facts.learnt == 1


@pytest.mark.parametrize("method", ["full", "prompt"])
def test_weights_of_a_training_that_diverged_are_refused(chats, tmp_path, method):
    base = make_tiny_checkpoint(tmp_path / "base")
    model = load_model(base, threads=1)
    with torch.no_grad():
        model.model.norm.weight.fill_(float("nan"))
    model.save_pretrained(base)
    with pytest.raises(UserError, match="weights that are no numbers"):
        finetuned(base, chats, tmp_path, method=method)
