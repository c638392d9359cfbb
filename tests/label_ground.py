"""Corpora and labels for the tests of labelling."""

import json
from collections.abc import Sequence
from pathlib import Path

from danlu.core.artifacts import Corpus, Labels
from danlu.core.stages import Config, Facts, Work
from danlu.data.label.functions import FunctionFile
from danlu.data.label.records import Label, text_hash
from danlu.data.label.weak import WeakConfig, label_weakly
from danlu.data.label.writing import LabelWriter
from danlu.text.language import document_language
from danlu.text.records import Document, Ledger
from stages import ran

MAILS = {
    "spam": [
        "You have won a free prize. Click here to claim your free money before it is gone.",
        "恭喜您中奖，请点击链接领取免费大奖，名额有限。",
        "Free free free: guaranteed mortgage with no credit check. Click here.",
        "免费领取优惠券，点击即可中奖，机会难得。",
    ],
    "ham": [
        "The meeting about the kernel patch is moved to Tuesday; see the mailing list.",
        "请把会议纪要发给我，周二之前合并补丁。",
        "On Monday she wrote: the build of the Debian package fails with this patch.",
        "附件是上次会议的记录，请查收并回复。",
    ],
}
FUNCTIONS = """
labels: [ham, spam]
functions:
  - {name: prize, label: spam, keywords: [free, 中奖, 大奖]}
  - {name: click, label: spam, keywords: [click here, 点击]}
  - {name: work, label: ham, keywords: [meeting, 会议, patch, 补丁]}
  - {name: polite, label: ham, regex: "请(把|查收)|mailing list|wrote:"}
"""


def document(name: str, text: str, **meta: object) -> Document:
    """A document in its own language."""
    return Document(name, text, "", f"docs/{name}", "text/plain", "MIT", document_language(text), meta=json.dumps(meta))


def mails(copies: int = 1) -> list[Document]:
    """The mails, each with its class in `meta`; copies differ in a number."""
    return [
        document(f"{label}-{at}-{copy:03}", text if copies == 1 else f"{text} {copy}", label=label)
        for copy in range(copies)
        for label, texts in MAILS.items()
        for at, text in enumerate(texts)
    ]


def corpus(documents: Sequence[Document]) -> Corpus:
    """The documents as an artifact."""
    return ran(Corpus, lambda folder: Ledger(len(documents), list(documents)).write(folder))


def labels(documents: Sequence[Document], given: Sequence[str], annotator: str = "anna", **more: object) -> Labels:
    """Labels by a person."""

    def body(folder: Path) -> Facts:
        writer = LabelWriter(folder, sorted(set(given)))
        with writer.part():
            for one, label in zip(documents, given, strict=True):
                writer.add(Label(one.doc_id, one.source, text_hash(one.text), label, "human", annotator, **more))
        return writer.facts()

    return ran(Labels, body)


def weak(
    documents: Sequence[Document], file: Path, known: Labels | None = None, workers: int = 1, **config: object
) -> Labels:
    """Weak labels by the functions of a file."""
    given = corpus(documents)

    def body(work: Work) -> Facts:
        return label_weakly.body(work, WeakConfig(**config), documents=given, functions=FunctionFile(file), known=known)

    return ran(Labels, body, work=True, workers=workers)


def made(stage, config: Config, **inputs):
    """What a stage of labels makes."""
    return ran(stage.makes, lambda work: stage.body(work, config, **inputs), work=True)
