"""Small labelled data with a rule that a tiny encoder learns in seconds."""

import json
from pathlib import Path

_GOOD = ("good", "nice", "great", "tasty")
_BAD = ("bad", "awful", "poor", "cold")
_THINGS = ("film", "food", "service")
_FRAMES = (
    "the {thing} was {word}",
    "this {thing} is very {word}",
    "{word} {thing} and it was {word}",
    "it is a {word} {thing}",
)
_PEOPLE, _PLACES = ("anna", "otto", "zoe", "max"), ("paris", "rome", "oslo", "lima")


def write(path: Path, rows: list) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def reviews() -> list:
    """96 different texts, half of them good."""
    return [
        {"text": frame.format(thing=thing, word=word), "label": label, "kind": "a" if at % 3 else "b"}
        for label, words in (("good", _GOOD), ("bad", _BAD))
        for word in words
        for thing in _THINGS
        for at, frame in enumerate(_FRAMES)
    ]


def topics() -> list:
    """The same texts with any number of labels."""
    return [
        {
            "text": row["text"],
            "labels": [name for name in ("food", "film") if name in row["text"]]
            + ["praise"] * (row["label"] == "good"),
        }
        for row in reviews()
    ]


def entities() -> list:
    """Sentences with people and places, half as tokens with tags, half as texts with offsets."""
    rows: list = []
    for number, (person, place) in enumerate((person, place) for person in _PEOPLE for place in _PLACES):
        for verb in ("visited", "likes"):
            tokens = [person, verb, place, "."]
            if number % 2:
                rows.append({"tokens": tokens, "tags": ["B-PER", "O", "B-LOC", "O"]})
            else:
                start = len(person) + len(verb) + 2
                people = {"start": 0, "end": len(person), "label": "PER"}
                places = {"start": start, "end": start + len(place), "label": "LOC"}
                rows.append({"text": f"{person} {verb} {place} .", "entities": [places, people]})
    return rows


def questions() -> list:
    """Who lives where, and a question in five that the context does not answer."""
    rows: list = []
    for number, (person, place) in enumerate((person, place) for person in _PEOPLE for place in _PLACES):
        context = f"{person} works in {place} ."
        rows.append({"context": context, "question": "who works ?", "answers": [{"start": 0, "text": person}]})
        start = context.index(place)
        rows.append({"context": context, "question": "where ?", "answers": [{"start": start, "text": place}]})
        if number % 2:
            rows.append({"context": context, "question": "what food ?", "answers": []})
    return rows
