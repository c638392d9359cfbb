"""InfoNCE and listwise cross-entropy are what their formulas say."""

import math

import pytest
import torch
from transformers import AutoModel, AutoModelForSequenceClassification

from danlu.loop.contrastive import ContrastiveBatch, ContrastiveLearner, Texts, unit_vectors
from danlu.loop.ranking import RankBatch, RankLearner, pair_scores
from tiny_bert import make_tiny_bert


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    return make_tiny_bert(tmp_path_factory.mktemp("bert"))


def test_infonce_is_the_formula_and_leaves_out_what_is_ruled_out(bert):
    encoder = AutoModel.from_pretrained(bert, add_pooling_layer=False).eval()
    queries, passages = Texts.of([[2, 9, 3], [2, 7, 8, 3]], 0), Texts.of([[2, 9, 3], [2, 5, 6, 7, 3], [2, 8, 3]], 0)
    ruled_out = torch.tensor([[False, False, True], [False, False, False]])
    batch = ContrastiveBatch(queries, passages, torch.tensor([0, 1]), ruled_out)
    with torch.no_grad():
        loss = ContrastiveLearner(encoder, 0.05)(batch).item()
        q, p = unit_vectors(encoder, queries), unit_vectors(encoder, passages)
    expected = 0.0
    for row, (positive, columns) in enumerate([(0, [0, 1]), (1, [0, 1, 2])]):
        weights = {column: math.exp(float(q[row] @ p[column]) / 0.05) for column in columns}
        expected -= math.log(weights[positive] / sum(weights.values()))
    assert loss == pytest.approx(expected, rel=1e-4)
    assert batch.halves() is None and batch.targets == 2


def test_a_vector_is_the_mean_over_text_and_not_over_padding(bert):
    encoder = AutoModel.from_pretrained(bert, add_pooling_layer=False).eval()
    with torch.no_grad():
        alone = unit_vectors(encoder, Texts.of([[2, 9, 3]], 0))
        padded = unit_vectors(encoder, Texts.of([[2, 9, 3], [2, 5, 6, 7, 8, 3]], 0))
        states = encoder(input_ids=torch.tensor([[2, 9, 3]])).last_hidden_state[0].mean(0)
    assert torch.allclose(alone[0], padded[0], atol=1e-6)
    assert torch.allclose(alone[0], states / states.norm(), atol=1e-6)


def test_listwise_loss_is_the_formula_and_halves_add_up(bert):
    model = AutoModelForSequenceClassification.from_pretrained(bert, num_labels=1).eval()
    ids = torch.tensor([[2, 9, 3, 7, 3], [2, 9, 3, 8, 3], [2, 5, 3, 6, 3], [2, 5, 3, 9, 3]])
    batch = RankBatch(ids, torch.ones_like(ids), torch.tensor([[0, 0, 0, 1, 1]] * 4), groups=2)
    with torch.no_grad():
        scores = pair_scores(model, batch).view(2, 2)
        loss = RankLearner(model)(batch).item()
        halves = [RankLearner(model)(half).item() for half in batch.halves()]
    assert loss == pytest.approx(-sum(math.log(torch.softmax(row, 0)[0].item()) for row in scores), rel=1e-5)
    assert sum(halves) == pytest.approx(loss, rel=1e-5)
