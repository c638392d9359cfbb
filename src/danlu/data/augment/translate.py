"""Back-translation (Sennrich et al. 2016, arXiv:1511.06709; as paraphrase: Edunov et al. 2018): there and back by two models.

Sentences are translated one by one. A sentence whose protected spans do not all come back as they were stays as it is, and is
counted: a translator that loses a number must not write it into a corpus.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from danlu.core.errors import UserError
from danlu.core.hashing import hash_facts, hash_file
from danlu.data.augment.protected import Spans
from danlu.text.language import is_chinese
from danlu.text.offsets import Edit
from danlu.text.sentences import sentence_spans

VERSION = 1
RULE = "translated there and back"
_MOST_TOKENS = 256
_LEAST_CHARACTERS = 8


class Translates(Protocol):
    """Translates sentences from one language into another. An input of a stage: it enters identity by its content."""

    def content_hash(self) -> str:
        """A hash of the weights, or of the name of what is asked."""

    def translate(self, sentences: Sequence[str], source: str, target: str) -> list[str]:
        """One translation for each sentence."""


@dataclass(frozen=True)
class TwoModels:
    """Two folders with sequence-to-sequence models of transformers (MarianMT and its like): zh to en, and en to zh."""

    zh_en: Path
    en_zh: Path

    def content_hash(self) -> str:
        """Of all files of both."""
        return hash_facts([_folder_hash(self.zh_en), _folder_hash(self.en_zh)])

    def translate(self, sentences: Sequence[str], source: str, target: str) -> list[str]:
        """Greedy search, so that equal sentences have equal translations."""
        folder = self.zh_en if (source, target) == ("zh", "en") else self.en_zh
        return [_translated(folder, sentence) for sentence in sentences]


def _folder_hash(folder: Path) -> str:
    if not (folder / "config.json").is_file():
        raise UserError(
            "{folder} holds no translation model: config.json is missing",
            "Name a folder that transformers' save_pretrained wrote, with its tokenizer.",
            folder=folder,
        )
    return hash_facts({path.name: hash_file(path) for path in sorted(folder.iterdir()) if path.is_file()})


@cache
def _model(folder: Path) -> tuple[Any, Any]:
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    return AutoTokenizer.from_pretrained(folder), AutoModelForSeq2SeqLM.from_pretrained(folder).eval()


def _translated(folder: Path, sentence: str) -> str:
    import torch

    tokenizer, model = _model(folder)
    ids = tokenizer(sentence, return_tensors="pt", truncation=True, max_length=_MOST_TOKENS)
    with torch.inference_mode():
        made = model.generate(**ids, max_new_tokens=_MOST_TOKENS, num_beams=1, do_sample=False)
    return str(tokenizer.decode(made[0], skip_special_tokens=True)).strip()


def back_translated(
    text: str, language: str, protected: Spans, translator: Translates, choose: Callable[[], bool]
) -> Iterator[tuple[Edit | None, str]]:
    """(edit, form) for every chosen sentence; None where the way back lost a fact, the language, or said the same."""
    other = "en" if language == "zh" else "zh"
    for start, end in sentence_spans(text):
        if end - start < _LEAST_CHARACTERS or not choose():
            continue
        sentence = text[start:end]
        [there] = translator.translate([sentence], language, other)
        [back] = translator.translate([there], other, language)
        kept = all(text[a:b] in back for a, b in protected if a < end and b > start)
        same_language = is_chinese(back) == (language == "zh")
        yield (Edit(start, end, back, RULE) if back and back != sentence and kept and same_language else None), RULE
