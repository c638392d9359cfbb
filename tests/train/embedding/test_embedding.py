"""Embedding models and rerankers: data checked, negatives hard and never answers, gains measured, resume exact."""

import json
import signal
from math import log2

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer

from danlu.core.errors import UserError
from danlu.core.outside import DataFile
from danlu.recipes.settings import Settings
from danlu.recipes.single_embedding import Material, embed_plan, rerank_plan
from danlu.text.tables import read_rows
from danlu.train.embedding.lexical import Lexical, nearly_equal, shingles_of
from danlu.train.embedding.measure import compared, ranked_scores, scores_of
from danlu.train.embedding.negatives import filled, hard_negatives
from danlu.train.embedding.pairs import check_pairs
from danlu.train.embedding.rerank import RerankConfig, length_read
from danlu.train.embedding.stage import EmbedConfig, lengths_read
from plan_runs import run, run_killed
from tiny_bert import make_tiny_bert

PLACES = ("anna", "otto", "paris", "rome", "red", "green", "blue", "food", "film", "service")
TASTES = ("good", "bad", "nice", "awful", "great", "poor", "tasty", "cold")
SETTINGS = {"embed.epochs": 6, "embed.group_queries": 12, "embed.learning_rate": 3e-3, "embed.query_tokens": 16,
            "embed.passage_tokens": 32, "retrieval_pairs.held_out_share": 0.3}  # fmt: skip


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    return make_tiny_bert(tmp_path_factory.mktemp("bert"))


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """A query names place and taste; its passage says them in another order, among words that all passages share."""
    rows = [
        {
            "query": f"where is the {taste} {place}",
            "positive": f"{place} 2{at} was visited, it is {taste} {number}{at}{place}",
        }
        for at, place in enumerate(PLACES)
        for number, taste in enumerate(TASTES)
    ]
    path = tmp_path_factory.mktemp("pairs") / "pairs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture(scope="module")
def embedded(bert, pairs, tmp_path_factory):
    return run(_embed_plan(bert, pairs), tmp_path_factory.mktemp("embedded"))


def _embed_plan(bert, pairs):
    return embed_plan(Material(pairs, (), "unknown"), f"path:{bert}", Settings(dict(SETTINGS)))


def test_an_embedding_model_learns_its_pairs_and_loads_in_transformers(embedded):
    report = json.loads((embedded.path / "report.json").read_text())
    ndcg = report["held_out"]["ndcg@10"]
    assert ndcg["after"] > ndcg["before"] and ndcg["gain_low"] <= ndcg["gain"] <= ndcg["gain_high"]
    losses = report["nats_per_query_by_step"]
    assert losses[-1] < losses[0]
    model, tokenizer = AutoModel.from_pretrained(embedded.path), AutoTokenizer.from_pretrained(embedded.path)
    with torch.no_grad():
        states = model(**tokenizer("where is paris", return_tensors="pt")).last_hidden_state
    assert states.shape[-1] == 32
    assert [module["path"] for module in json.loads((embedded.path / "modules.json").read_text())] == [
        "",
        "1_Pooling",
        "2_Normalize",
    ]


@pytest.mark.parametrize(
    ("config", "asked", "read"),
    [
        (EmbedConfig(), lengths_read, (48, 64)),
        (EmbedConfig(query_tokens=16, passage_tokens=32), lengths_read, (16, 32)),
        (RerankConfig(), length_read, 64),
    ],
)
def test_what_is_not_said_follows_what_the_encoder_reads(bert, config, asked, read):
    assert asked(bert, config) == read


def test_an_encoder_of_few_positions_is_fitted_at_the_defaults(bert, pairs, tmp_path):
    quick = {"embed.epochs": 1, "rerank.epochs": 1}
    for plan, stage in ((embed_plan, "embed"), (rerank_plan, "rerank")):
        settings = Settings({name: value for name, value in quick.items() if name.startswith(stage)})
        made = run(plan(Material(pairs, (), "unknown"), f"path:{bert}", settings), tmp_path / stage)
        queries = made.manifest.counts["queries held_out"]
        assert f"on {queries} held-out queries" in made.manifest.note
    assert json.loads((tmp_path / "embed/out/sentence_bert_config.json").read_text())["max_seq_length"] == 64


def test_more_than_the_encoder_reads_is_told_before_pairs_are_made(bert, tmp_path):
    with pytest.raises(UserError, match=r"embed.passage_tokens is 128, and .* reads 64 tokens at most"):
        embed_plan(Material(tmp_path / "none", (), "unknown"), f"path:{bert}", Settings({"embed.passage_tokens": 128}))


def test_resume_after_sigkill_equals_the_uninterrupted_run(bert, pairs, embedded, tmp_path):
    imports = (
        "from danlu.recipes.settings import Settings\nfrom danlu.recipes.single_embedding import Material, embed_plan"
    )
    plan = f"embed_plan(Material(Path({str(pairs)!r}), (), 'unknown'), 'path:{bert}', Settings({SETTINGS!r}))"
    assert run_killed(imports, plan, tmp_path, step=24) == -signal.SIGKILL
    assert list(tmp_path.glob("out/*/checkpoints/step-*"))
    assert run(_embed_plan(bert, pairs), tmp_path).manifest.content_hash == embedded.manifest.content_hash


def test_a_reranker_learns_and_loads_in_transformers(bert, pairs, tmp_path):
    settings = {"rerank.epochs": 1, "rerank.negatives": 2, "rerank.pair_tokens": 40, "rerank.learning_rate": 1e-3}
    made = run(rerank_plan(Material(pairs, (), "unknown"), f"path:{bert}", Settings(settings)), tmp_path)
    report = json.loads((made.path / "report.json").read_text())
    assert set(report["held_out"]) == {"recall@10", "mrr", "ndcg@10"}
    assert report["counts"]["queries train"] + report["counts"]["queries held_out"] == 80
    assert AutoModelForSequenceClassification.from_pretrained(made.path).config.num_labels == 1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "pairs.jsonl:2: not JSON"),
        ("[]", "pairs.jsonl:2: list, and not an object"),
        ('{"query": "a"}', "pairs.jsonl:2: the field positive is missing, and not text"),
        ('{"query": 3, "positive": "b"}', "pairs.jsonl:2: the field query is 3, and not text"),
        ('{"query": "a", "positive": "b", "negatives": "c"}', "the field negatives is"),
    ],
)
def test_a_wrong_line_is_told_with_its_number(tmp_path, line, message):
    path = tmp_path / "pairs.jsonl"
    path.write_text('{"query": "a", "positive": "b"}\n' + line + "\n")
    with pytest.raises(UserError) as told:
        check_pairs(DataFile(path))
    assert message in told.value.message


def test_what_cannot_be_learnt_from_is_rejected_and_counted(bert, tmp_path):
    rows = [{"query": f"who visited {place}", "positive": f"anna visited {place} {place}"} for place in PLACES]
    rows += [rows[0], {"query": " ", "positive": "rome"}, {"query": "q", "positive": "x", "negatives": ["X "]}]
    path = tmp_path / "pairs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    plan = embed_plan(
        Material(path, (), "unknown"),
        f"path:{bert}",
        Settings({"embed.epochs": 1, "retrieval_pairs.held_out_share": 0.5}),
    )
    pairs_step = plan.target.inputs["pairs"]
    made = run(type(plan)(pairs_step, 0), tmp_path / "run")
    assert made.manifest.counts["input"] == 13 and made.manifest.counts["rejected"] == 3
    rules = sorted(row["rule"] for row in read_rows(made.path / "rejects"))
    assert rules == ["a negative equals the positive", "empty text", "repeated example"]


def test_near_copies_of_an_answer_are_on_one_side(bert, tmp_path):
    long = "the service in paris was very good and the food was tasty not cold at all"
    rows = [
        {"query": f"{taste} {number}", "positive": f"{long} {taste} {number}"}
        for number, taste in enumerate(TASTES * 3)
    ]
    path = tmp_path / "pairs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    plan = embed_plan(Material(path, (), "unknown"), f"path:{bert}", Settings({}))
    made = run(type(plan)(plan.target.inputs["pairs"], 0), tmp_path / "run")
    assert sorted((made.manifest.counts["queries train"], made.manifest.counts["queries held_out"])) == [0, 24]


def test_hard_negatives_share_words_and_are_no_answers():
    texts = [
        "the pump has a valve",
        "the pump has a valve!",
        "the pump is blue",
        "an index of words",
        "valve of the boiler room",
    ]
    rows = [{"query": "pump valve", "positives": [0], "negatives": []}]
    lexical = Lexical.of(texts)
    [found] = hard_negatives(rows, texts, lexical, 3)
    assert 0 not in found and 1 not in found and set(found) == {2, 4}
    [full] = filled([found], rows, texts, 3, seed=0)
    assert len(full) == 3 and 0 not in full
    assert nearly_equal(shingles_of(texts[0]), shingles_of(texts[1]))


def test_lexical_search_is_bm25():
    """By hand: two texts, `pump` in one of them, k1 1.2 and b .75."""
    lexical = Lexical.of(["pump pump motor", "motor"])
    idf = np.log1p((2 - 1 + 0.5) / (1 + 0.5))
    expected = idf * 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * 3 / 2))
    assert lexical.weights_VN[lexical.vocabulary["pump"], 0] == pytest.approx(expected)
    assert lexical.best(["pump", "motor", "nothing"], 5) == [[0], [1, 0], []]


def test_ranks_are_scored_by_their_definitions():
    recall, reciprocal, ndcg = ranked_scores([7, 3, 9, 1], {3, 1, 5})
    assert (recall, reciprocal) == (pytest.approx(2 / 3), 0.5)
    ideal = 1 + 1 / log2(3) + 1 / 2
    assert ndcg == pytest.approx((1 / log2(3) + 1 / log2(5)) / ideal)
    assert ranked_scores([], {1}) == (0.0, 0.0, 0.0)
    same = scores_of([[1], [2]], [{1}, {1}])
    assert compared(same, same, seed=0)["mrr"] == {
        "before": 0.5,
        "after": 0.5,
        "gain": 0,
        "gain_low": 0,
        "gain_high": 0,
    }
