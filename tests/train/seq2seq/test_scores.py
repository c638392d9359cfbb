"""Scores equal those of sacrebleu, and of rouge-score where its words are ours."""

import random

import pytest
import sacrebleu

from danlu.train.seq2seq.scores import bleu, chrf, common_length, is_chinese, rouge

_ENGLISH = [
    "The cat's on the mat, isn't it? It cost $3.50 (or 1,200 yen).",
    "Press F1-F12; see &quot;Help&quot; for more.",
    "A short one",
    "-",
]
_ENGLISH_MADE = [
    "The cat is on the mat, is it? It costs $3.50 or 1,300 yen.",
    'Press F1 to F12; see "Help".',
    "A short one",
    "No idea at all.",
]
_CHINESE = ["手册说明如何启动机器，以及如何停止机器。", "按 F1 键查看“帮助”（第 3.5 版）。", "压力为 7 bar。"]
_CHINESE_MADE = ["手册说明怎样启动机器，并停止它。", "按 F1 键看帮助（3.5 版）。", "压力是 8 bar。"]


@pytest.mark.parametrize(("made", "references"), [(_ENGLISH_MADE, _ENGLISH), (_CHINESE_MADE, _CHINESE)])
def test_bleu_and_chrf_equal_sacrebleu(made: list[str], references: list[str]) -> None:
    tokenize = "zh" if is_chinese(references) else "13a"
    assert bleu(made, references) == pytest.approx(
        sacrebleu.corpus_bleu(made, [references], tokenize=tokenize).score, abs=1e-9
    )
    assert chrf(made, references) == pytest.approx(sacrebleu.corpus_chrf(made, [references]).score, abs=1e-9)
    assert bleu(references, references) == pytest.approx(100)


@pytest.mark.parametrize(
    ("made", "references"), [(["a"], ["b"]), ([""], ["some words here now"]), (["x y z w v"], ["x"])]
)
def test_scores_of_next_to_nothing_equal_sacrebleu(made: list[str], references: list[str]) -> None:
    assert bleu(made, references) == pytest.approx(sacrebleu.corpus_bleu(made, [references]).score, abs=1e-9)
    assert chrf(made, references) == pytest.approx(sacrebleu.corpus_chrf(made, [references]).score, abs=1e-9)


def test_rouge_equals_what_rouge_score_gave() -> None:
    """rouge-score 0.1.2, use_stemmer=False, mean of the F-measures of the four English pairs."""
    found = rouge(_ENGLISH_MADE, _ENGLISH)
    assert found == pytest.approx({"rouge1": 59.848485, "rouge2": 43.982630, "rougeL": 59.848485}, abs=1e-4)


def test_rouge_counts_chinese_by_characters() -> None:
    found = rouge(["启动机器"], ["如何启动机器"])
    assert found == pytest.approx({"rouge1": 80.0, "rouge2": 75.0, "rougeL": 80.0})


def test_common_length_equals_the_plain_table() -> None:
    draw = random.Random(0)
    for _ in range(50):
        a, b = ([draw.choice("abc") for _ in range(draw.randrange(12))] for _ in range(2))
        table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
        for i, one in enumerate(a):
            for j, other in enumerate(b):
                table[i + 1][j + 1] = table[i][j] + 1 if one == other else max(table[i][j + 1], table[i + 1][j])
        assert common_length(a, b) == table[-1][-1]
