"""The peer's side of data_filters.py: datatrove's filter classes, run in an environment of its own.

`decide LANGUAGE`: their decisions on given tokens and sentences. `time LANGUAGE`: MB per CPU-second on given tokens, and as shipped.
"""

import json
import sys
import time
from pathlib import Path

import datatrove.pipeline.filters.c4_filters as c4
import datatrove.pipeline.filters.fineweb_quality_filter as fineweb
import datatrove.pipeline.filters.gopher_quality_filter as quality
import datatrove.pipeline.filters.gopher_repetition_filter as repetition
from datatrove.data import Document
from datatrove.utils.text import split_into_words

FOLDER = Path(sys.argv[1])
LANGUAGES = {"en": "eng", "zh": "zho"}
given: dict = {}


def given_tokens() -> None:
    """Let the classes take tokens and sentences from `given`."""
    for module in (quality, repetition, fineweb):
        module.split_into_words = lambda text, language=None: given["tokens"]
    c4.split_into_sentences = lambda line, language=None: [""] * given["sentences"][line]


CHINESE = {
    "gopher_repetition": {
        "dup_line_frac": 0.287,
        "top_n_grams": ((2, 0.256), (3, 0.201), (4, 0.171)),
        "dup_n_grams": ((5, 0.198), (6, 0.182), (7, 0.167), (8, 0.154), (9, 0.14), (10, 0.127)),
    },
    "gopher_quality": {
        "min_avg_word_length": 1,
        "max_avg_word_length": 5,
        "max_non_alpha_words_ratio": 0.735,
        "stop_words": list("的年在月是和日了於·為有被人中为他與後也而由"),
    },
    "fineweb": {"line_punct_thr": 0.106, "new_line_ratio": 0.178},
}
"""FineWeb 2's settings for cmn_Hani, as the rule set zh-web has them."""


def classes(language: str) -> dict:
    """The filters, by the names of data_filters.py, with the bounds for the language."""
    own = CHINESE if language == "zho" else {}
    return {
        "gopher_repetition": repetition.GopherRepetitionFilter(language=language, **own.get("gopher_repetition", {})),
        "gopher_quality": quality.GopherQualityFilter(language=language, **own.get("gopher_quality", {})),
        "fineweb": fineweb.FineWebQualityFilter(language=language, **own.get("fineweb", {})),
        "c4": c4.C4QualityFilter(),
    }


def code(verdict: object) -> str:
    """Why a text goes; an empty string when it stays."""
    return "" if verdict is True else verdict[1]


def decide(language: str) -> None:
    """Every filter on every row."""
    given_tokens()
    filters = classes(LANGUAGES[language])
    found: dict = {name: [] for name in filters}
    for row in json.loads((FOLDER / "rows.json").read_text(encoding="utf-8")):
        given.clear()
        given.update(row)
        for name, each in filters.items():
            found[name].append(code(each.filter(Document(text=row["text"], id="1"))))
    (FOLDER / "decided.json").write_text(json.dumps(found), encoding="utf-8")


def time_of(language: str) -> None:
    """Both speeds, over the filters that are for any language."""
    texts = json.loads((FOLDER / "speed.json").read_text(encoding="utf-8"))[language]
    code_of = LANGUAGES[language]
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    filters = [each for name, each in classes(code_of).items() if name != "c4"]
    tokens = [split_into_words(text, code_of) for text in texts]  # warm, and what the other timing is given
    shipped = _run(filters, texts, None)
    given_tokens()
    on_tokens = _run(filters, texts, tokens)
    figures = {"shipped": megabytes / shipped, "classes": megabytes / on_tokens}
    (FOLDER / f"time.{language}.json").write_text(json.dumps(figures), encoding="utf-8")


def _run(filters: list, texts: list, tokens: list | None) -> float:
    started = time.process_time()
    for number, text in enumerate(texts):
        if tokens:
            given["tokens"] = tokens[number]
        for each in filters:
            if each.filter(Document(text=text, id="1")) is not True:
                break
    return time.process_time() - started


{"decide": decide, "time": time_of}[sys.argv[2]](sys.argv[3])
