import pytest

from danlu.core.errors import UserError, WorkFailed
from danlu.loop.faults import CannotLearn
from danlu.train.search.space import read_space, settings_of_trial
from danlu.train.search.study import best_of, run_trials

SPACE = read_space({"learning_rate": "1e-5:1e-1", "rank": "4|8|16"})


class Killed(BaseException):
    """As kill -9: nothing of danlu's runs after it."""


def bowl(settings, report):
    """Lowest at a rate of 1e-3; each trial has four scores."""
    from math import log10

    for step in range(1, 5):
        report(step, (log10(settings["learning_rate"]) + 3) ** 2 + 1 / step, 100 * step)


def search(folder, objective=bowl, count=8, prunes=True, space=SPACE, seed=0):
    return run_trials(
        objective, space, folder / "study.db", count=count, seed=seed, prunes=prunes, tell=lambda *_: None
    )


def test_a_trial_is_a_function_of_its_number_and_the_seed():
    points = [settings_of_trial(SPACE, number, 3) for number in range(16)]
    assert points == [settings_of_trial(SPACE, number, 3) for number in range(16)]
    assert settings_of_trial(SPACE, 5, 4) != points[5]
    assert {point["rank"] for point in points} == {4, 8, 16}
    rates = sorted(point["learning_rate"] for point in points)
    assert rates[0] < 5e-5 and rates[-1] > 2e-2 and 1e-4 < rates[8] < 1e-2


def test_whole_numbers_stay_whole():
    [rank] = read_space({"rank": "4:64"})
    values = {rank.at(share / 100) for share in range(100)}
    assert all(isinstance(value, int) and 4 <= value <= 64 for value in values) and len(values) > 20


@pytest.mark.parametrize("text", ["1e-3", "3:1", "a:b", "1:2:3", "1|[", "nan:1"])
def test_what_is_no_range_is_refused(text):
    with pytest.raises(UserError, match="is no range"):
        read_space({"learning_rate": text})


def test_nothing_to_search_is_refused():
    with pytest.raises(UserError, match="nothing is searched"):
        read_space({})


def test_bad_trials_are_given_up_and_the_best_is_found(tmp_path):
    trials = search(tmp_path, count=12)
    given_up = [trial for trial in trials if trial.state == "given up"]
    assert given_up and all(trial.tokens < 400 for trial in given_up)
    assert all(trial.state == "done" for trial in trials[:3])
    whole = search(tmp_path / "whole", count=12, prunes=False)
    assert {trial.state for trial in whole} == {"done"}
    assert best_of(trials).number == best_of(whole).number


def test_a_killed_search_ends_as_one_that_was_not(tmp_path):
    calls = []

    def dying(settings, report):
        calls.append(settings)
        if len(calls) == 3:  # before any trial may be given up
            report(1, 5.0, 100)
            raise Killed
        bowl(settings, report)

    with pytest.raises(Killed):
        search(tmp_path / "killed", dying)
    assert search(tmp_path / "killed") == search(tmp_path / "whole")


def test_what_stops_a_trial_from_outside_is_no_result(tmp_path):
    """SIGTERM, a full disk: the search stops, and the same search run again does that trial anew."""

    def stopped(settings, report):
        bowl(settings, report)
        raise WorkFailed("stopped by SIGTERM")

    with pytest.raises(WorkFailed, match="stopped by SIGTERM"):
        search(tmp_path, stopped)
    assert search(tmp_path) == search(tmp_path / "undisturbed")


def test_a_trial_that_diverges_is_a_result(tmp_path):
    def diverging(settings, report):
        if settings["learning_rate"] > 1e-3:
            raise CannotLearn("training diverged")
        bowl(settings, report)

    trials = search(tmp_path, diverging)
    failed = [trial for trial in trials if trial.state == "failed"]
    assert failed and all(trial.problem == "training diverged" and trial.score is None for trial in failed)
    assert best_of(trials).settings["learning_rate"] <= 1e-3
    with pytest.raises(WorkFailed, match="none of"):
        best_of(failed)
