import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from corpora import corpus
from danlu.core.artifacts import Chats, Checkpoint
from danlu.core.progress import Silent
from danlu.core.stages import Facts
from danlu.model.encoder import LsaEncoder, Vectors, load_encoder, save_lsa
from danlu.model.joined_encoder import JoinedEncoder
from danlu.text.ranking import utility
from danlu.text.records import Block, Document
from danlu.train.retriever import RetrieverConfig, fit_lsa, train_retriever
from danlu.train.retriever.across import across, foreign_languages, sentences
from danlu.train.retriever.candidates import Candidate
from danlu.train.retriever.cloze import cloze_pairs, mined
from danlu.train.retriever.contrastive import _gradient, learn_contrastive
from danlu.train.retriever.joining import joined
from danlu.train.retriever.judge import Judge, takes_place
from danlu.train.retriever.lsa import term_rows
from danlu.train.retriever.stage import _known, _Tried
from stages import ran

TEXTS = [
    "the disk is encrypted with a key",
    "a key opens the encrypted disk",
    "the kernel loads a module at boot",
    "boot loads the kernel and its module",
    "a printer prints on paper",
    "paper goes into the printer",
]
SUBJECTS = ("disk key secret lock", "kernel module boot driver", "printer paper tray ink", "mail letter address box")
THINGS = [f"thing{number}" for number in range(30)]


def _pages(count: int = 40) -> list[str]:
    """Passages of two sentences on one of four subjects, each half of whose words the other has not."""
    rng = np.random.default_rng(1)
    pages = []
    for number in range(count):
        words = SUBJECTS[number % 4].split()
        first, second = (" ".join([*rng.choice(words, 2), *rng.choice(THINGS, 3)]) for _ in range(2))
        pages.append(f"The {first} is there. Use the {second} now.")
    return pages


CONFIG = RetrieverConfig(dimensions=8, step_queries=16, most_steps=60, contrastive_epochs=50)


@dataclass(frozen=True)
class Oracle:
    """Knows which text answers which question: vectors are rows of the identity."""

    places: dict[str, int]

    @property
    def dimensions(self) -> int:
        return len(self.places)

    def encode(self, texts: Sequence[str]) -> Vectors:
        return np.eye(self.dimensions, dtype=np.float32)[[self.places[text] for text in texts]]

    encode_questions = encode


NOTHING = LsaEncoder({}, np.zeros(0, dtype=np.float32), np.zeros((0, 2), dtype=np.float32))


def test_texts_that_share_words_are_nearer_than_texts_that_do_not() -> None:
    vectors = fit_lsa(TEXTS, RetrieverConfig(dimensions=3), 0).encode(TEXTS)
    similarity = vectors @ vectors.T
    assert similarity[0, 1] > similarity[0, 2] and similarity[2, 3] > similarity[2, 4]


def test_fitting_twice_gives_the_same_numbers() -> None:
    first, second = (fit_lsa(TEXTS, RetrieverConfig(dimensions=3), 0) for _ in range(2))
    assert first.vocabulary == second.vocabulary
    assert np.array_equal(first.projection_VD, second.projection_VD)


@pytest.mark.parametrize("texts", [[], ["one text only"], ["a", "b"]])
def test_too_few_texts_give_an_encoder_that_knows_nothing_and_learns_nothing(texts: list[str]) -> None:
    encoder = fit_lsa(texts, RetrieverConfig(), 0)
    assert not encoder.encode(["one text"]).any()
    assert learn_contrastive(encoder, texts, texts, RetrieverConfig(), 0, Silent()) is encoder


def test_contrastive_learning_brings_sentences_nearer_to_their_own_passages() -> None:
    pages = _pages()
    start = fit_lsa(pages, CONFIG, 0)
    learnt = learn_contrastive(start, pages, [str(at) for at in range(len(pages))], CONFIG, 0, Silent())
    pairs = cloze_pairs(pages, 1000, np.random.default_rng(0))

    def own_first(encoder: LsaEncoder) -> float:
        similarity = encoder.encode(pairs.sentences) @ encoder.encode(pages).T
        return float((similarity.argmax(axis=1) == pairs.passages).mean())

    assert own_first(learnt) > own_first(start)
    assert learnt.vocabulary == start.vocabulary and learnt.dimensions == start.dimensions


def test_the_slope_of_contrastive_learning_is_that_of_its_loss() -> None:
    rng = np.random.default_rng(0)
    encoder = fit_lsa(_pages(), CONFIG, 0)
    queries, passages = term_rows(encoder, ["disk thing1", "paper thing2"]), term_rows(encoder, _pages()[:5])
    rows_VD = rng.standard_normal((len(encoder.vocabulary), 4))
    ruled_out = np.zeros((2, 5), dtype=bool)
    ruled_out[:, :2], ruled_out[1, 4] = np.eye(2, dtype=bool), True

    def loss(at_VD: np.ndarray) -> float:  # type: ignore[type-arg]
        asked, found = (matrix @ at_VD for matrix in (queries, passages))
        cosines = (asked / np.linalg.norm(asked, axis=1)[:, None]) @ (found / np.linalg.norm(found, axis=1)[:, None]).T
        logits = np.where(ruled_out & ~np.eye(2, 5, dtype=bool), -np.inf, cosines / 0.5)
        return float(np.mean([np.log(np.exp(logits[q]).sum()) - logits[q, q] for q in range(2)]))

    slope_VD = _gradient(queries, passages, rows_VD, ruled_out, 0.5)
    for term, dimension in zip(*np.nonzero(np.abs(slope_VD) > 0.01), strict=True):
        moved = rows_VD.copy()
        moved[term, dimension] += 1e-6
        assert (loss(moved) - loss(rows_VD)) / 1e-6 == pytest.approx(slope_VD[term, dimension], abs=1e-4)


def test_hard_negatives_are_of_other_sections_and_no_near_copies() -> None:
    pages = [
        "The key opens the lock. It is red.",
        "The key opens the lock. It is red!",
        "A key for the lock. Blue it is.",
    ]
    pairs = cloze_pairs(pages, 10, np.random.default_rng(0))
    own = pairs.passages.tolist()
    for passage, negatives in zip(own, mined(pairs, pages, np.array([0, 1, 2]), 2), strict=True):
        assert {0: {2}, 1: {2}, 2: {0, 1}}[passage] >= set(negatives)
    assert not any(mined(pairs, pages, np.array([0, 0, 0]), 2))


_LEARN = """
import hashlib, os, sys
os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[: int(sys.argv[1])]))
import numpy as np
from danlu.core.progress import Silent
from danlu.core.threads import one_blas_thread
from danlu.train.retriever import RetrieverConfig, fit_lsa
from danlu.train.retriever.contrastive import learn_contrastive
rng = np.random.default_rng(0)
words = [f"w{number}" for number in range(2000)]
texts = [". ".join(" ".join(rng.choice(words, 40)) for _ in range(3)) + "." for _ in range(200)]
config = RetrieverConfig(most_steps=12)
with one_blas_thread():
    encoder = learn_contrastive(fit_lsa(texts, config, 0), texts, [str(at) for at in range(200)], config, 0, Silent())
print(encoder.dimensions, hashlib.sha256(encoder.projection_VD.tobytes()).hexdigest())
"""


def test_the_contrastive_encoder_is_the_same_on_any_number_of_cores() -> None:
    found = {
        subprocess.run([sys.executable, "-c", _LEARN, cores], capture_output=True, text=True, check=True).stdout
        for cores in ("1", "2", "2")
    }
    assert len(found) == 1 and found.pop().startswith("128 ")


def _document(count: int) -> Document:
    text, blocks = "", []
    for number, body in enumerate(_pages(count)):
        for kind, level, piece in (("heading", 1, f"Heading {number}"), ("text", 0, body)):
            blocks.append(Block(len(text), len(text) + len(piece), kind, level=level))
            text += piece + "\n\n"
    return Document("d", text, "Title", "d.md", "text/markdown", "MIT", "en", tuple(blocks))


def _asked(document: Document, questions: dict[int, str], splits: str) -> Chats:
    """Questions by number of section, with the first letters of their splits: `t` or `h`."""
    starts = [block.start for block in document.blocks if block.kind == "heading"]
    rows = [
        {"question": text, "language": "en", "sections": [f"d:{starts[at]}"],
         "split": "train" if split == "t" else "held_out"}
        for (at, text), split in zip(questions.items(), splits, strict=True)
    ]  # fmt: skip

    def write(folder: Path) -> Facts:
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / "questions.jsonl").write_text(text, encoding="utf-8")
        return Facts()

    return ran(Chats, write)


def _judge(splits: str) -> tuple[Judge, Oracle]:
    """One question a page in words that the corpus has not, and an encoder that knows all answers."""
    pages = _pages(24)
    document = _document(24)
    questions = {at: f"question{at} unheard" for at in range(24)}
    starts = [block.start for block in document.blocks if block.kind == "heading"]
    judge = Judge(pages, [f"d:{start}" for start in starts], _asked(document, questions, splits))
    places = {text: at for at, text in enumerate(pages)} | {text: at for at, text in questions.items()}
    return judge, Oracle(places)


def test_an_encoder_that_finds_what_words_do_not_takes_the_place() -> None:
    judge, oracle = _judge("th" * 12)
    known, unknown = judge.found(judge.read(oracle)), judge.found(judge.read(NOTHING))
    gains = utility(judge.fused(known)) - utility(judge.fused(unknown))
    chosen = judge.side(calibrates=True)
    assert (known.alone_Q == 1).all() and (unknown.alone_Q == 0).all()
    assert takes_place(gains[chosen], 1, 0) and not takes_place(-gains[chosen], 1, 0)
    assert not takes_place(np.zeros(12), 1, 0) and not takes_place(np.zeros(0), 1, 0)


def test_more_trials_need_more_evidence() -> None:
    gains = np.array([1.0] * 12 + [-1.0] * 3)
    won = [takes_place(gains, trials, 0) for trials in (1, 40)]
    assert won == [True, False]


def test_held_out_questions_choose_nothing() -> None:
    judge, oracle = _judge("t" * 4 + "h" * 20)
    found = judge.found(judge.read(oracle))
    changed = type(found)(found.alone_Q, found.fused_SQ.copy())
    changed.fused_SQ[:, judge.side(calibrates=False)] = 0
    chosen = judge.side(calibrates=True)
    assert (judge.fused(found)[chosen] == judge.fused(changed)[chosen]).all()


def test_the_stage_keeps_the_numbers_of_what_it_did_not_use() -> None:
    document = _document(24)
    chats = _asked(document, {at: f"thing{at} disk" for at in range(24)}, "th" * 12)
    documents = corpus([document], parts=1)

    def made(**changes: object) -> Checkpoint:
        config = CONFIG.model_copy(update=changes)
        body = train_retriever.body
        return ran(Checkpoint, lambda work: body(work, config, documents=documents, chats=chats), work=True)

    both, alone = made(most_steps=5), made(contrastive_epochs=0)
    report = json.loads((both.path / "report.json").read_text(encoding="utf-8"))
    assert [row["name"] for row in report["candidates"]] == ["lsa", "contrastive"]
    first, second = report["candidates"]
    assert first["used"] and second["over"] == "lsa" and second["calibration"]["questions"] == 12
    low, mean, high = second["calibration"]["gain"]
    assert low <= mean <= high and second["used"] == (report["used"] == "contrastive")
    assert "contrastive / lsa" in both.manifest.note and not alone.manifest.note
    assert load_encoder(both.path).encode(["disk key"]).any()
    assert made(most_steps=5).manifest.content_hash == both.manifest.content_hash
    without = train_retriever.body
    untested = ran(Checkpoint, lambda work: without(work, CONFIG, documents=documents, chats=_asked(document, {}, "")), work=True)  # fmt: skip
    assert untested.manifest.note == "no calibration question: lsa is used, untested"


@dataclass(frozen=True)
class Reader:
    """Knows the shipped sentences by their number, whatever language they are in, and sees only some of the others' answers."""

    places: dict[str, int]
    across: bool
    dimensions: int = 200

    def encode(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in enumerate(texts):
            place = self.places.get(text, SENTENCE_PLACES.get(text, 0) if self.across else 0)
            vectors[row, place] = 1
        return vectors

    encode_questions = encode


SENTENCE_PLACES = {text: 100 + at for at, row in enumerate(sentences()) for text in row.values()}


def test_an_encoder_that_puts_translations_together_reads_both_languages() -> None:
    both, one = across(Reader({}, True)), across(Reader({}, False))
    assert both.share == 1 and one.share < 0.1
    assert both.moves["zh"] == pytest.approx(-both.moves["en"])


def test_a_language_of_hardly_any_passage_is_foreign() -> None:
    assert foreign_languages(["the disk"] * 30) == ["zh"] and foreign_languages(["磁盘坏了"] * 30) == ["en"]
    assert not foreign_languages(["the disk", "磁盘坏了"]) and not foreign_languages([])


def _ready(name: str, reader: Reader, share: float) -> Candidate:
    return Candidate(name, reader, lambda folder: save_lsa(NOTHING, folder), 0.0, share, ("MIT",), ready=True)


def test_of_two_encoders_each_language_gets_the_mixture_that_finds_most(tmp_path: Path) -> None:
    judge, oracle = _judge("tttth" * 4 + "tttt")
    blind = Reader(dict.fromkeys(oracle.places, 0), True)
    ready = [_ready("knows", Reader(oracle.places, False), 0.0), _ready("reads", blind, 1.0)]
    both = joined(judge, ready, [judge.read(one.encoder) for one in ready])
    assert both is not None and both.candidate.name == "knows + reads" and both.candidate.across == 1.0
    assert isinstance(both.candidate.encoder, JoinedEncoder)
    assert both.candidate.encoder.shares["en"][0] > 0 and both.candidate.encoder.shares["zh"] == (0.0, 1.0)
    assert utility(both.found.alone_Q).mean() > 0.9
    both.candidate.save(tmp_path)
    assert load_encoder(tmp_path).dimensions == 2 * NOTHING.dimensions
    assert joined(judge, [ready[1], ready[1]], [judge.read(blind)] * 2) is not None


def test_within_chance_an_encoder_that_reads_both_languages_takes_the_place() -> None:
    judge, _ = _judge("t" * 24)
    equal, worse = np.full(24, 0.5), np.zeros(24)
    best = _Tried(_ready("one", Reader({}, False), 0.1), equal, equal)
    reads, fails = (_Tried(_ready("both", Reader({}, True), 0.9), ranks, ranks) for ranks in (equal, worse))
    assert _known(judge, [best, reads, fails], best, 0) is reads
    assert _known(judge, [best, fails], best, 0) is best
    assert _known(judge, [reads, best], reads, 0) is reads


@pytest.mark.parametrize("splits", ["", "ttt", "t" * 7])
def test_few_questions_leave_the_place_to_an_encoder_that_is_known_to_find_more(splits: str) -> None:
    pages, document = _pages(24), _document(24)
    starts = [block.start for block in document.blocks if block.kind == "heading"]
    asked = _asked(document, {at: f"question{at} unheard" for at in range(len(splits))}, splits)
    judge = Judge(pages, [f"d:{start}" for start in starts], asked)
    half, none = np.full(len(splits), 0.5), np.zeros(len(splits))
    lsa = _Tried(_ready("lsa", Reader({}, False), 0.0), half, half)
    reads = _Tried(_ready("both", Reader({}, True), 0.9), half, half)
    english = _Tried(replace(_ready("en", Reader({}, False), 0.1), english=True), half, half)
    unknown = _Tried(_ready("any", Reader({}, False), 0.1), half, half)
    assert _known(judge, [lsa, english, reads], lsa, 0) is reads
    assert _known(judge, [lsa, unknown, english], lsa, 0) is english
    assert _known(judge, [lsa, unknown], lsa, 0) is lsa
    loses = _Tried(reads.candidate, none, none)
    assert _known(judge, [lsa, loses], lsa, 0) is (lsa if len(splits) == 7 else loses)


def test_many_questions_are_needed_no_more_for_english_alone() -> None:
    judge, _ = _judge("t" * 24)
    equal = np.full(24, 0.5)
    lsa = _Tried(_ready("lsa", Reader({}, False), 0.0), equal, equal)
    english = _Tried(replace(_ready("en", Reader({}, False), 0.1), english=True), equal, equal)
    assert _known(judge, [lsa, english], lsa, 0) is lsa


def test_an_encoder_that_is_set_is_used_whatever_the_questions_say() -> None:
    document = _document(24)
    chats = _asked(document, {at: f"thing{at} disk" for at in range(24)}, "th" * 12)
    documents = corpus([document], parts=1)
    for use in ("lsa", "contrastive"):
        config = CONFIG.model_copy(update={"use": use, "most_steps": 5})
        body = train_retriever.body
        made = ran(Checkpoint, partial(body, config=config, documents=documents, chats=chats), work=True)
        report = json.loads((made.path / "report.json").read_text(encoding="utf-8"))
        assert report["used"] == use and report["as set"]
        assert [row["name"] for row in report["candidates"]] == list(dict.fromkeys(["lsa", use]))
        assert made.manifest.note == f"{use} is used, as train_retriever.use says: 12 calibration questions"
