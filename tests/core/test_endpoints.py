import pytest

from danlu.core.endpoints import no_json, shown

KEY = "sk-" + "k3y" * 20


@pytest.mark.parametrize("before", [0, 5, 30, 39])
def test_no_part_of_a_key_is_said_wherever_the_text_is_cut(before: int) -> None:
    text = "." * before + KEY + " and more"
    assert "k3y" not in no_json("http://127.0.0.1:1/v1", text.encode(), KEY).message
    assert "k3y" not in shown("." * 260 + text, KEY)
