"""The stop token must be learnt and the prompt must not: on what TRL really writes, and on masks with planted faults."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import tiny
from danlu.prove.finding import Finding, Verdict
from danlu.prove.folder import ModelFolder, open_folder
from danlu.prove.template.serving import Serving
from danlu.prove.trainers.trainer import Rendition, Trainer
from danlu.text.rows.rows import Conversation
from prove import zoo
from prove.token_ground import CHATS, chat_rows, checkpoint, failing, prove, told, trained, write_rows
from prove.zoo_tuning import dump_with_trl

Row = dict[str, Any]
REPLIES = sum(len(chat) // 2 for chat in CHATS)


def assert_healthy(found: Mapping[str, Finding], learnt_replies: int) -> None:
    """No check fails, and so many replies were looked at."""
    assert failing(found) == set()
    assert found["mask.stop"].measured["learnt_replies"] == learnt_replies
    assert found["mask.prompt"].measured["prompt_tokens"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint that TRL can load; TRL knows this template and its training form."""
    return tiny.make_tiny_checkpoint(tmp_path_factory.mktemp("model") / "tiny", template=zoo.trl_template("qwen2_5"))


@pytest.fixture(scope="module")
def chats(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return chat_rows(tmp_path_factory.mktemp("chats") / "chats.jsonl")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    return checkpoint("qwen2.5", tmp_path_factory.mktemp("qwen"))


def test_trl_with_its_defaults_learns_the_prompt_too(model: Path, chats: Path, tmp_path: Path) -> None:
    found = prove(open_folder(model), chats, dump_with_trl(model, chats, tmp_path / "dump"))
    assert failing(found) == {"mask.prompt"}
    prompt = found["mask.prompt"].measured
    assert prompt["learnt_prompt_tokens"] == prompt["prompt_tokens"]
    assert found["mask.stop"].measured["learnt_replies"] == REPLIES
    assert "⟦<|im_start|>system" in told(found["mask.prompt"])


@pytest.mark.parametrize("packing", [None, "bfd", "wrapped"])
def test_trl_with_assistant_only_loss_is_healthy(model: Path, chats: Path, tmp_path: Path, packing: str | None) -> None:
    packed = {} if packing is None else {"packing": True, "packing_strategy": packing, "max_length": 512}
    tokens = dump_with_trl(model, chats, tmp_path / "dump", assistant_only_loss=True, **packed)
    found = prove(open_folder(model), chats, tokens)
    assert failing(found) == set()
    # Wrapped packing breaks replies at the ends of its rows, and loses none of their tokens.
    assert bool(found["mask.truncated"].measured["split_replies"]) is (packing == "wrapped")
    assert found["mask.prompt"].verdict is Verdict.PASS
    assert found["mask.prompt"].measured["prompt_tokens"]
    in_seams = 3 if packing == "wrapped" else 0
    assert int(found["mask.stop"].measured["learnt_replies"] or 0) >= REPLIES - in_seams


def test_prompt_and_completion_rows_of_trl_are_healthy(model: Path, tmp_path: Path) -> None:
    data = write_rows(tmp_path / "rows.jsonl", [{"prompt": chat[:1], "completion": chat[1:2]} for chat in CHATS])
    assert_healthy(prove(open_folder(model), data, dump_with_trl(model, data, tmp_path / "dump")), len(CHATS))


def test_rows_that_trl_cuts_are_counted(model: Path, chats: Path, tmp_path: Path) -> None:
    serving = Serving(open_folder(model))
    lengths = sorted(len(ids) for ids in serving.ids([serving.text(chat) for chat in CHATS]))
    tokens = dump_with_trl(model, chats, tmp_path / "dump", assistant_only_loss=True, max_length=lengths[0] - 4)
    found = prove(open_folder(model), chats, tokens)
    assert failing(found) == {"mask.truncated"}
    assert found["mask.truncated"].measured["cut_replies"] == len(CHATS)


def test_the_collators_batch_is_read_as_well(model: Path, chats: Path, tmp_path: Path) -> None:
    from datasets import load_from_disk
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

    tokens = dump_with_trl(model, chats, tmp_path / "dump", assistant_only_loss=True)
    rows = list(load_from_disk(str(tokens)))
    folder = open_folder(model)
    # PAD is the stop token here; TRL's collator pads the labels by -100 and leaves the real stop tokens alone.
    assert folder.tokenizer.eos_token_id == folder.config["pad_token_id"]
    batch = DataCollatorForLanguageModeling(pad_token_id=folder.config["pad_token_id"])(rows)
    path = write_rows(tmp_path / "batch.jsonl", [{name: values.tolist() for name, values in batch.items()}])
    assert_healthy(prove(folder, chats, path), REPLIES)


def test_transformers_collator_masks_eos_that_is_pad(folder: ModelFolder, chats: Path, tmp_path: Path) -> None:
    from transformers import AutoTokenizer, DataCollatorForLanguageModeling

    tokenizer = AutoTokenizer.from_pretrained(folder.path)
    tokenizer.pad_token = tokenizer.eos_token
    texts = [tokenizer.apply_chat_template(chat, tokenize=False) for chat in CHATS]
    batch = DataCollatorForLanguageModeling(tokenizer, mlm=False)([tokenizer(text) for text in texts])
    path = write_rows(tmp_path / "batch.jsonl", [{name: values.tolist() for name, values in batch.items()}])
    found = prove(folder, chats, path)
    assert failing(found) == {"mask.stop", "mask.prompt"}
    assert found["mask.stop"].measured["stop_without_loss"] == found["mask.stop"].measured["learnt_replies"]
    assert "'<|im_end|>' in row 1" in told(found["mask.stop"])


def _without_stops(folder: ModelFolder) -> Callable[[Row], Row]:
    stops = Serving(folder).terminators
    return lambda row: {**row, "labels": [-100 if label in stops else label for label in row["labels"]]}


@pytest.mark.parametrize("family", [family for family in zoo.CHATTY if not family.startswith("glm")])
def test_a_masked_terminator_is_found_in_every_family(tmp_path: Path, family: str) -> None:
    folder = checkpoint(family, tmp_path / "model")
    rows = trained(folder)
    healthy = write_rows(tmp_path / "healthy.jsonl", rows)
    assert_healthy(prove(folder, tokens=healthy), REPLIES)
    masked = write_rows(tmp_path / "masked.jsonl", map(_without_stops(folder), rows))
    assert failing(prove(folder, tokens=masked)) == {"mask.stop"}


def test_a_learnt_terminator_that_does_not_stop_generation_is_found(tmp_path: Path) -> None:
    folder = checkpoint("gemma-2", tmp_path / "model")
    (folder.path / "generation_config.json").write_text('{"eos_token_id": 1}')
    tokens = write_rows(tmp_path / "tokens.jsonl", trained(folder))
    stop = prove(open_folder(folder.path), tokens=tokens)["mask.stop"]
    assert stop.verdict is Verdict.FAIL
    assert "end with '<end_of_turn>', and generation stops at '<eos>'" in told(stop)


def test_replies_without_any_terminator_are_found(folder: ModelFolder, tmp_path: Path) -> None:
    end = folder.tokenizer.convert_tokens_to_ids("<|im_end|>")
    rows = []
    for row in trained(folder):
        last = max(at for at, id in enumerate(row["input_ids"]) if id == end)
        rows.append({name: values[:last] for name, values in row.items()})
    found = prove(folder, tokens=write_rows(tmp_path / "tokens.jsonl", rows))
    assert "mask.stop" in failing(found)
    assert found["mask.stop"].measured["no_stop"]


def test_learnt_user_messages_are_found_and_shown(folder: ModelFolder, tmp_path: Path) -> None:
    rows = trained(folder)
    for row in rows[:3]:
        row["labels"] = [id if at > 30 else label for at, (id, label) in enumerate(zip(*row.values(), strict=True))]
    found = prove(folder, tokens=write_rows(tmp_path / "tokens.jsonl", rows))
    assert failing(found) == {"mask.prompt"}
    assert found["mask.prompt"].measured["rows_with_loss_on_prompt"] == 3
    assert "row 1, learnt tokens" in told(found["mask.prompt"])


def test_rows_without_loss_are_counted(folder: ModelFolder, tmp_path: Path) -> None:
    rows = trained(folder)
    rows[4]["labels"] = [-100] * len(rows[4]["labels"])
    found = prove(folder, tokens=write_rows(tmp_path / "tokens.jsonl", rows))
    assert failing(found) == {"mask.truncated"}
    assert "nothing is learnt in 1 rows, such as row 5" in told(found["mask.truncated"])


def test_a_few_cut_rows_are_said_and_pass(folder: ModelFolder, tmp_path: Path) -> None:
    rows = trained(folder) * 20
    rows[4] = {**rows[4], "labels": [-100] * len(rows[4]["labels"])}
    truncated = prove(folder, tokens=write_rows(tmp_path / "tokens.jsonl", rows))["mask.truncated"]
    assert truncated.verdict is Verdict.PASS
    assert truncated.measured["rows"] == len(rows)
    assert "such as row 5" in told(truncated)


def test_plain_text_of_one_length_is_not_taken_for_cut_conversations(folder: ModelFolder, tmp_path: Path) -> None:
    ids = folder.tokenizer("The pump started at seven and ran for three hours. " * 40)["input_ids"][:128]
    rows = [{"input_ids": ids[at:] + ids[:at], "labels": ids[at:] + ids[:at]} for at in range(24)]
    found = prove(folder, None, write_rows(tmp_path / "dump.jsonl", rows))
    assert {name: found[name].verdict for name in ("mask.stop", "mask.prompt", "mask.truncated")} == dict.fromkeys(
        ("mask.stop", "mask.prompt", "mask.truncated"), Verdict.NOT_CHECKABLE
    )


def test_labels_on_the_last_reply_only_are_healthy(folder: ModelFolder, tmp_path: Path) -> None:
    rows = trained(folder)
    for row in rows:
        runs = [
            at for at in range(1, len(row["labels"])) if row["labels"][at] != -100 and row["labels"][at - 1] == -100
        ]
        row["labels"] = [-100] * runs[-1] + row["labels"][runs[-1] :]
    assert_healthy(prove(folder, tokens=write_rows(tmp_path / "tokens.jsonl", rows)), len(CHATS))


def test_pad_where_no_loss_was_meant_is_not_judged(tmp_path: Path) -> None:
    folder = checkpoint("gemma-2", tmp_path / "model")
    pad = folder.tokenizer.pad_token_id
    rows = [{**row, "labels": [pad if label < 0 else label for label in row["labels"]]} for row in trained(folder)]
    found = prove(folder, tokens=write_rows(tmp_path / "tokens.jsonl", rows))
    assert failing(found) == set()
    assert "which is PAD" in told(found["mask.prompt"])
    assert found["mask.stop"].verdict is Verdict.PASS


def test_without_labels_nothing_is_claimed(folder: ModelFolder, chats: Path, tmp_path: Path) -> None:
    tokens = write_rows(tmp_path / "tokens.jsonl", ({"input_ids": row["input_ids"]} for row in trained(folder)))
    found = prove(folder, chats, tokens)
    assert failing(found) == set()
    assert {found[f"mask.{subject}"].verdict for subject in ("stop", "prompt", "truncated")} == {Verdict.NOT_CHECKABLE}
    assert "every token under the loss" in told(found["mask.stop"])


def test_a_loss_mask_that_stands_one_place_ahead_is_not_judged(folder: ModelFolder, tmp_path: Path) -> None:
    single = [chat[:2] for chat in CHATS]
    rows = [
        {"input_ids": row["input_ids"], "loss_mask": [*(int(label != -100) for label in row["labels"][1:]), 0]}
        for row in trained(folder, single)
    ]
    found = prove(folder, tokens=write_rows(tmp_path / "tokens.jsonl", rows))
    assert found["mask.stop"].verdict is Verdict.NOT_CHECKABLE
    assert "one place before" in told(found["mask.stop"])


def _trainer(folder: ModelFolder, *, learns_prompt: bool, asks: bool) -> Trainer:
    by_row = dict(enumerate(trained(folder), start=1))

    def write(conversation: Conversation, _: ModelFolder) -> Rendition:
        row = by_row[conversation.row]
        return Rendition(row["input_ids"], [learns_prompt or label != -100 for label in row["labels"]], False)

    return Trainer("jinja", "config", "the checkpoint", None, asks, write)


def test_a_configuration_that_asks_for_prompt_loss_gets_it(folder: ModelFolder, chats: Path) -> None:
    assert_healthy(prove(folder, chats, trainer=_trainer(folder, learns_prompt=False, asks=False)), REPLIES)
    assert failing(prove(folder, chats, trainer=_trainer(folder, learns_prompt=True, asks=False))) == {"mask.prompt"}
    asked = prove(folder, chats, trainer=_trainer(folder, learns_prompt=True, asks=True))
    assert_healthy(asked, REPLIES)
    assert "as the configuration asks" in told(asked["mask.prompt"])


def test_without_dump_and_trainer_it_says_what_to_give(folder: ModelFolder, chats: Path) -> None:
    stop = prove(folder, chats)["mask.stop"]
    assert stop.verdict is Verdict.NOT_CHECKABLE
    assert "--tokens" in told(stop)


def test_models_that_do_not_chat_are_not_applicable(tmp_path: Path) -> None:
    assert prove(checkpoint("bert", tmp_path / "bert"))["mask.stop"].verdict is Verdict.NOT_APPLICABLE
