from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from danlu.core.artifacts import Report
from danlu.core.errors import WorkFailed
from danlu.core.execute import Machine, Outcome, execute
from danlu.core.outside import DataFile
from danlu.core.stages import Config, Facts, Plan, Stage, Step, Work
from danlu.core.store import Store


class Size(Config):
    letters: int = 3


@dataclass(frozen=True)
class Given:
    content: str

    def content_hash(self) -> str:
        return self.content


def _write(work: Work, config: Size, **inputs: object) -> Facts:
    (work.folder / "report.json").write_text('"%s"' % ("x" * config.letters))
    return Facts({"letters": config.letters})


write = Stage("write", version=1, makes=Report, body=_write, config=Size)
gather = Stage("gather", version=1, makes=Report, body=_write, config=Size)


def id_of(step: Step[Report], seed: int = 0) -> str:
    return Plan(step, seed).ids[step]


def test_equal_plans_have_equal_ids() -> None:
    assert id_of(gather(source=write(outside=Given("a")))) == id_of(gather(source=write(outside=Given("a"))))


@pytest.mark.parametrize(
    "other",
    [
        gather(source=write(Size(letters=4), outside=Given("a"))),
        gather(Size(letters=4), source=write(outside=Given("a"))),
        gather(source=write(outside=Given("b"))),
        gather(origin=write(outside=Given("a"))),
        replace(gather, version=2)(source=write(outside=Given("a"))),
        replace(gather, name="collect")(source=write(outside=Given("a"))),
        replace(gather, numeric=True)(source=write(outside=Given("a"))),
        replace(gather, rules=(("segmentation", 2),))(source=write(outside=Given("a"))),
        replace(gather, libraries=("numpy",))(source=write(outside=Given("a"))),
    ],
)
def test_whatever_shapes_the_output_shapes_the_id(other: Step[Report]) -> None:
    assert id_of(other) != id_of(gather(source=write(outside=Given("a"))))


def test_the_seed_shapes_the_id() -> None:
    assert id_of(write(outside=Given("a")), seed=1) != id_of(write(outside=Given("a")), seed=2)


def test_a_config_that_is_said_outright_is_the_default() -> None:
    assert id_of(write(Size(letters=3))) == id_of(write())


def test_steps_run_inputs_first_and_a_shared_input_runs_once(tmp_path: Path) -> None:
    shared = write(outside=Given("a"))
    plan = Plan(gather(left=gather(source=shared), right=shared), 0)
    told: list[Outcome] = []
    last = execute(plan, Store(tmp_path), Machine(1, 1), tell=told.append)
    assert [outcome.step.stage.name for outcome in told] == ["write", "gather", "gather"]
    assert last.id == plan.ids[plan.target]
    assert last.manifest.parents == {"left": told[1].artifact.id, "right": told[0].artifact.id}


def test_a_second_run_makes_nothing(tmp_path: Path) -> None:
    plan = Plan(gather(source=write()), 0)
    execute(plan, Store(tmp_path), Machine(1, 1))
    told: list[Outcome] = []
    execute(plan, Store(tmp_path), Machine(4, 4), tell=told.append)
    assert [outcome.skipped for outcome in told] == [True, True]


def test_a_run_stops_after_the_stage_it_is_told(tmp_path: Path) -> None:
    plan = Plan(gather(source=write()), 0)
    assert execute(plan, Store(tmp_path), Machine(1, 1), until="write").manifest.stage == "write"
    assert len(Store(tmp_path).all()) == 1


def test_what_a_run_cost_is_kept_beside_the_artifact(tmp_path: Path) -> None:
    told: list[Outcome] = []
    execute(Plan(write(), 0), Store(tmp_path), Machine(2, 1), tell=told.append)
    assert told[0].run.keys() >= {"wall_s", "cpu_s", "peak_memory_mb", "threads", "workers"}


def test_a_failed_stage_leaves_no_artifact(tmp_path: Path) -> None:
    def _fail(work: Work, config: Config) -> Facts:
        (work.folder / "report.json").write_text("{}")
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        execute(Plan(Stage("fail", 1, Report, _fail)(), 0), Store(tmp_path), Machine(1, 1))
    assert Store(tmp_path).all() == []


def test_an_input_that_changes_while_its_stage_runs_makes_no_artifact(tmp_path: Path) -> None:
    file = tmp_path / "data.jsonl"
    file.write_text("before")

    def _change(work: Work, config: Config, *, data: DataFile) -> Facts:
        (work.folder / "report.json").write_text("{}")
        data.path.write_text("after")
        return Facts()

    change = Stage("change", 1, Report, _change)
    with pytest.raises(WorkFailed, match="change reads changed while it ran"):
        execute(Plan(change(data=DataFile(file)), 0), Store(tmp_path), Machine(1, 1))
    assert Store(tmp_path).all() == []


def test_text_rules_bring_the_unicode_tables_into_the_id(monkeypatch: pytest.MonkeyPatch) -> None:
    ruled = replace(gather, rules=(("segmentation", 2),))
    before, plain = id_of(ruled()), id_of(gather())
    monkeypatch.setattr("unicodedata.unidata_version", "1.0.0")
    assert id_of(ruled()) != before
    assert id_of(gather()) == plain
