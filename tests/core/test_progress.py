import io

from danlu.core.progress import PlainLines, progress


def test_without_a_terminal_progress_is_a_line_now_and_then() -> None:
    stream = io.StringIO()
    with progress("extract", stream) as display:
        for done in range(100):
            display.advance(done, 100, "a.txt")
        display.line("lasting")
    assert stream.getvalue() == "lasting\n"


def test_a_report_that_is_due_is_printed_with_its_note() -> None:
    stream = io.StringIO()
    PlainLines("extract", stream, every_s=0).advance(3, 7, "a.txt")
    assert stream.getvalue() == "extract: 3/7 a.txt\n"
