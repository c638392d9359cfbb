from pathlib import Path
from typing import Any

import pytest
import yaml

from danlu.core.errors import UserError
from danlu.core.project import find_project, load_project

MINIMAL = {"recipe": "knowledge-bot", "sources": [{"path": "docs"}]}


def write(folder: Path, said: Any) -> Path:
    (folder / "danlu.yaml").write_text(said if isinstance(said, str) else yaml.safe_dump(said), encoding="utf-8")
    return folder


def test_what_the_file_does_not_say_has_a_default(tmp_path: Path) -> None:
    project = load_project(write(tmp_path, MINIMAL))
    assert (project.name, project.seed, project.settings) == (tmp_path.name, 0, {})
    assert project.sources[0].path == tmp_path / "docs"
    assert project.sources[0].licence == "unknown"


def test_an_absolute_source_stays_where_it_is(tmp_path: Path) -> None:
    said = {**MINIMAL, "sources": [{"path": "/srv/manuals", "licence": "MIT"}]}
    assert load_project(write(tmp_path, said)).sources[0].path == Path("/srv/manuals")


def test_the_project_is_found_from_a_folder_inside_it(tmp_path: Path) -> None:
    inside = write(tmp_path, MINIMAL) / "docs" / "deep"
    inside.mkdir(parents=True)
    assert find_project(inside).folder == tmp_path


def test_outside_a_project_the_message_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        find_project(tmp_path)
    assert "No danlu.yaml" in caught.value.message
    assert "danlu init" in caught.value.hint


@pytest.mark.parametrize(
    ("said", "message", "hint"),
    [
        ({**MINIMAL, "souces": []}, "danlu.yaml: unknown key `souces`", "Did you mean `sources`?"),
        ({**MINIMAL, "zzzzzz": 1}, "unknown key `zzzzzz`", "The keys are: recipe, name"),
        ({**MINIMAL, 7: 1}, "unknown key `7`", "The keys are"),
        ({**MINIMAL, "seed": "one"}, "`seed` is 'one'", "a whole number"),
        ({**MINIMAL, "seed": True}, "`seed` is True", "a whole number"),
        ({**MINIMAL, "seed": -1}, "`seed` is -1", "0 or more"),
        ({**MINIMAL, "name": 12}, "`name` is 12", "a short name"),
        ({**MINIMAL, "set": ["clean"]}, "`set` is ['clean']", "`stage.field: value` pairs"),
        ({**MINIMAL, "sources": "docs"}, "`sources` is 'docs'", "a list of `path:`"),
        ({**MINIMAL, "sources": []}, "`sources` is empty", "- path: FOLDER"),
        ({**MINIMAL, "sources": ["docs"]}, "sources[1]: expected `key: value` lines", "path, licence"),
        ({**MINIMAL, "sources": [{"path": "a"}, {"pth": "b"}]}, "sources[2]: unknown key `pth`", "`path`"),
        ({**MINIMAL, "sources": [{"licence": "MIT"}]}, "sources[1]: `path` is missing", "a folder or a file"),
        ({**MINIMAL, "sources": [{"path": "a", "licence": 3}]}, "`licence` is 3", "SPDX"),
        ({"sources": [{"path": "docs"}]}, "`recipe` is missing", "knowledge-bot"),
        ({"recipe": "knowledge-bot"}, "`sources` is missing", "path:"),
        ("", "expected `key: value` lines", "recipe"),
        ("- a list", "expected `key: value` lines", "recipe"),
        ("recipe: [unclosed", "is not valid YAML", "line"),
        ("recipe: a\x00b", "is not valid YAML", "line"),
    ],
)
def test_a_mistake_is_named_with_the_next_step(tmp_path: Path, said: Any, message: str, hint: str) -> None:
    with pytest.raises(UserError) as caught:
        load_project(write(tmp_path, said))
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_a_project_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "danlu.yaml").write_bytes("recipe: 知识库".encode("gb18030"))
    with pytest.raises(UserError, match="not valid YAML"):
        load_project(tmp_path)
