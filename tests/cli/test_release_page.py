import json
from pathlib import Path

import pytest

from danlu.cli.release_page import failed_checks
from danlu.cli.speech import Speech
from danlu.cli.tables import print_artifact
from danlu.core.artifacts import Release
from danlu.core.project import load_project
from danlu.core.store import Store


@pytest.fixture
def release(small_project: Path) -> Release:
    (found,) = [made for made in Store(load_project(small_project).artifacts).all() if isinstance(made, Release)]
    return found


def test_show_release_prints_every_check_with_its_value_and_its_bound(
    release: Release, capsys: pytest.CaptureFixture[str]
) -> None:
    print_artifact(release, Speech("en"), as_json=False)
    shown = capsys.readouterr().out
    for row in release.read()["checks"]:
        (line,) = [line for line in shown.splitlines() if line.startswith(f"{row['check']}  ")]
        assert f"{row['value']:.4g}  " in line
        assert f"≥ {row['at_least']:.4g}" in line
        assert line.endswith("yes" if row["passed"] else "no")


def test_a_run_says_what_a_failed_check_measured_and_its_bound(release: Release, tmp_path: Path) -> None:
    row = {"check": "off-domain questions refused (en)", "value": 0.95, "at_least": 0.98, "passed": False}
    (tmp_path / "release.json").write_text(json.dumps({"checks": [row, row | {"passed": True}]}))
    failed = Release(tmp_path, release.manifest)
    assert failed_checks(failed, Speech("en")) == [
        "off-domain questions refused (en): 0.95 measured, at least 0.98 expected"
    ]
    assert failed_checks(failed, Speech("zh")) == ["文档外问题被拒答（en）：实测 0.95，至少应为 0.98"]
