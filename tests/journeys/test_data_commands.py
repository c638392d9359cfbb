"""Every data command in a row, on real documents in Chinese and English, without a project: what one writes the next one reads."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from commands import Outcome, here
from danlu.core.artifacts import Corpus, Manifest
from danlu.core.store import open_artifact
from danlu.text.tables import read_rows
from documents import write_bad, write_good

BENCHMARK = (
    {"id": "init", "question": "Which program is started first when a Debian system boots, and what does it read?"},
    {"id": "包", "question": "软件包管理器如何处理两个互相冲突的软件包，管理员又应当怎样选择其中的一个？"},
)
FUNCTIONS = """
labels: [packages, boot]
functions:
  - {name: packages, label: packages, keywords: [package, 软件包]}
  - {name: boot, label: boot, keywords: [boot, init, 启动]}
"""

CHAIN = {
    "clean": "clean docs",
    "deduplicate": "deduplicate clean",
    "redact": "redact deduplicate",
    "decontaminate": "decontaminate redact --against benchmark.jsonl",
    "split": "split decontaminate --set split.test_share=0.3",
    "take": "take split --side train",
    "weak": "label weak take --functions functions.yaml",
    "synthesize": "synthesize take",
    "augment": "augment take --methods keyboard,homophones",
    "balance": "balance take",
    "resample": "balance take --resample",
}
"""What each command writes, by the name of its folder; the word after the command is the folder that it reads."""

STAGES = ("clean", "deduplicate", "redact", "decontaminate", "split", "augment", "resample")
"""Those that make a corpus of the documents of a corpus, kept or rejected."""


@dataclass(frozen=True)
class Chain:
    """The working folder, and what each command said."""

    folder: Path
    said: dict[str, Outcome]

    def manifest(self, name: str) -> Manifest:
        """The manifest of what a command wrote."""
        return Manifest.read(self.folder / name)

    def rows(self, name: str, table: str, column: str = "doc_id") -> list[Any]:
        """One column of a table in the folder of a command."""
        return [row[column] for row in read_rows(self.folder / name / table, [column])]


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    folder = tmp_path_factory.mktemp("chain")
    write_good(folder / "docs")
    write_bad(folder / "docs")
    lines = (json.dumps(item, ensure_ascii=False) for item in BENCHMARK)
    (folder / "benchmark.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (folder / "functions.yaml").write_text(FUNCTIONS, encoding="utf-8")
    cache = str(folder / "cache")
    said = {
        name: here(folder, *command.split(), "--out", name, "--json", XDG_CACHE_HOME=cache)
        for name, command in CHAIN.items()
    }
    said["diff"] = here(folder, "diff", "clean", "deduplicate", "--json")
    return Chain(folder, said)


@pytest.mark.parametrize("name", [*CHAIN, "diff"])
def test_each_command_ends_well_and_prints_json_alone(chain: Chain, name: str) -> None:
    said = chain.said[name]
    assert said.returncode == 0, said.stderr
    assert "Traceback" not in said.stderr
    facts = json.loads(said.stdout)
    if name in CHAIN:
        assert facts == json.loads((chain.folder / name / "manifest.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", CHAIN)
def test_what_is_written_is_intact_and_names_what_it_was_made_from(chain: Chain, name: str) -> None:
    made = open_artifact(chain.folder / name)
    assert made.content_is_intact()
    given = CHAIN[name].replace("label weak", "weak").split()[1]
    if given in CHAIN:
        assert made.manifest.parents["documents"] == chain.manifest(given).id


@pytest.mark.parametrize("name", STAGES)
def test_counts_add_up_and_are_those_of_the_tables(chain: Chain, name: str) -> None:
    counts = chain.manifest(name).counts
    assert counts["kept"] + counts["rejected"] == counts["input"]
    assert counts["rejected"] == sum(count for key, count in counts.items() if key.startswith("rejected: "))
    assert len(chain.rows(name, "documents")) == counts["kept"]
    assert len(chain.rows(name, "rejects")) == counts["rejected"]


@pytest.mark.parametrize("name", ["deduplicate", "redact", "decontaminate", "split", "resample"])
def test_what_a_command_kept_is_what_the_next_one_was_given(chain: Chain, name: str) -> None:
    given = CHAIN[name].split()[1]
    before, after = (chain.rows(folder, "documents") for folder in (given, name))
    assert sorted(after + chain.rows(name, "rejects")) == sorted(before)
    assert len(set(before)) == len(before)


def test_every_document_is_on_one_side_and_the_side_that_is_taken_is_that_one(chain: Chain) -> None:
    sides = dict(zip(chain.rows("split", "splits"), chain.rows("split", "splits", "side"), strict=True))
    assert set(sides) == set(chain.rows("split", "documents"))
    assert set(chain.rows("take", "documents")) == {doc_id for doc_id, side in sides.items() if side == "train"}
    assert isinstance(open_artifact(chain.folder / "take"), Corpus)


def test_every_document_is_labelled_or_refused(chain: Chain) -> None:
    counts = chain.manifest("weak").counts
    assert counts["kept"] + counts["rejected"] == counts["input"] == len(chain.rows("take", "documents"))
    assert set(chain.rows("weak", "labels") + chain.rows("weak", "rejects")) == set(chain.rows("take", "documents"))


def test_diff_agrees_with_the_stage_that_lies_between(chain: Chain) -> None:
    facts = json.loads(chain.said["diff"].stdout)
    counts = chain.manifest("deduplicate").counts
    assert facts["documents"]["first"] == counts["input"]
    assert facts["documents"]["second"] == counts["kept"]
    assert facts["documents"]["removed"] == counts["rejected"] > 0
    assert facts["documents"]["added"] == 0


def test_both_languages_reach_the_end(chain: Chain) -> None:
    assert {"en", "zh"} <= set(chain.rows("take", "documents", "language"))
    assert set(chain.manifest("resample").licences) == {"unknown"}


def test_a_command_that_is_given_again_finds_its_work_done(chain: Chain) -> None:
    before = (chain.folder / "redact" / "run.json").read_bytes()
    again = here(chain.folder, *CHAIN["redact"].split(), "--out", "redact", XDG_CACHE_HOME=str(chain.folder / "cache"))
    assert (again.returncode, again.stderr) == (0, "")
    assert "already done" in again.stdout
    assert (chain.folder / "redact" / "run.json").read_bytes() == before
