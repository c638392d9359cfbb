import shutil
from pathlib import Path

import pytest

from danlu.core.errors import UserError
from danlu.core.project import load_project
from danlu.recipes import plan_of
from documents import small_project_file, write_yaml


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# Title\n\nText of the only document.\n")
    write_yaml(tmp_path, small_project_file())
    return tmp_path


def test_building_a_plan_runs_nothing(folder: Path) -> None:
    plan = plan_of(load_project(folder))
    assert plan.target.stage.name == "release"
    assert sorted(path.name for path in folder.iterdir()) == ["danlu.yaml", "docs"]


def test_inputs_come_before_what_is_made_of_them(folder: Path) -> None:
    seen: set[str] = set()
    for step in plan_of(load_project(folder)).ids:
        assert {parent.stage.name for parent in step.parents.values()} <= seen
        seen.add(step.stage.name)
    assert len(seen) == len(plan_of(load_project(folder)).ids), "one stage, one step"


def test_a_recipe_that_does_not_exist_is_named_with_those_that_do(folder: Path) -> None:
    write_yaml(folder, small_project_file() | {"recipe": "knowlege-bot"})
    with pytest.raises(UserError, match="Unknown recipe `knowlege-bot`") as caught:
        plan_of(load_project(folder))
    assert "knowledge-bot" in caught.value.hint


def test_a_source_that_is_gone_is_named(folder: Path) -> None:
    shutil.rmtree(folder / "docs")
    with pytest.raises(UserError, match=r"No such file or folder: .*docs"):
        plan_of(load_project(folder))
