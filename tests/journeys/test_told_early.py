"""What is wrong with a command is told before its first stage runs: nothing is read, and nothing is left behind."""

import json
import shlex
from pathlib import Path

import pytest

from commands import here

EXAMPLES = [{"text": f"text {number}", "label": "good" if number % 2 else "bad"} for number in range(10)]
WRONG = {
    "clean --quality few.jsonl": "has 5 good and 5 bad examples",
    "clean --quality odd.jsonl": "odd.jsonl, line 1: expected a text and a label",
    "clean --quality none.jsonl": "No such file: none.jsonl",
    "clean --set 'clean.bounds={gopher_short_dok: 1}'": "unknown key `gopher_short_dok`",
    "clean --set clean.min_quality=2": "expected 1.0 or less",
    "split --set split.test_share=0.6 --set split.validation_share=0.5": "is 1.1",
    "redact --set 'redact.types={phone: keep}'": "the nearest first: mobile_phone",
    "redact --set redact.types=email": "expected names with values in braces",
    "redact --set 'redact.types={email: hide}'": "`redact.types.email` is 'hide': expected 'keep', 'mask'",
    "redact --set 'redact.words={drugs: drop}'": "no word of the lists is in the category `drugs`",
    "redact --key short.key": "can be guessed",
    "balance --words odd.jsonl": "holds no word lists",
    "balance --resample --words odd.jsonl": "holds no word lists",
    "label weak --functions typo.yaml": "there is no field `regx`",
    "label weak --functions fine.yaml --set label.class_balance=[0.5,0.6]": "add up to 1.1",
    "label import --file odd.jsonl --from label-studio": "is not JSON",
    "label model --schema labels.yaml --model http://127.0.0.1:9/v1 m --set label.shots=2": "Give --known",
    "label model --schema typo.yaml --model http://127.0.0.1:9/v1 m": "typo.yaml: question: it is missing",
    "decontaminate --against odd.jsonl": "odd.jsonl",
    "decontaminate --against items.jsonl --set decontaminate.columns=[stem]": "expected OWN=KNOWN, found stem",
    "decontaminate --against items.jsonl --waivers odd.jsonl": "odd.jsonl",
    "augment --methods synonims": "Unknown method",
    "synthesize --kinds clozes": "expected 'heading', 'definition'",
}


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("early")
    (folder / "pages").mkdir()
    (folder / "pages" / "a.txt").write_text("水泵每月检查一次。The pump is checked every month.", encoding="utf-8")
    (folder / "few.jsonl").write_text("\n".join(map(json.dumps, EXAMPLES)), encoding="utf-8")
    (folder / "odd.jsonl").write_text("[not, json", encoding="utf-8")
    (folder / "items.jsonl").write_text(
        '{"question": "How often is the pump checked?", "answer": "weekly"}\n', encoding="utf-8"
    )
    (folder / "short.key").write_bytes(b"short")
    (folder / "labels.yaml").write_text(
        "question: q\nlabels: [{name: a, definition: b}, {name: c, definition: d}]", encoding="utf-8"
    )
    (folder / "typo.yaml").write_text("labels: [a, b]\nfunctions: [{name: f, label: a, regx: x}]", encoding="utf-8")
    (folder / "fine.yaml").write_text("labels: [a, b]\nfunctions: [{name: f, label: a, regex: x}]", encoding="utf-8")
    (folder / "file").write_text("a file", encoding="utf-8")
    (folder / "full").mkdir()
    (folder / "full" / "notes.txt").write_text("my own", encoding="utf-8")
    return folder


@pytest.mark.parametrize("command", WRONG)
def test_a_wrong_file_or_bound_is_told_before_anything_is_read(ground: Path, command: str) -> None:
    words = shlex.split(command)
    at = 2 if words[0] == "label" else 1
    refused = here(ground, *words[:at], "pages", *words[at:], "--out", "out", XDG_CACHE_HOME=str(ground / "cache"))
    assert refused.returncode == 2, refused.stderr
    assert WRONG[command] in refused.stderr
    assert "collect" not in refused.stderr + refused.stdout
    assert not (ground / "out").exists() and not (ground / "cache").exists()


@pytest.mark.parametrize(
    "command",
    ["clean", "deduplicate", "redact", "split", "balance", "augment", "synthesize", "label weak --functions fine.yaml"],
)
@pytest.mark.parametrize(
    ("out", "said"),
    [("full", "holds something else"), ("file", "holds something else"), ("file/x", "cannot be written")],
)
def test_a_folder_that_cannot_be_written_is_told_before_anything_is_read(
    ground: Path, command: str, out: str, said: str
) -> None:
    refused = here(ground, *command.split(), "pages", "--out", out, XDG_CACHE_HOME=str(ground / "cache"))
    assert refused.returncode == 2 and said in refused.stderr
    assert "collect" not in refused.stderr + refused.stdout
    assert (ground / "full" / "notes.txt").read_text(encoding="utf-8") == "my own"
    assert not (ground / "cache").exists()
