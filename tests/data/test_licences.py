"""Licences that documents state: named alike by every reader, and in the column where the source gives none."""

import json
from pathlib import Path

import pytest
from resiliparse.parse.html import HTMLTree

from danlu.core.project import Source
from danlu.data.extract.config import ExtractConfig
from danlu.data.extract.outcomes import Outcome
from danlu.data.extract.shards import Job
from danlu.data.extract.stage import read_job
from danlu.data.licences import licence_of_name, licence_of_page
from danlu.data.lock import lock_sources
from danlu.text.records import Reject

STATED = ("licence stated by the document", 1)


def read(folder: Path, name: str, content: str, licence: str = "unknown") -> list[Outcome]:
    (folder / name).write_text(content, encoding="utf-8")
    [file] = lock_sources([Source(folder / name, licence)]).files
    return list(read_job(Job(file, ""), ExtractConfig(), folder))


@pytest.mark.parametrize(
    ("stated", "licence"),
    [
        ("mit", "MIT"), ("Apache License 2.0", "Apache-2.0"), ("CC BY-SA 4.0", "CC-BY-SA-4.0"), ("cc-by-nc-nd-3.0", "CC-BY-NC-ND-3.0"),
        ("cc0 1.0", "CC0-1.0"), ("https://creativecommons.org/licenses/by-sa/2.0/de/", "CC-BY-SA-2.0-DE"),
        ("https://creativecommons.org/publicdomain/mark/1.0/", "CC-PDM-1.0"), ("https://opensource.org/licenses/MIT", "MIT"),
        ("MIT OR Apache-2.0", "MIT OR Apache-2.0"), ("gpl-2.0-only WITH Classpath-exception-2.0", "gpl-2.0-only WITH Classpath-exception-2.0"),
        ("https://e.org/terms", "https://e.org/terms"), ("Proprietary", "Proprietary"),
        ("unknown", None), ("none", None), ("", None), ("All rights reserved, see below", None), ("版权所有", None),
        ("MIT AND see the file", None),
    ],
)  # fmt: skip
def test_a_licence_is_named_by_its_identifier_and_prose_is_none(stated: str, licence: str | None) -> None:
    assert licence_of_name(stated) == licence
    assert licence is None or licence_of_name(licence) == licence


def test_a_page_without_content_states_nothing() -> None:
    assert licence_of_page(HTMLTree.parse("")) is None


@pytest.mark.parametrize(
    ("name", "content", "licence"),
    [
        (
            "a.html",
            "<p>文字 <a rel=license href=https://creativecommons.org/licenses/by-sa/2.0/de/>CC</a>",
            "CC-BY-SA-2.0-DE",
        ),
        ("b.html", "<head><meta name=license content=MIT></head><p>text", "MIT"),
        (
            "c.html",
            "<meta name=DCTERMS.license content=https://www.apache.org/licenses/LICENSE-2.0><p>text",
            "Apache-2.0",
        ),
        ("d.html", "<link rel=license href=https://creativecommons.org/publicdomain/mark/1.0/><p>text", "CC-PDM-1.0"),
        ("e.md", "---\nlicense: CC BY 4.0\n---\n正文", "CC-BY-4.0"),
        ("f.md", "+++\nLicence = 'mit'\n+++\ntext", "MIT"),
        ("g.md", "---\n许可证: Apache-2.0\n---\n正文", "Apache-2.0"),
    ],
)
def test_the_licence_that_a_document_states_is_its_licence_where_the_source_gives_none(
    tmp_path: Path, name: str, content: str, licence: str
) -> None:
    [outcome] = read(tmp_path, name, content)
    assert not isinstance(outcome, Reject)
    assert outcome[0].licence == licence and STATED in outcome[1]
    [outcome] = read(tmp_path, name, content, "GPL-3.0-only")
    assert not isinstance(outcome, Reject)
    assert outcome[0].licence == "GPL-3.0-only" and STATED not in outcome[1]


def test_what_is_no_licence_leaves_it_unknown(tmp_path: Path) -> None:
    [outcome] = read(tmp_path, "a.md", "---\nlicense: see the end of this page\n---\ntext")
    assert not isinstance(outcome, Reject)
    assert outcome[0].licence == "unknown" and STATED not in outcome[1]
    assert json.loads(outcome[0].meta)["license"] == "see the end of this page"


def test_the_licence_of_a_row_stands_before_all_others(tmp_path: Path) -> None:
    found = read(tmp_path, "a.jsonl", '{"text": "one", "license": "MIT"}\n{"text": "two"}\n')
    assert [outcome[0].licence for outcome in found if not isinstance(outcome, Reject)] == ["MIT", "unknown"]
