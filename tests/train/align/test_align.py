import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from align_ground import EVERY_STEPS, aligned, config_of, hashes, sides_of, write_rows
from danlu.core.errors import UserError, WorkFailed
from danlu.core.progress import Silent
from danlu.model.chat import ChatFormat
from danlu.train.align.config import METHODS
from tiny import make_tiny_checkpoint

METHOD_NAMES = tuple(METHODS)
# Imports the libraries once. Each training is a process of its own, which kills itself with SIGKILL: at a step of the
# first or of the second epoch, or while the third checkpoint is put on the disk.
KILLED = """
import json, os, signal, sys
from pathlib import Path
sys.path[:0] = json.loads(sys.argv[1])
from align_ground import aligned, config_of
from danlu.core.progress import Silent
from danlu.train.align import checkpoints, saving, trainers, training

class Dies(Silent):
    def advance(self, done, total, note=""):
        if when == f"step {done}":
            os.kill(os.getpid(), signal.SIGKILL)

seals = []
def dies(checkpoint):
    seals.append(checkpoint)
    if when == f"save {len(seals)}":
        os.kill(os.getpid(), signal.SIGKILL)
    checkpoints.seal(checkpoint)
training.seal = dies

for method, when, folder in json.loads(sys.argv[4]):
    child = os.fork()
    if not child:
        aligned(Path(sys.argv[2]), Path(sys.argv[3], method), Path(folder), config_of(method), Dies())
        os._exit(0)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL, (method, when)
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return make_tiny_checkpoint(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    for method, facts in METHODS.items():
        write_rows(folder / method, facts.kind)
    return folder


@pytest.fixture(scope="module")
def forwards():
    """What reached the models: (ids, labels or None) of every row of every call, by method."""
    return {}


@pytest.fixture(scope="module")
def reference(base, data, forwards, tmp_path_factory):
    """All four methods, trained without interruption: folder and facts."""
    from torch.nn.modules.module import register_module_forward_hook

    made = {}
    for method in METHOD_NAMES:
        seen = forwards.setdefault(method, [])
        hook = register_module_forward_hook(partial(_note, seen), with_kwargs=True)
        folder = tmp_path_factory.mktemp(method)
        try:
            made[method] = folder / "out", aligned(base, data / method, folder, config_of(method))
        finally:
            hook.remove()
    return made


def _note(seen, module, args, kwargs, output):
    """Calls of the whole model while it learns; a PEFT model calls the one inside it without hooks, and sampling has no labels."""
    labels = kwargs.get("labels")
    if not module.training or type(module).__name__ not in _WHOLE:
        return
    if labels is None and type(module).__name__ != "PeftModelForSequenceClassification":
        return
    rows = zip(kwargs["input_ids"].tolist(), kwargs["attention_mask"].tolist(), strict=True)
    for at, (ids, mask) in enumerate(rows):
        kept = [place for place, here in enumerate(mask) if here]
        label = None if labels is None else tuple(labels[at].tolist()[place] for place in kept)
        seen.append((tuple(ids[place] for place in kept), label))


_WHOLE = ("PeftModelForCausalLM", "PeftModelForSequenceClassification", "LlamaForCausalLM")


def _learnt(row, name):
    reply = row.reply_ids[name]
    return tuple(row.prompt_ids + reply), (-100,) * len(row.prompt_ids) + tuple(reply)


@pytest.mark.parametrize("method", ["dpo", "kto"])
def test_the_ids_and_the_loss_are_those_of_the_chat_format(base, data, reference, forwards, method):
    chat, rows = ChatFormat.load(base), sides_of(base, data / method, config_of(method)).train
    expected = {_learnt(row, name) for row in rows for name in row.reply_ids}
    said = [row.row for row in rows]
    for row, encoded in zip(said, rows, strict=True):
        for name, reply in row.replies.items():
            tokens = chat.training_ids([*row.messages, {"role": "assistant", "content": reply}])
            ids, labels = _learnt(encoded, name)
            assert list(ids) == tokens.ids[: len(ids)] and labels[-1] == chat.stop_id
            assert [label != -100 for label in labels] == tokens.loss_mask[: len(ids)]
            assert not any(tokens.loss_mask[len(ids) :])
    seen = set(forwards[method])
    # KTO also looks at replies to other prompts, for its estimate of the KL divergence.
    assert seen == expected if method == "dpo" else seen > expected
    assert all(labels[-1] == chat.stop_id for _, labels in seen)


def test_a_reward_model_reads_the_ids_of_the_chat_format(base, data, reference, forwards):
    rows = sides_of(base, data / "reward", config_of("reward")).train
    assert {ids for ids, _ in forwards["reward"]} == {tuple(row.whole(name)) for row in rows for name in row.reply_ids}


def test_sampled_replies_start_from_the_prompts_of_the_chat_format(base, data, reference, forwards):
    chat, rows = ChatFormat.load(base), sides_of(base, data / "grpo", config_of("grpo")).train
    prompts = {tuple(chat.prompt_ids(row.row.messages)) for row in rows}
    learnt = [(ids, labels) for ids, labels in forwards["grpo"] if labels is not None]
    assert len(learnt) > 100
    for ids, labels in learnt:
        start = next(place for place, label in enumerate(labels) if label != -100)
        assert ids[:start] in prompts and labels[start:] == ids[start:]
        assert chat.stop_id not in ids[start:-1]


@pytest.mark.parametrize("method", ["dpo", "kto", "reward"])
def test_preferences_are_learnt(reference, method):
    _, facts = reference[method]
    assert facts["by_step"]["loss"][-1] < facts["by_step"]["loss"][0]
    if method != "kto":
        assert facts["by_step"]["accuracy"][-1] > 0.9
    assert facts["held_out"]["rows"] == 3


def test_held_out_preferences_of_separable_rows_are_told_apart(reference):
    assert reference["dpo"][1]["held_out"]["accuracy"] > 0.9
    assert reference["dpo"][1]["held_out"]["margin"] > 0.05


def test_groups_without_a_spread_of_rewards_are_counted(reference):
    facts = reference["grpo"][1]
    assert facts["groups"] == 2 * facts["steps"]
    assert 0 <= facts["groups_of_equal_rewards"] < facts["groups"]
    assert facts["equal_rewards_share"] == facts["groups_of_equal_rewards"] / facts["groups"]


def test_a_reward_is_raised(reference):
    held_out = reference["grpo"][1]["held_out"]
    assert held_out["reward_after"] > held_out["reward_before"] + 0.1


def test_the_result_is_an_ordinary_checkpoint(base, reference):
    from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer

    for method in METHOD_NAMES:
        out, facts = reference[method]
        kind = AutoModelForSequenceClassification if method == "reward" else AutoModelForCausalLM
        model = kind.from_pretrained(out)
        assert model.config.eos_token_id == json.loads((base / "config.json").read_text())["eos_token_id"]
        assert AutoTokenizer.from_pretrained(out).chat_template
        assert json.loads((out / "training.json").read_text()) == json.loads(json.dumps(facts))
        assert (out / "adapter" / "adapter_model.safetensors").is_file() == (method != "grpo")
        assert all(path.stat().st_mode & 0o777 == 0o644 for path in out.rglob("*") if path.is_file())
    assert json.loads((reference["dpo"][0] / "config.json").read_text())["pad_token_id"] == json.loads((base / "config.json").read_text())["pad_token_id"]  # fmt: skip


def test_a_reward_model_scores_replies_in_its_own_template(reference):
    from danlu.train.align.reward_model import RewardModel

    out, _ = reference["reward"]
    model = RewardModel.load(out)
    question = [{"role": "user", "content": "What is 3?"}]
    assert model(question, "It is 3 bar.", {}) > model(question, "The user asks.", {})
    with pytest.raises(UserError, match="is no reward model"):
        RewardModel.load(reference["dpo"][0])


def test_what_was_learnt_from_lies_beside_the_weights(base, data, reference):
    import pyarrow.parquet as pq

    table = pq.read_table(reference["dpo"][0] / "tokens.parquet").to_pylist()
    rows = sides_of(base, data / "dpo", config_of("dpo")).train
    assert {(tuple(row["input_ids"]), tuple(row["labels"])) for row in table} == {
        _learnt(row, name) for row in rows for name in row.reply_ids
    }
    assert {row["reply"] for row in table} == {"chosen", "rejected"}


def test_killed_at_any_moment_it_ends_with_the_same_bytes(base, data, reference, tmp_path):
    # 13 rows make three and a quarter steps of four an epoch: step 3 lies in the first, step 5 in the second.
    moments = [("dpo", "step 3"), ("dpo", "step 5"), ("dpo", "save 3"), ("kto", "step 5"), ("reward", "step 5"), ("grpo", "step 9")]  # fmt: skip
    kills = [(method, when, str(tmp_path / f"{method} {when}")) for method, when in moments]
    tests = Path(__file__).parents[2]
    paths = [str(Path(__file__).parent), str(tests), str(tests.parent / "src")]
    arguments = [json.dumps(paths), str(base), str(data), json.dumps(kills)]
    killed = subprocess.run([sys.executable, "-c", KILLED, *arguments], env={**os.environ, "PYTHONHASHSEED": "99"}, capture_output=True, text=True)  # fmt: skip
    assert killed.returncode == 0, killed.stderr
    for method, when, folder in kills:
        left = list(Path(folder, "scratch", "trainer").glob("checkpoint-*"))
        assert left and not Path(folder, "out", "training.json").exists(), when
        aligned(base, data / method, Path(folder), config_of(method))
        assert hashes(Path(folder, "out")) == hashes(reference[method][0]), (method, when)


class Broken(Silent):
    """Ruins the weights of the model at a step, as a wrong rate would."""

    def advance(self, done, total, note=""):
        if done == EVERY_STEPS + 1:
            import gc

            import torch

            for thing in gc.get_objects():
                if type(thing).__name__ == "PeftModelForCausalLM":
                    for weight in thing.parameters():
                        weight.data.fill_(torch.nan)


def test_a_loss_that_is_no_number_stops_and_keeps_the_last_good_checkpoint(base, data, tmp_path):
    with pytest.raises(WorkFailed, match="training diverged at step 4: loss is nan"):
        aligned(base, data / "dpo", tmp_path, config_of("dpo"), Broken())
    assert [path.name for path in (tmp_path / "scratch" / "trainer").glob("checkpoint-*")] == ["checkpoint-2"]
    assert not list((tmp_path / "out").iterdir())


def test_all_weights_can_be_trained(base, data, tmp_path):
    facts = aligned(base, data / "dpo", tmp_path, config_of("dpo", tuning="full", max_steps=3, learning_rate=1e-3))
    assert facts["by_step"]["margin"][-1] > 0
    assert not (tmp_path / "out" / "adapter").exists()


def test_a_reward_that_fails_is_told_with_the_reply(base, data, tmp_path):
    from danlu.train.align.rewards import Rewards

    file = tmp_path / "own.py"
    file.write_text("def reward(messages, reply, row):\n    return row['grade']\n")
    with pytest.raises(WorkFailed, match="KeyError: 'grade'"):
        aligned(base, data / "grpo", tmp_path, config_of("grpo"), score=Rewards((f"{file}:reward",)).load())
