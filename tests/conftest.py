import os
import signal
from collections.abc import Generator
from pathlib import Path

import pytest

from commands import danlu
from documents import write_project

# A shell that starts pytest in the background has it, and all that it starts, ignore Ctrl+C; some tests send one.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI every package of the lock is there: a test that is skipped for want of one would prove nothing."""
    report = yield
    if "CI" in os.environ and report.skipped and "could not import" in str(report.longrepr):
        report.outcome = "failed"
    return report


@pytest.fixture(scope="session")
def small_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of two dozen documents, bad ones among them, that has run once. Tests leave it as it is."""
    folder = write_project(tmp_path_factory.mktemp("small") / "project")
    done = danlu(folder, "run")
    assert done.returncode == 0, done.stderr
    return folder
