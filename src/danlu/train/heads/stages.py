"""The stages classify, tag and span: a base checkpoint and a file of labelled rows become a checkpoint with a head."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from danlu.core.artifacts import Checkpoint
from danlu.core.outside import DataFile
from danlu.core.stages import Facts, Stage, Work
from danlu.text.records import Reject
from danlu.train.examples import write_rejects
from danlu.train.heads.classify import ClassifyConfig, train_classifier
from danlu.train.heads.config import HeadInputs
from danlu.train.heads.sides import Sides
from danlu.train.heads.span import SpanConfig, train_reader
from danlu.train.heads.tag import TagConfig, train_tagger

if TYPE_CHECKING:
    from danlu.train.outlook import Outlook

_LIBRARIES = ("numpy", "safetensors", "tokenizers", "torch", "transformers")
_RULES = (("shingles", 1), ("head sides", 1))


def _classify(
    work: Work, config: ClassifyConfig, *, base: Checkpoint, file: DataFile, held_out: DataFile | None = None
) -> Facts:
    return _facts(work, base, *train_classifier(_inputs(base, file, held_out), config, work), _said_of_classes)


def _tag(work: Work, config: TagConfig, *, base: Checkpoint, file: DataFile, held_out: DataFile | None = None) -> Facts:
    return _facts(work, base, *train_tagger(_inputs(base, file, held_out), config, work), _said_of_entities)


def _span(
    work: Work, config: SpanConfig, *, base: Checkpoint, file: DataFile, held_out: DataFile | None = None
) -> Facts:
    return _facts(work, base, *train_reader(_inputs(base, file, held_out), config, work), _said_of_answers)


def outlook(
    work: Work,
    config: ClassifyConfig | TagConfig | SpanConfig,
    *,
    base: Checkpoint,
    file: DataFile,
    held_out: DataFile | None = None,
) -> "Outlook":
    """What is known before the body of one of the stages begins, which is given the same."""
    from danlu.train.heads.outlook import head_outlook

    return head_outlook(_inputs(base, file, held_out), config, work)


def _inputs(base: Checkpoint, file: DataFile, held_out: DataFile | None) -> HeadInputs:
    return HeadInputs(base.path, file.path, held_out.path if held_out else None)


class _Data(Protocol):
    """What every task's data say of themselves."""

    @property
    def input(self) -> int: ...
    @property
    def rejects(self) -> Sequence[Reject]: ...
    @property
    def sides(self) -> Sides: ...
    @property
    def long_texts(self) -> int: ...


def _facts(
    work: Work, base: Checkpoint, data: _Data, report: dict[str, Any], said: Callable[[dict[str, Any]], str]
) -> Facts:
    """Kept + rejected = input, the kept by side, and in a line what was measured on the held-out rows, if there are any."""
    by_rule = write_rejects(work.folder, data.rejects)
    counts = {"input": data.input, "kept": data.input - len(data.rejects), "rejected": len(data.rejects), **by_rule}
    counts |= {
        "training rows": len(data.sides.train),
        "validation rows": len(data.sides.validation),
        "test rows": len(data.sides.test),
        "long texts": data.long_texts,
        "steps": report["steps"],
        "steps left out": report["steps_left_out"],
    }
    licences = tuple(sorted({*base.manifest.licences, "unknown"}))
    return Facts(counts, licences, note=said(report["test"]) if data.sides.test else "")


def _said_of_classes(found: dict[str, Any]) -> str:
    baseline = found["most_frequent_label_accuracy"]
    return f"right for {found['accuracy']:.1%} of {found['rows']} held-out texts; the most frequent label alone for {baseline:.1%}"


def _said_of_entities(found: dict[str, Any]) -> str:
    return f"F1 {found['micro']['f1']:.3f} on the {found['entities']} entities of {found['texts']} held-out texts"


def _said_of_answers(found: dict[str, Any]) -> str:
    return f"exact for {found['exact']:.1%} of {found['questions']} held-out questions, F1 {found['f1']:.3f}"


classify = Stage(
    "classify",
    version=2,
    makes=Checkpoint,
    body=_classify,
    config=ClassifyConfig,
    libraries=_LIBRARIES,
    rules=_RULES,
    numeric=True,
    resumable=True,
    trains=True,
)
tag = Stage(
    "tag",
    version=2,
    makes=Checkpoint,
    body=_tag,
    config=TagConfig,
    libraries=_LIBRARIES,
    rules=_RULES,
    numeric=True,
    resumable=True,
    trains=True,
)
span = Stage(
    "span",
    version=2,
    makes=Checkpoint,
    body=_span,
    config=SpanConfig,
    libraries=_LIBRARIES,
    rules=_RULES,
    numeric=True,
    resumable=True,
    trains=True,
)
