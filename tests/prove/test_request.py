"""What the command line of `danlu prove` names: mistakes are told at once, and an adapter alone is asked for its base."""

from pathlib import Path

import pytest

from danlu.core.errors import UserError
from danlu.core.progress import Silent
from danlu.prove.finding import Verdict
from danlu.prove.request import Request, Subject
from danlu.prove.run import prove
from danlu.text.waivers import Waivers
from prove.merges import write_adapter, write_base


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def adapter(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_adapter(base, tmp_path_factory.mktemp("adapter"))


@pytest.mark.parametrize(
    ("against", "said"),
    [
        ("localhost:8000", "begins with http://: http://localhost:8000"),
        ("127.0.0.1:8000/v1", "begins with http://: http://127.0.0.1:8000/v1"),
        ("[::1]:8000", "http://[::1]:8000"),
        ("ftp://host/model.gguf", "--against ftp://…: servers are asked by http:// or https://"),
        ("s3://bucket/model.gguf", "--against s3://"),
        ("exports/model.gguf", "--against exports/model.gguf: no such file"),
    ],
)
def test_an_address_that_is_none_is_told_as_such(against: str, said: str) -> None:
    with pytest.raises(UserError) as raised:
        Request(Path("model"), against=against)
    assert said in str(raised.value)


def test_a_file_may_be_named_like_a_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model:1").touch()
    assert not Request(Path("model"), against="model:1").is_served
    assert Request(Path("model"), against="HTTP://localhost").is_served


def test_base_and_adapter_that_were_exchanged_are_told(base: Path, adapter: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"--base .* has no config.json: this is an adapter"):
        Subject(Request(base, base=adapter, adapter=base), Waivers())
    with pytest.raises(UserError, match=r"--adapter .* has no adapter_config.json: this is a model"):
        Subject(Request(base, base=base, adapter=base), Waivers())
    (tmp_path / "tokenizer.json").touch()
    with pytest.raises(UserError, match=r"this is a folder with tokenizer.json"):
        Subject(Request(base, base=tmp_path), Waivers())


def test_an_adapter_alone_is_asked_for_its_base_once(adapter: Path) -> None:
    findings = prove(Request(adapter), Silent()).findings
    of_tokenizers = [one for one in findings if one.check.name in ("config.eos", "template.turns", "mask.stop")]
    assert {(one.verdict, one.blocked) for one in of_tokenizers} == {(Verdict.NOT_CHECKABLE, False)}
    assert {(str(one.said), str(one.needs)) for one in of_tokenizers} == {
        ("this is an adapter without a tokenizer", "give its base with --base")
    }
    assert not any(one.blocked for one in findings)
