"""The stages classify, tag and span: a base checkpoint and a file of labelled rows become a checkpoint with a head."""

from collections.abc import Sequence

from danlu.core.artifacts import Checkpoint
from danlu.core.outside import DataFile
from danlu.core.stages import Facts, Stage, Work
from danlu.text.records import Reject
from danlu.train.examples import write_rejects
from danlu.train.heads.classify import ClassifyConfig, train_classifier
from danlu.train.heads.sides import Sides
from danlu.train.heads.span import SpanConfig, train_reader
from danlu.train.heads.tag import TagConfig, train_tagger

_LIBRARIES = ("numpy", "safetensors", "tokenizers", "torch", "transformers")
_RULES = (("shingles", 1), ("head sides", 1))


def _classify(
    work: Work, config: ClassifyConfig, *, base: Checkpoint, file: DataFile, held_out: DataFile | None = None
) -> Facts:
    apart = held_out.path if held_out else None
    data, report = train_classifier(
        base.path, file.path, apart, config, work.folder, work.scratch, work.seed, work.threads, work.progress
    )
    counts = _counts(work, data.input, data.rejects, data.sides)
    counts |= {"long texts": data.long_texts, "steps": report["steps"], "steps left out": report["steps_left_out"]}
    licences = tuple(sorted({*base.manifest.licences, "unknown"}))
    if not data.sides.test:
        return Facts(counts, licences)
    found = report["test"]
    baseline = found["most_frequent_label_accuracy"]
    return Facts(
        counts,
        licences,
        note=f"right for {found['accuracy']:.1%} of {found['rows']} held-out texts; the most frequent label alone for {baseline:.1%}",
    )


def _tag(work: Work, config: TagConfig, *, base: Checkpoint, file: DataFile, held_out: DataFile | None = None) -> Facts:
    apart = held_out.path if held_out else None
    data, report = train_tagger(
        base.path, file.path, apart, config, work.folder, work.scratch, work.seed, work.threads, work.progress
    )
    counts = _counts(work, data.input, data.rejects, data.sides)
    counts |= {"long texts": sum(len(text.rows) > 1 for text in data.texts)}
    counts |= {"steps": report["steps"], "steps left out": report["steps_left_out"]}
    licences = tuple(sorted({*base.manifest.licences, "unknown"}))
    if not data.sides.test:
        return Facts(counts, licences)
    found = report["test"]
    return Facts(
        counts,
        licences,
        note=f"F1 {found['micro']['f1']:.3f} on the {found['entities']} entities of {found['texts']} held-out texts",
    )


def _span(
    work: Work, config: SpanConfig, *, base: Checkpoint, file: DataFile, held_out: DataFile | None = None
) -> Facts:
    apart = held_out.path if held_out else None
    data, report = train_reader(
        base.path, file.path, apart, config, work.folder, work.scratch, work.seed, work.threads, work.progress
    )
    counts = _counts(work, data.input, data.rejects, data.sides)
    counts |= {"long texts": sum(len(text.rows) > 1 for text in data.texts)}
    counts |= {"steps": report["steps"], "steps left out": report["steps_left_out"]}
    licences = tuple(sorted({*base.manifest.licences, "unknown"}))
    if not data.sides.test:
        return Facts(counts, licences)
    found = report["test"]
    return Facts(
        counts,
        licences,
        note=f"exact for {found['exact']:.1%} of {found['questions']} held-out questions, F1 {found['f1']:.3f}",
    )


def _counts(work: Work, input: int, rejects: Sequence[Reject], sides: Sides) -> dict[str, int]:
    """Kept + rejected = input, and the kept by side."""
    by_rule = write_rejects(work.folder, rejects)
    counts = {"input": input, "kept": input - len(rejects), "rejected": len(rejects), **by_rule}
    return counts | {
        "training rows": len(sides.train),
        "validation rows": len(sides.validation),
        "test rows": len(sides.test),
    }


classify = Stage(
    "classify",
    version=1,
    makes=Checkpoint,
    body=_classify,
    config=ClassifyConfig,
    libraries=_LIBRARIES,
    rules=_RULES,
    numeric=True,
    resumable=True,
)
tag = Stage(
    "tag",
    version=1,
    makes=Checkpoint,
    body=_tag,
    config=TagConfig,
    libraries=_LIBRARIES,
    rules=_RULES,
    numeric=True,
    resumable=True,
)
span = Stage(
    "span",
    version=1,
    makes=Checkpoint,
    body=_span,
    config=SpanConfig,
    libraries=_LIBRARIES,
    rules=_RULES,
    numeric=True,
    resumable=True,
)
