from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from danlu.data.fetch.response import NoResponse, seconds_asked, status_line


@pytest.mark.parametrize(
    ("status", "reason", "may_pass"),
    [
        (404, "HTTP status", False), (403, "HTTP status", False), (451, "HTTP status", False), (408, "server error", True),
        (425, "server busy", True), (429, "server busy", True), (503, "server busy", True), (500, "server error", True),
        (522, "server error", True),
    ],
)  # fmt: skip
def test_a_status_says_whether_later_may_be_better(status: int, reason: str, may_pass: bool) -> None:
    problem = NoResponse.of_status(status)
    assert (problem.reason, problem.may_pass, problem.status) == (reason, may_pass, status)
    assert problem.value.startswith(str(status))


def test_a_status_is_told_in_the_words_of_the_standard() -> None:
    assert status_line(404) == "404 Not Found"
    assert status_line(522) == "522"


def test_a_wish_to_wait_is_seconds_or_a_date() -> None:
    assert seconds_asked(" 120 ") == 120
    later = seconds_asked(format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True))
    assert later is not None and 3500 < later <= 3600
    assert seconds_asked("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert seconds_asked("soon") is seconds_asked("") is seconds_asked("-5") is None
