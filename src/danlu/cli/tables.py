"""Plain tables, aligned by the width that characters take on a terminal."""

import json
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from danlu.cli.questions_page import retrieval_table, share_table
from danlu.cli.release_page import checks_table
from danlu.cli.retriever_page import candidate_table
from danlu.cli.speech import Speech
from danlu.core.artifacts import BEFORE, Artifact, Index, Release, Report
from danlu.text.tables import stream_rows

_SHOWN_REJECTS = 20


def width(text: str) -> int:
    """Columns that a text takes: East Asian wide characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def padded(text: str, columns: int) -> str:
    """A text with spaces up to this many columns."""
    return text + " " * (columns - width(text))


def print_table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print rows below a header, columns aligned."""
    cells = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(width(row[column]) for row in cells) for column in range(len(header))]
    for row in cells:
        print("  ".join(padded(cell, size) for cell, size in zip(row, widths, strict=True)).rstrip())


def print_artifact(artifact: Artifact, say: Speech, as_json: bool) -> None:
    """One artifact: its manifest's facts, its rejects by rule, and its figures."""
    facts = json.loads(artifact.manifest.to_json())
    if isinstance(artifact, Report):
        facts["report"] = artifact.read()
    if as_json:
        _print_json(facts, rejects_of(artifact))
        return
    lines = {
        say("stage"): facts["stage"],
        say("id"): facts["id"],
        say("kind"): facts["kind"],
        say("content hash"): facts["content_hash"],
        say("licences"): ", ".join(facts["licences"]),
        say("note"): say(facts["note"]),
        say("parents"): _pairs(facts["parents"]),
        say("config"): _pairs(dict(_flat(facts["config"]))),
        say("counts"): _pairs({say(name): count for name, count in facts["counts"].items()}),
        say("runtime"): _pairs(facts["runtime"]),
    }
    for name, value in lines.items():
        if value:
            print(f"{name}: {value}")
    _print_rejects(artifact, say)
    _print_edits(artifact, say)
    if isinstance(artifact, Report):
        print_report(artifact.read(), say)
    if isinstance(artifact, Release):
        print_table(*checks_table(artifact, say))
    if isinstance(artifact, Index):
        _print_index(artifact, say)
    if artifact.manifest.stage == "train_retriever":
        print_table(*candidate_table(artifact.path, say))


def rejects_of(artifact: Artifact) -> Iterator[dict[str, Any]]:
    """Every reject with its `stage`, read as it is asked for; in the folder of a stand-alone command those of the stages before too."""
    for stage, folder in _accounts(artifact, "rejects"):
        yield from ({"stage": stage} | row for row in stream_rows(folder))


def _accounts(artifact: Artifact, table: str) -> list[tuple[str, Path]]:
    before = [(folder.parent.name, folder) for folder in sorted(artifact.path.glob(f"{BEFORE}/*/{table}"))]
    found = [*before, (artifact.manifest.stage, artifact.path / table)]
    return [(stage, folder) for stage, folder in found if any(folder.glob("*.parquet"))]


def _print_json(facts: dict[str, Any], rejects: Iterator[dict[str, Any]]) -> None:
    """The facts and all rejects as one object, holding one reject at a time."""
    print(json.dumps(facts, indent=2, ensure_ascii=False).removesuffix("\n}"), end=',\n  "rejects": [')
    for number, row in enumerate(rejects):
        print(",\n   " if number else "\n   ", json.dumps(row, ensure_ascii=False), end="")
    print("\n  ]\n}")


def _print_rejects(artifact: Artifact, say: Speech) -> None:
    rows = [
        [row["stage"], row["source"], *(say(row[name]) for name in ("rule", "value", "threshold"))]
        for row in islice(rejects_of(artifact), _SHOWN_REJECTS)
    ]
    if rows:
        print_table([say("stage"), say("rejected"), say("rule"), say("measured"), say("bound")], rows)
    files = (file for _, folder in _accounts(artifact, "rejects") for file in folder.glob("*.parquet"))
    count = sum(pq.read_metadata(file).num_rows for file in files) if len(rows) == _SHOWN_REJECTS else 0
    if count > _SHOWN_REJECTS:
        print(say("and {count} more: --json prints them all", count=count - _SHOWN_REJECTS))


def _print_edits(artifact: Artifact, say: Speech) -> None:
    """What was changed, by rule; in the folder of a stand-alone command by the stages before too."""
    rows = []
    for stage, folder in _accounts(artifact, "edits"):
        changes: dict[str, list[int]] = {}
        for file in sorted(folder.glob("*.parquet")):  # a document's edits stand in one file
            by_rule = pq.read_table(file).group_by("rule").aggregate([("count", "sum"), ("doc_id", "count_distinct")])
            for row in by_rule.to_pylist():
                counted = changes.setdefault(row["rule"], [0, 0])
                counted[:] = counted[0] + row["count_sum"], counted[1] + row["doc_id_count_distinct"]
        rows += [[stage, say(rule), *changes[rule]] for rule in sorted(changes)]
    if rows:
        print_table([say("changed by"), say("rule"), say("changes"), say("documents")], rows)


def _flat(config: dict[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """A config that holds others as one list of names, such as privacy.epsilon."""
    for name, value in config.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _pairs(facts: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in facts.items())


def _print_index(index: Index, say: Speech) -> None:
    from danlu.retrieve.index import opened
    from danlu.text.instructions import speaks_to_models

    with opened(index.database) as searcher:
        weights, gate = searcher.fact("weights"), searcher.fact("gate")
        texts = searcher.rows("SELECT source, text FROM passages JOIN documents USING (doc_id) ORDER BY passages.id")
    spoken = [[source, found] for source, text in texts if (found := speaks_to_models(text))]
    rows = [
        [
            language,
            *(weights[language][leg] for leg in ("words", "bigrams", "dense")),
            *(gate[stage][language] for stage in ("thresholds", "answer_thresholds")),
        ]
        for language in weights
    ]
    legs = [say("words"), say("bigrams"), say("dense")]
    print_table([say("language"), *legs, say("refused as off-domain below"), say("refused as unanswered below")], rows)
    if spoken:
        print(f"\n{say('passages that speak to a language model')}")
        print_table([say("source"), say("words")], spoken)


def print_report(report: dict[str, Any], say: Speech) -> None:
    """An evaluation as tables: those that it has."""
    if "retrieval_blind" in report:
        _print_retrieval(report, say)
    if "questions" in report:
        _print_questions(report["questions"], say)
    if report.get("likelihood"):
        print(f"\n{say('language models on held-out pairs')}")
        rows = [[say(name), *_likelihood_cells(figures, say)] for name, figures in report["likelihood"].items()]
        print_table([say("model"), say("nats per reply token"), say("pairs")], rows)
    if report.get("routes"):
        print(f"\n{say('routes on the same held-out questions')}")
        rows = [
            [say(name), f["questions"], f"{f['overlap_f1']:.3f}", f"{f['cited']:.0%}"]
            for name, f in report["routes"].items()
        ]
        print_table([say("route"), say("questions"), say("overlap (F1)"), say("cited")], rows)
    if report.get("written"):
        title = say("answers in the model's own words, each sentence held against what it cites")
        print(f"\n{title}")
        rows = [[say(name), *_written_cells(figures, say)] for name, figures in report["written"].items()]
        columns = [
            say("model"),
            say("questions"),
            say("sentences"),
            say("supported"),
            say("answers left"),
            say("may answer"),
        ]
        print_table(columns, rows)


def _print_questions(found: dict[str, Any], say: Speech) -> None:
    header, rows = retrieval_table(found, say)
    if rows:
        print(f"\n{say('retrieval: a passage that holds the known answer')}")
        print_table(header, rows)
    print(f"\n{say('answers and refusals')}")
    print_table(*share_table(found, say))
    if missing := found["held by no passage"]:
        told = say(
            "{count} answers stand in no passage of the index: not in the documents, or written otherwise in the questions",
            count=len(missing),
        )
        print(f"\n{told}")
        for question in missing[:_SHOWN_REJECTS]:
            print(f"  {question}")


def _written_cells(figures: dict[str, Any], say: Speech) -> list[Any]:
    supported = f"{figures['supported']} ({figures['supported'] / max(figures['sentences'], 1):.0%})"
    passed = say("yes") if figures["passed"] else say("no")
    return [figures["questions"], figures["sentences"], supported, figures["answers_left"], passed]


def _print_retrieval(report: dict[str, Any], say: Speech) -> None:
    for key, title in (
        ("retrieval_blind", say("retrieval of held-out heading questions, headings hidden")),
        ("retrieval_served", say("the same with headings, as served")),
    ):
        print(f"\n{title}")
        rows = [
            [language, say(leg), figures["questions"], f"{figures['recall_at_10']:.3f}", f"{figures['mrr_at_10']:.3f}"]
            for language, table in report[key].items()
            for leg, figures in table.items()
            if leg != "fused_gain"
        ]
        print_table([say("language"), say("leg"), say("questions"), "R@10", "MRR@10"], rows)
    answers = report["answers"]
    print(f"\n{say('answers and refusals')}")
    rows = [[say("citations verbatim in the source"), f"{answers['citation_validity']:.1%}", answers["citations"]]]
    rows.append(
        [
            say("own questions answered"),
            f"{answers['answered'] / max(answers['questions'], 1):.1%}",
            answers["questions"],
        ]
    )
    for language, figures in report["refusal"].items():
        rows.append(
            [
                say("off-domain questions refused ({language})", language=language),
                f"{figures['share']:.1%}",
                figures["questions"],
            ]
        )
    print_table([say("measure"), say("share"), say("of")], rows)


def _likelihood_cells(figures: dict[str, Any] | str, say: Speech) -> list[Any]:
    if isinstance(figures, str):
        return [say(figures), ""]
    every = figures["conversations"] + figures["too_long"] + figures["not_reached"]
    return [f"{figures['nats_per_token']:.3f}", say("{count} of {every}", count=figures["conversations"], every=every)]
