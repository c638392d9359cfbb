"""What a model is asked about a document: the settings of labelling by a model, and the request that follows from them.

Examples from people's labels can go before the question, never the document itself.
"""

import random
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from pydantic import Field

from danlu.core.artifacts import Corpus, Labels
from danlu.core.errors import UserError
from danlu.core.stages import Config
from danlu.data.label.prompt import Shot, messages, response_format
from danlu.data.label.records import Label, read_labels, text_hash
from danlu.data.label.schema import LabelSchema, SchemaFile
from danlu.text.tables import stream_rows


class ModelConfig(Config):
    """How a model is asked."""

    max_characters: int = Field(6000, ge=100)
    """Of each document, from its beginning; what is cut off is noted in `meta`."""
    samples: int = Field(1, ge=1, le=50)
    """Replies for each document; 3 to 10 tell how sure the model is, at that many times the price."""
    min_share: float = Field(0.5, ge=0, le=1)
    """Of the samples that give a label, the share that must agree on it (more than this, when there are several)."""
    temperature: float = Field(0.0, ge=0, le=2)
    """Of the only sample. Several are drawn at `sampling_temperature`."""
    sampling_temperature: float = Field(0.7, gt=0, le=2)
    """0.5 to 1: samples at 0 are all the same."""
    max_reply_tokens: int = Field(200, ge=5)
    """A label takes about 20; a model that thinks aloud needs more."""
    shots: int = Field(0, ge=0, le=20)
    """Examples for each label, from --known."""
    structured: Literal["json_schema", "json_object", "none"] = "json_schema"
    """What the server can be held to: most take a JSON schema; `none` for one that refuses the others."""
    prompt_language: Literal["auto", "zh", "en"] = "auto"
    """auto: Chinese for Chinese documents, else English."""

    def check(self, has_labels: bool) -> None:
        """Raises UserError when examples are wanted and there are no labels to take them from."""
        if self.shots and not has_labels:
            raise UserError("{shots} examples are wanted, and there are no labels", "Give --known.", shots=self.shots)


class Question(NamedTuple):
    """What is needed to ask about any document."""

    config: ModelConfig
    schema: LabelSchema
    shots: dict[str, list[tuple[str, str]]]
    """For each label, (doc_id, text) of examples: one more than are shown, since a document is no example for itself."""
    seed: int

    def request(self, row: dict[str, Any], sample: int) -> dict[str, Any]:
        """The body of a request, without the model's name."""
        config = self.config
        language = config.prompt_language
        spoken = ("zh" if row["language"] == "zh" else "en") if language == "auto" else language
        shown = [
            Shot(text, label)
            for label, found in self.shots.items()
            for _, text in [entry for entry in found if entry[0] != row["doc_id"]][: config.shots]
        ]
        several = config.samples > 1
        return {
            "messages": messages(self.schema, row["text"][: config.max_characters], shown, spoken),
            "temperature": config.sampling_temperature if several else config.temperature,
            "max_tokens": config.max_reply_tokens,
            "seed": self.seed + sample,
        } | response_format(self.schema, config.structured)


def question_of(
    config: ModelConfig, documents: Corpus, schema: SchemaFile, known: Labels | None, seed: int
) -> Question:
    """What will be asked; raises UserError when examples are wanted and there are none."""
    loaded = schema.load()
    config.check(known is not None)
    shots = _shots(documents, known, loaded, config, seed) if known and config.shots else {}
    return Question(config, loaded, shots, seed)


def _shots(
    documents: Corpus, known: Labels, schema: LabelSchema, config: ModelConfig, seed: int
) -> dict[str, list[tuple[str, str]]]:
    """For each label, examples drawn by seed from documents whose text is still the one that was labelled."""
    by_label: dict[str, list[Label]] = {name: [] for name in schema.names}
    for label in read_labels(known):
        by_label.get(label.label or "", []).append(label)
    wanted: dict[str, Label] = {}
    for name, found in by_label.items():
        ordered = sorted(found, key=lambda label: label.doc_id)
        draw = random.Random(f"{seed} {name}").sample(ordered, min(len(ordered), config.shots + 1))  # noqa: S311
        wanted |= {label.doc_id: label for label in draw}
    shots: dict[str, list[tuple[str, str]]] = {name: [] for name in schema.names}
    for row in stream_rows(documents.documents, ["doc_id", "text"]):
        example = wanted.get(row["doc_id"])
        if example is not None and example.text_hash == text_hash(row["text"]):
            shots[str(example.label)].append((row["doc_id"], row["text"][: config.max_characters // 4]))
    _check_shots(shots)
    return shots


def _check_shots(shots: Mapping[str, Sequence[tuple[str, str]]]) -> None:
    bare = [name for name, found in shots.items() if not found]
    if bare:
        raise UserError(
            "No example in these documents is labelled {names}",
            "Label some, or leave out label.shots.",
            names=", ".join(bare),
        )
