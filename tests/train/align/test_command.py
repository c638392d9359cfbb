import json

import pytest

from align_ground import write_rows
from danlu.cli.main import main
from danlu.core.errors import UserError
from danlu.train.align.checkpoints import newest, seal
from danlu.train.align.config import METHODS, AlignConfig
from danlu.train.align.order import order_rows
from tiny import CHATML, make_tiny_checkpoint

SMALL = [f"--set=align.{pair}" for pair in ("rows_per_step=4", "max_steps=2", "learning_rate=0.01", "rank=4")]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    strict = "{% for m in messages %}{% if m['role'] == 'tool' %}{{ raise_exception('no tools here') }}{% endif %}{% endfor %}"
    return make_tiny_checkpoint(tmp_path_factory.mktemp("base"), template=strict + CHATML)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def align(base, data, out, *more):
    return main(["--lang=en", "align", f"--base={base}", f"--data={data}", f"--out={out}", *SMALL, *more])


def test_from_a_file_to_a_checkpoint_and_a_reward_model_to_grpo(base, tmp_path, capsys):
    data = write_rows(tmp_path / "pairs.jsonl", "pairs")
    extra = [
        {"messages": [{"role": "user", "content": "Why?"}], "chosen": "a", "rejected": "a"},
        {"messages": [{"role": "user", "content": "Who?"}], "chosen": "a" * 900, "rejected": "b"},
    ]
    data.write_text(data.read_text() + "".join(json.dumps(row) + "\n" for row in extra))
    assert align(base, data, tmp_path / "judge", "--method=reward", "--set=align.sequence_tokens=200", "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["counts"]["input"] == 17 and facts["counts"]["rejected: too long"] == 1
    before = json.loads((tmp_path / "judge" / "before" / "preferences" / "manifest.json").read_text())
    assert before["counts"]["rejected: no preference"] == 1
    prompts = write_rows(tmp_path / "prompts.jsonl", "prompts", 4)
    sampled = ["--method=grpo", "--set=align.replies_per_prompt=2", "--set=align.reply_tokens=4"]
    judge = f"--reward-model={tmp_path / 'judge'}"
    assert align(base, prompts, tmp_path / "out", *sampled, judge) == 0
    assert ", on 1 held-out prompts" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        (
            "en",
            (
                "warning: nothing was learnt",
                "a higher align.temperature",
                "in all 4 groups of replies the rewards were equal",
            ),
        ),
        (
            "zh",
            (
                "警告：什么也没有学到：全部 4 组",
                "调高 align.temperature",
                "什么也没有学到：全部 4 组回复的组内奖励都相等",
            ),
        ),
    ],
)
def test_rewards_that_are_all_equal_teach_nothing_and_that_is_said(base, tmp_path, capsys, lang, said):
    prompts = write_rows(tmp_path / "prompts.jsonl", "prompts", 4)
    sampled = ["--set=align.replies_per_prompt=2", "--set=align.reply_tokens=4", "--reward=pattern:never said"]
    arguments = ["align", "--method=grpo", f"--base={base}", f"--data={prompts}", f"--out={tmp_path / 'out'}"]
    assert main([f"--lang={lang}", *arguments, *SMALL, *sampled]) == 0
    told = capsys.readouterr()
    assert said[0] in told.err and said[1] in told.err and said[2] in told.out
    facts = json.loads((tmp_path / "out" / "training.json").read_text())
    assert facts["groups"] == facts["groups_of_equal_rewards"] == 4 and facts["equal_rewards_share"] == 1.0
    assert facts["by_step"]["equal_rewards"] == [1.0]


def test_pairs_that_are_all_equal_are_the_reason_that_is_told(base, tmp_path, capsys):
    row = {"prompt": "Why?", "chosen": "a", "rejected": "a"}
    data = tmp_path / "pairs.jsonl"
    data.write_text("".join(json.dumps({**row, "prompt": f"Why {number}?"}) + "\n" for number in range(3)))
    assert align(base, data, tmp_path / "out") == 2
    told = capsys.readouterr().err
    assert "in all 3 rows chosen and rejected are equal" in told and "two different replies" in told
    data.write_text(data.read_text() + json.dumps({**row, "rejected": "b"}) + "\n")
    assert align(base, data, tmp_path / "out") == 2
    told = capsys.readouterr().err
    assert "1 different prompts left" in told and "left out: 3)" in told


def test_the_help_of_check_promises_what_it_does(capsys):
    with pytest.raises(SystemExit):
        main(["--lang=en", "align", "--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert "how long it takes cannot be told" in told and "try some steps" not in told


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        (["--method=grpo"], "GRPO needs something that scores replies"),
        (["--reward=exact"], "--reward is for GRPO, and the method is dpo"),
        (["--method=grpo", "--reward=best"], "--reward best is not known"),
        (["--set=align.reply_tokens=8"], "align.reply_tokens is not a setting of the method dpo"),
        (["--set=align.tuning=full"], "align.rank is for LoRA, and align.tuning is full"),
        (["--set=align.micro_batch_rows=3"], "expected a divisor"),
        (["--set=align.beta=hard"], "expected a number"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_read(base, tmp_path, capsys, more, complaint):
    assert align(base, tmp_path / "none.jsonl", tmp_path / "out", *more) == 2
    assert complaint in capsys.readouterr().err


def test_a_model_that_is_no_reward_model_is_refused(base, tmp_path, capsys):
    data = write_rows(tmp_path / "prompts.jsonl", "prompts")
    assert align(base, data, tmp_path / "out", "--method=grpo", f"--reward-model={base}") == 2
    assert "is no reward model" in capsys.readouterr().err


def test_what_the_template_refuses_is_told_with_its_line(base, tmp_path, capsys):
    data = write_rows(tmp_path / "pairs.jsonl", "pairs", 3)
    row = {"messages": [{"role": "tool", "content": "7"}], "chosen": "a", "rejected": "b"}
    data.write_text(data.read_text() + json.dumps(row) + "\n")
    assert align(base, data, tmp_path / "out") == 2
    told = capsys.readouterr().err
    assert "line 4: the chat template refuses this conversation: no tools here" in told
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_rows_that_are_all_too_long_are_told(base, tmp_path, capsys):
    data = write_rows(tmp_path / "pairs.jsonl", "pairs")
    assert align(base, data, tmp_path / "out", "--set=align.sequence_tokens=16") == 2
    assert "have no more than 16 tokens, too few for dpo" in capsys.readouterr().err


def test_kto_needs_two_rows_in_a_micro_batch():
    with pytest.raises(UserError, match="KTO compares rows within a micro-batch"):
        AlignConfig(method="kto", micro_batch_rows=1).check()


@pytest.mark.parametrize(("method", "rate"), [("dpo", 1e-5), ("kto", 1e-5), ("grpo", 1e-5), ("reward", 1e-4)])
def test_default_rates(method, rate):
    assert AlignConfig(method=method).rate == pytest.approx(rate)
    assert AlignConfig(method=method, tuning="full").rate == METHODS[method].learning_rate


def test_every_epoch_has_every_row_in_an_order_of_its_own():
    order = order_rows(13, AlignConfig(rows_per_step=4, max_epochs=2), 0)
    assert order.steps == 7 and len(order.indices) == 28
    epochs = [order.indices[:13], order.indices[13:26]]
    assert [sorted(epoch) for epoch in epochs] == [list(range(13))] * 2 and epochs[0] != epochs[1]
    assert order_rows(13, AlignConfig(rows_per_step=4, max_steps=3), 0).indices == order.indices[:12]


def test_a_checkpoint_that_was_cut_short_is_not_taken_up(tmp_path):
    for number in (8, 9, 10, 11):
        folder = tmp_path / f"checkpoint-{number}"
        folder.mkdir()
        (folder / "weights").write_bytes(b"12345678")
        if number != 11:
            seal(folder)
    (tmp_path / "checkpoint-10" / "weights").write_bytes(b"1234")
    assert newest(tmp_path) == tmp_path / "checkpoint-9"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint-8", "checkpoint-9"]
