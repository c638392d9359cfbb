import io
from types import SimpleNamespace

import pytest

from danlu.core.progress import PlainLines
from danlu.loop.curves import Curves, cell, chart, dots, smoothed, standing, watching


def step(done, loss=2.0):
    return SimpleNamespace(done=done, loss=loss, learning_rate=1e-3, gradient_norm=0.5, tokens=100, wall_s=0.5)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_falling_loss_goes_from_the_top_left_to_the_bottom_right():
    places = dots([4.0, 3.0, 2.0, 1.0], 1.0, 4.0, columns=2, rows=1)
    assert places == {(0, 0), (1, 1), (2, 2), (3, 3)}
    assert cell(places, 0, 0) + cell(places, 1, 0) == "⠑⢄"
    assert cell(set(), 0, 0) == " "


def test_more_steps_than_dots_are_averaged():
    assert dots([1.0, 3.0] * 50, 1.0, 3.0, columns=1, rows=1) == {(0, 2), (1, 2)}


def test_the_smoothed_line_starts_at_the_first_loss_and_ends_near_the_last():
    line = smoothed([5.0] + [1.0] * 200)
    assert line[0] == pytest.approx(5.0) and line[-1] == pytest.approx(1.0, abs=0.01)
    assert smoothed([2.0]) == [2.0] and smoothed([]) == []


def test_a_chart_says_its_largest_and_smallest_value_and_bears_gaps():
    text = chart([4.0, float("nan"), 1.0], columns=4, rows=3).plain
    assert "4.000" in text.split("\n")[0] and "1.000" in text.split("\n")[2]
    assert chart([]).plain == "" and "2.000" in chart([2.0]).plain


def test_where_a_training_stands_and_what_is_left():
    said = standing(step(10), 3610, [1.0, 1.0])
    assert said == "10/3610  loss 2.000  rate 1.00e-03  gradient 0.50  200 tokens/s  1:00:00 left"


def test_on_a_terminal_the_chart_is_drawn_and_removed():
    screen = Terminal()
    with watching("finetune", screen) as shown:
        assert isinstance(shown, Curves)
        for done in (1, 2):
            shown(step(done, 3.0 / done))
            shown.advance(done, 2)
        shown.line("kept")
    assert "2/2  loss 1.500" in screen.getvalue() and "kept" in screen.getvalue()


def test_elsewhere_plain_lines_are_printed():
    log = io.StringIO()
    with watching("finetune", log) as shown:
        assert isinstance(shown, PlainLines)
        shown.line("one")
    assert log.getvalue() == "one\n"
