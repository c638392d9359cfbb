"""A folder that is no head is told with what it is and what uses it."""

import pytest

from danlu.core.artifacts import Manifest
from danlu.core.errors import UserError
from danlu.train.heads.model import head_facts


@pytest.mark.parametrize(
    ("stage", "hint"),
    [
        ("anomaly", "danlu head find-anomalies"),
        ("embed", "it is an embedding model"),
        ("seq2seq", "translates or summarises"),
        ("finetune", "is a language model"),
        ("clean", "it is no head"),
        (None, "it is no head"),
    ],
)
def test_a_folder_of_another_kind_is_told_what_it_is(tmp_path, stage, hint):
    if stage:
        manifest = Manifest("0", "Checkpoint", stage, 1, {}, 0, {}, {}, "0")
        (tmp_path / "manifest.json").write_text(manifest.to_json())
    with pytest.raises(UserError) as told:
        head_facts(tmp_path)
    assert "has no head.json" in str(told.value) and hint in str(told.value)
