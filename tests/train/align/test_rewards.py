import pytest

from danlu.core.errors import UserError, WorkFailed
from danlu.train.align.rewards import Rewards
from danlu.train.align.rows import Row

ASK = [{"role": "user", "content": "How?"}]


@pytest.mark.parametrize(
    ("specs", "reply", "worth"),
    [
        (["exact"], " 7  bar ", 1),
        (["exact"], "7 bar.", 0),
        (["contains"], "It is 7 bar.", 1),
        (["length:4"], "1234", 1),
        (["length:4"], "12345678", 0.5),
        (["length:4"], "", 1),
        ([r"pattern:\d+ bar"], "7 bar", 1),
        ([r"pattern:\d+ bar"], "It is 7 bar", 0),
        (["contains", "length:6"], "It is 7 bar.", 1.5),
    ],
)
def test_built_in_rewards(specs, reply, worth):
    assert Rewards(tuple(specs)).load()(ASK, reply, {"answer": "7 bar"}) == worth


def test_a_function_of_the_user_sees_the_prompt_the_reply_and_the_row(tmp_path):
    file = tmp_path / "own.py"
    file.write_text("def good(messages, reply, row):\n    return len(messages) + len(reply) + row['extra']\n")
    rewards = Rewards((f"{file}:good",))
    assert rewards.load()(ASK, "abc", {"extra": 0.5}) == 4.5
    before = rewards.content_hash()
    elsewhere = tmp_path / "elsewhere.py"
    elsewhere.write_bytes(file.read_bytes())
    assert Rewards((f"{elsewhere}:good",)).content_hash() == before
    file.write_text("def good(messages, reply, row):\n    return 1.0\n")
    assert rewards.content_hash() != before


@pytest.mark.parametrize(
    ("spec", "complaint"),
    [
        ("exactly", "--reward exactly is not known"),
        ("length:0", "--reward length:0 is not known"),
        ("pattern:(", "is no regular expression"),
        ("none.py:f", "no such file: none.py"),
        ("{own}:absent", "has no function absent"),
        ("{broken}:f", "cannot be read: SyntaxError"),
    ],
)
def test_a_reward_that_does_not_exist_is_told(tmp_path, spec, complaint):
    own, broken = tmp_path / "own.py", tmp_path / "broken.py"
    own.write_text("x = 1\n")
    broken.write_text("def f(:\n")
    with pytest.raises(UserError, match=complaint):
        Rewards((spec.format(own=own, broken=broken),)).load()


@pytest.mark.parametrize("value", ["None", "'high'", "float('nan')"])
def test_what_is_no_finite_number_is_no_reward(tmp_path, value):
    file = tmp_path / "own.py"
    file.write_text(f"def f(messages, reply, row):\n    return {value}\n")
    with pytest.raises(WorkFailed, match="expected a finite number"):
        Rewards((f"{file}:f",)).load()(ASK, "abc", {})


def test_a_row_without_the_answer_is_told_before_anything_is_trained():
    with pytest.raises(UserError, match="line 4: answer is None"):
        Rewards(("exact",)).check_rows([Row(4, tuple(ASK))])
    Rewards(("length:4",)).check_rows([Row(4, tuple(ASK))])
