import json
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from danlu.answer.forgetting import forgotten_record
from danlu.core.errors import UserError


@pytest.fixture
def state(tmp_path: Path) -> Path:
    for number in range(3):
        forgotten_record.append(tmp_path, {"action": "forget", "at": f"2026-01-0{number + 1}", "documents": []})
    return tmp_path


def path(state: Path, number: int) -> Path:
    return state / "forgotten" / f"{number:04}.json"


def test_records_are_numbered_chained_and_signed_by_one_key(state: Path) -> None:
    found = forgotten_record.records(state)
    assert [record.number for record in found] == [1, 2, 3]
    assert len({record.body["signed_by"] for record in found}) == 1 and found[0].body["signed_by"]
    assert list(forgotten_record.broken(state)) == []
    assert (state / forgotten_record.KEY).stat().st_mode & 0o077 == 0


def _change(state: Path) -> None:
    path(state, 2).write_text(path(state, 2).read_text().replace("2026-01-02", "2026-01-09"))


def _cut_out(state: Path) -> None:
    path(state, 2).unlink()


def _swap(state: Path) -> None:
    first, second = path(state, 1).read_text(), path(state, 2).read_text()
    path(state, 1).write_text(second)
    path(state, 2).write_text(first)


def _damage(state: Path) -> None:
    path(state, 2).write_text("{")


def _sign_anew(state: Path) -> None:
    """By somebody who has no key of the project, and knows how records are made."""
    (state / forgotten_record.KEY).rename(state / "kept")
    forgotten_record.append(state, {"action": "forget", "at": "2020", "documents": []})
    said = json.loads(path(state, 4).read_text())
    path(state, 3).write_text(path(state, 4).read_text())
    path(state, 4).unlink()
    assert said["body"]["key_before"]


def _change_and_sign_anew(state: Path) -> None:
    """By somebody who has no key of the project, and lets a record in the middle say that its key is a new one."""
    body = json.loads(path(state, 2).read_text())["body"]
    (state / forgotten_record.KEY).rename(state / "kept")
    kept = path(state, 3).rename(state / "third")
    path(state, 2).unlink()
    forgotten_record.append(state, {name: body[name] for name in ("action", "at", "documents")})
    kept.rename(path(state, 3))


def _unsign(state: Path) -> None:
    said = json.loads(path(state, 3).read_text())
    said["body"]["signed_by"] = said["signature"] = ""
    path(state, 3).write_text(json.dumps(said))


@pytest.mark.parametrize(
    ("change", "problems"),
    [
        (_change, {2: "the record was changed after it was signed", 3: "the record before it was changed"}),
        (_cut_out, {2: "the record is missing"}),
        (_swap, {1: "the record has another number", 2: "the record has another number", 3: "the record before it was changed"}),
        (_damage, {2: "the record is damaged", 3: "the record before it was changed"}),
        (_sign_anew, {3: "the record has another number"}),
        (_change_and_sign_anew, {3: "signed by another key than the records before it"}),
        (_unsign, {3: "signed by another key than the records before it"}),
    ],
)  # fmt: skip
def test_whatever_was_changed_is_found(state: Path, change: Callable[[Path], None], problems: dict[int, str]) -> None:
    change(state)
    found: dict[int, str] = {}
    for number, problem in forgotten_record.broken(state):
        found[number] = problem
    assert found.keys() == problems.keys()
    assert {number: found[number] for number in problems if change is not _swap} == (
        {} if change is _swap else problems
    )


def test_a_damaged_record_is_named(state: Path) -> None:
    _damage(state)
    with pytest.raises(UserError, match=r"0002\.json is damaged"):
        forgotten_record.records(state)


def test_without_the_package_that_signs_the_chain_stands_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives", None)
    first = forgotten_record.append(tmp_path, {"action": "forget", "documents": []})
    assert first.body["signed_by"] == ""
    assert not (tmp_path / forgotten_record.KEY).exists()
    assert list(forgotten_record.broken(tmp_path)) == []


def test_a_key_that_is_none_is_named(state: Path) -> None:
    (state / forgotten_record.KEY).write_text("no key")
    with pytest.raises(UserError, match=r"signing\.key is no Ed25519 key"):
        forgotten_record.append(state, {"action": "forget", "documents": []})
    assert forgotten_record.next_number(state) == 4


def test_the_signature_is_one_that_another_program_can_check(state: Path) -> None:
    """Ed25519 over canonical JSON: written out here by the rules, without danlu's own code."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    said = json.loads(path(state, 2).read_bytes())
    text = json.dumps(said["body"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(said["body"]["signed_by"]))
    key.verify(bytes.fromhex(said["signature"]), text.encode())


def test_a_key_that_a_crash_left_half_written_stops_no_later_order(tmp_path: Path) -> None:
    pytest.importorskip("cryptography")
    (tmp_path / f"signing.key.{os.getpid()}.half").write_text("-----BEGIN")
    first = forgotten_record.append(tmp_path, {"action": "forget", "at": "now", "by": "somebody"})
    assert first.body["signed_by"] and list(forgotten_record.broken(tmp_path)) == []
    assert stat.S_IMODE((tmp_path / "signing.key").stat().st_mode) == 0o600
    assert not list(tmp_path.glob("*.half"))


def test_a_key_that_is_put_back_is_said_once(state: Path) -> None:
    key = state / forgotten_record.KEY
    kept = key.read_bytes()
    key.unlink()
    found = [forgotten_record.append(state, {"action": "forget", "at": "2026-01-04", "documents": []})]
    key.write_bytes(kept)
    found += [
        forgotten_record.append(state, {"action": "forget", "at": "2026-01-05", "documents": []}) for _ in range(2)
    ]
    assert ["key_before" in record.body for record in found] == [True, True, False]
    assert list(forgotten_record.broken(state)) == []


def test_a_key_that_is_lost_is_replaced_in_a_record_that_says_so(state: Path) -> None:
    (state / forgotten_record.KEY).unlink()
    [(lost, _)] = forgotten_record.signers(state)
    assert forgotten_record.key_here(state) == ""
    record = forgotten_record.append(state, {"action": "forget", "at": "2026-01-04", "documents": []})
    after = forgotten_record.append(state, {"action": "forget", "at": "2026-01-05", "documents": []})
    assert record.body["key_before"] == lost and "key_before" not in after.body
    new = forgotten_record.key_here(state)
    assert forgotten_record.signers(state) == [(lost, (1, 2, 3)), (new, (4, 5))]
    assert list(forgotten_record.broken(state)) == []
    _change(state)
    assert (2, "the record was changed after it was signed") in forgotten_record.broken(state)


def test_another_key_without_a_word_is_a_broken_chain(state: Path) -> None:
    (state / forgotten_record.KEY).unlink()
    forgotten_record.append(state, {"action": "forget", "at": "2026-01-04", "documents": []})
    said = json.loads(path(state, 4).read_text())
    del said["body"]["key_before"]
    path(state, 4).write_text(json.dumps(said))
    assert [number for number, _ in forgotten_record.broken(state)] == [4]
