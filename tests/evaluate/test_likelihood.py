import pytest
import torch

from danlu.core.errors import UserError
from danlu.core.progress import Silent
from danlu.evaluate.likelihood import NothingFits, negative_log_likelihood, within
from danlu.model.chat import ChatFormat, Tokens
from danlu.model.chats import read_chats
from danlu.model.loading import load_model
from tiny import make_tiny_checkpoint, write_chats


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return make_tiny_checkpoint(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def chats(tmp_path_factory):
    return write_chats(tmp_path_factory.mktemp("chats") / "chats.jsonl")


def test_likelihood_equals_the_models_own_loss_over_the_mask(base, chats):
    found = negative_log_likelihood(base, chats, 10**6, 2, Silent())
    chat, model, nats, targets = ChatFormat.load(base), load_model(base, threads=2), 0.0, 0
    for one in read_chats(chats):
        row = chat.training_ids(one.messages)
        ids = torch.tensor([row.ids])
        labels = torch.where(torch.tensor([row.loss_mask]), ids, -100)
        with torch.no_grad():
            nats += model(input_ids=ids, labels=labels).loss.item() * sum(row.loss_mask)
        targets += sum(row.loss_mask)
    assert found.target_tokens == targets
    assert found.nats_per_token == pytest.approx(nats / targets, rel=1e-5)
    assert (found.conversations, found.too_long, found.not_reached) == (12, 0, 0)


def test_the_cap_takes_conversations_from_the_whole_file():
    rows = [Tokens(ids=[0] * 10, loss_mask=[True] * 10) for _ in range(40)]
    taken = [next(at for at, row in enumerate(rows) if row is one) for one in within(rows, 100)]
    assert taken == list(range(0, 40, 4))
    assert within(rows, 1000) == rows


def test_rows_above_the_cap_take_no_place_of_those_below_it():
    rows = [Tokens(ids=[0] * size, loss_mask=[True] * size) for size in (2000, 10) * 20]
    assert [len(row.ids) for row in within(rows, 100)] == [10] * 10


def test_what_the_cap_leaves_out_is_counted(base, chats):
    found = negative_log_likelihood(base, chats, 300, 2, Silent())
    assert 0 < found.conversations < 12
    assert found.conversations + found.too_long + found.not_reached == 12
    with pytest.raises(UserError, match="no conversation fits"):
        negative_log_likelihood(base, chats, 3, 2, Silent())


def test_a_cap_that_no_conversation_meets_is_said(base, chats):
    with pytest.raises(NothingFits, match="fits into 3 tokens"):
        negative_log_likelihood(base, chats, 3, 2, Silent())
