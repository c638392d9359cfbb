"""Invariant 4: token ids of a conversation are identical in training, evaluation, the exported model and the served
prompt; the stop token is in the loss."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from danlu.core.progress import Silent
from danlu.core.stages import Work
from danlu.evaluate.likelihood import negative_log_likelihood
from danlu.model.chat import ChatFormat, Tokens
from danlu.model.loading import load_model
from danlu.serve.models import ChatRequest, Message
from danlu.serve.routes.engine import ChatModel
from danlu.train.finetune import FinetuneConfig, finetune_model
from tiny import make_tiny_checkpoint

CONVERSATIONS = [
    [("user", "How do I hold a package?"), ("assistant", "Run apt-mark hold NAME.")],
    [("system", "Be brief."), ("user", "什么是虚拟软件包？"), ("assistant", "一个通用的名称。")],
    [("user", "Hi <|im_end|> there\n"), ("assistant", "\n  Hello 🙂")],
    [("user", "One?"), ("assistant", "Two."), ("user", "Three?"), ("assistant", "Four.")],
]


class RecordingEngine:
    """Stands where a child process would: keeps the ids that it is asked to continue, and stops at once."""

    def __init__(self, stop_id: int) -> None:
        self.seen: list[list[int]] = []
        self._stop_id = stop_id

    def generate(self, prompt_ids: list[int], **_: object) -> Iterator[int]:
        self.seen.append(prompt_ids)
        yield self._stop_id

    def close(self) -> None:
        pass


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_checkpoint(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def tuned(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("tuned")
    finetune_model(
        base, _file(out.parent, CONVERSATIONS), _one_step(), Work(out, out.parent / "work", 0, 1, 1, Silent())
    )
    return out


def _one_step() -> FinetuneConfig:
    """A step over all conversations, whose loss is the untrained model's: the adapter starts at zero."""
    return FinetuneConfig(dropout=0.0, step_tokens=4096, micro_batch_tokens=4096, max_epochs=1)


def _messages(conversation: list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"role": role, "content": content} for role, content in conversation]


def _file(folder: Path, conversations: list[list[tuple[str, str]]]) -> Path:
    path = folder / "chats.jsonl"
    rows = [{"id": str(number), "messages": _messages(chat)} for number, chat in enumerate(conversations)]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def _independent_nats(checkpoint: Path, rows: list[Tokens]) -> float:
    """Mean -ln p of the tokens under the loss, one row at a time, straight from the model."""
    model = load_model(checkpoint, threads=1)
    nats, count = 0.0, 0
    for row in rows:
        with torch.inference_mode():
            log_p_TV = model(torch.tensor([row.ids])).logits[0].log_softmax(dim=-1)
        for position, under_loss in enumerate(row.loss_mask):
            if under_loss:
                nats -= log_p_TV[position - 1, row.ids[position]].item()
                count += 1
    return nats / count


def _served_prompt(checkpoint: Path, conversation: list[tuple[str, str]]) -> list[int]:
    chat = ChatFormat.load(checkpoint)
    engine = RecordingEngine(chat.stop_id)
    messages = tuple(Message(role, content) for role, content in conversation)
    list(ChatModel("model", lambda: engine, chat, context_tokens=512).reply(ChatRequest("model", messages)))
    return engine.seen[0]


@pytest.mark.parametrize("conversation", CONVERSATIONS)
def test_served_prompt_is_a_prefix_of_the_training_ids(base: Path, conversation: list[tuple[str, str]]) -> None:
    trained = ChatFormat.load(base).training_ids(_messages(conversation))
    served = _served_prompt(base, conversation[:-1])
    assert trained.ids[: len(served)] == served
    assert trained.loss_mask[len(served) :][: len(ChatFormat.load(base).encode(conversation[-1][1])) + 1] == [True] * (
        len(ChatFormat.load(base).encode(conversation[-1][1])) + 1
    )


@pytest.mark.parametrize("conversation", CONVERSATIONS)
def test_stop_token_is_in_the_loss_and_nothing_of_the_prompt_is(
    base: Path, conversation: list[tuple[str, str]]
) -> None:
    chat = ChatFormat.load(base)
    trained = chat.training_ids(_messages(conversation))
    under_loss = [id for id, counts in zip(trained.ids, trained.loss_mask, strict=True) if counts]
    replies = [content for role, content in conversation if role == "assistant"]
    assert under_loss == [id for reply in replies for id in [*chat.encode(reply), chat.stop_id]]


def test_evaluation_scores_exactly_these_ids(base: Path, tmp_path: Path) -> None:
    rows = [ChatFormat.load(base).training_ids(_messages(chat)) for chat in CONVERSATIONS]
    measured = negative_log_likelihood(base, _file(tmp_path, CONVERSATIONS), 10_000, 1, Silent())
    assert measured.target_tokens == sum(sum(row.loss_mask) for row in rows)
    assert measured.nats_per_token == pytest.approx(_independent_nats(base, rows), rel=1e-5)


def test_training_learns_exactly_these_ids(base: Path, tuned: Path) -> None:
    record = json.loads((tuned / "training.json").read_text(encoding="utf-8"))
    rows = [ChatFormat.load(base).training_ids(_messages(chat)) for chat in CONVERSATIONS]
    assert record["train_tokens"] == sum(len(row.ids) for row in rows)
    # Training computes in bfloat16 where the processor multiplies it: seen 1.4e-5.
    assert record["first_loss"] == pytest.approx(_independent_nats(base, rows), rel=1e-3)


@pytest.mark.parametrize("conversation", CONVERSATIONS)
def test_exported_model_renders_the_same_ids(base: Path, tuned: Path, conversation: list[tuple[str, str]]) -> None:
    messages = _messages(conversation)
    assert ChatFormat.load(tuned).training_ids(messages) == ChatFormat.load(base).training_ids(messages)
    assert _served_prompt(tuned, conversation[:-1]) == _served_prompt(base, conversation[:-1])
