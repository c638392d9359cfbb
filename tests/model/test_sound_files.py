import pytest

from danlu.core.errors import UserError
from danlu.core.outside import read_lines
from danlu.model.base_model import resolve_base, write_checkpoint
from danlu.model.loading import load_model
from tiny import make_tiny_checkpoint


@pytest.mark.parametrize(
    ("name", "kept"), [("model.safetensors", 20_000), ("tokenizer.json", 100), ("config.json", 50)]
)
def test_a_checkpoint_that_was_cut_short_is_told_before_any_work(tmp_path, name, kept):
    folder = make_tiny_checkpoint(tmp_path / "base")
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[:kept])
    with pytest.raises(UserError, match=f"{name} cannot be read"):
        write_checkpoint(resolve_base("path:base", tmp_path), tmp_path / "out")


def test_a_folder_needs_no_scheme(tmp_path):
    make_tiny_checkpoint(tmp_path / "base")
    plain, named = (resolve_base(spec, tmp_path) for spec in ("base", "path:base"))
    assert plain.content_hash() == named.content_hash()


def test_a_reward_model_is_no_language_model(tmp_path):
    from transformers import AutoModelForSequenceClassification

    folder = make_tiny_checkpoint(tmp_path / "base")
    AutoModelForSequenceClassification.from_pretrained(folder, num_labels=1).save_pretrained(folder)
    with pytest.raises(UserError, match="scores text and does not write it"):
        load_model(folder, threads=1)


def test_lines_may_begin_with_a_mark_and_must_hold_whole_characters(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"a": 1}\n\n{"b": "\\\\ud800 is how one writes it, \\ud83d\\ude00"}\n')
    assert [number for number, _ in read_lines(path)] == [1, 3]
    path.write_text('{"a": "fine"}\n{"b": "\\ud800"}\n')
    with pytest.raises(UserError, match=r"rows.jsonl:2: half of a surrogate pair"):
        read_lines(path)
