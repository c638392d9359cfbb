import os
import shutil
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from danlu.core.artifacts import Corpus
from danlu.core.errors import UserError, WorkFailed
from danlu.core.execute import Machine, execute
from danlu.core.hashing import hash_content
from danlu.core.progress import Silent
from danlu.core.stages import Facts, Plan, Work
from danlu.core.store import Store
from danlu.data.extract import shards
from danlu.data.redact.inputs import KeyFile, word_lists
from danlu.data.redact.stage import RedactConfig, redact
from danlu.recipes.corpora import extraction_of
from danlu.recipes.settings import Settings
from danlu.text.offsets import Edit, OffsetMap, Piece, apply
from danlu.text.records import DOCUMENTS, Block, Document, Ledger, read_documents
from danlu.text.tables import read_rows, write_rows
from stages import ran

CHINESE = "员工张三，手机：138 0013 8000，邮箱：zhang@example.com。\n身份证号：11010519491231002X。这里卖毒*品。"
ENGLISH = "Connect to 10.20.30.40 with password=hunter2! and call (415) 555-2671."
PLAIN = "泵的维护：每月检查一次轴承温度。The pump has 4 valves."


def document(name: str, text: str, **more: object) -> Document:
    blocks = (Block(0, text.find("\n") if "\n" in text else len(text), "heading"), Block(0, len(text), "text"))
    return Document(
        name, text, "Pages of zhang@example.com", f"docs/{name}", "text/plain", "MIT", blocks=blocks, **more
    )  # type: ignore[arg-type]


def corpus(*documents: Document) -> Corpus:
    return ran(Corpus, lambda folder: Ledger(len(documents), list(documents)).write(folder))


def redacted(
    given: Corpus,
    *,
    words: list[Path] | None = None,
    key: Path | None = None,
    workers: int = 2,
    seed: int = 0,
    **config: object,
) -> Corpus:
    made = RedactConfig.model_validate(config)
    lists, secret = word_lists(words or []), KeyFile(key) if key else None
    return ran(
        Corpus,
        lambda work: redact.body(work, made, documents=given, words=lists, key=secret),
        work=True,
        workers=workers,
        seed=seed,
    )


def texts(made: Corpus) -> dict[str, str]:
    return {one.doc_id: one.text for one in read_documents(made.documents)}


def test_values_are_masked_in_the_language_of_the_document() -> None:
    made = redacted(corpus(document("a", CHINESE), document("b", ENGLISH), document("c", PLAIN)))
    assert texts(made) == {
        "a": "员工张三，手机：[手机号]，邮箱：[邮箱]。\n身份证号：[身份证号]。这里卖毒*品。",
        "b": "Connect to [IP ADDRESS] with password=[PASSWORD] and call [PHONE].",
        "c": PLAIN,
    }
    assert {one.title for one in read_documents(made.documents)} == {"Pages of [邮箱]", "Pages of [EMAIL]"}


def test_pseudonyms_that_anybody_can_repeat_are_told(tmp_path: Path) -> None:
    key = tmp_path / "redact.key"
    key.write_bytes(b"k" * 32)
    given = corpus(document("a", CHINESE))
    assert "without --key" in noted(given, policy="pseudonymise")
    assert noted(given, key=key, policy="pseudonymise") == noted(given) == ""
    assert noted(corpus(document("c", PLAIN)), policy="pseudonymise") == ""


def noted(given: Corpus, key: Path | None = None, **config: object) -> str:
    notes: list[str] = []

    def body(work: Work) -> Facts:
        settings, secret = RedactConfig.model_validate(config), KeyFile(key) if key else None
        notes.append(redact.body(work, settings, documents=given, key=secret).note)
        return Facts()

    ran(Corpus, body, work=True)
    return notes[0]


def test_nothing_that_was_taken_out_is_anywhere_in_the_artifact() -> None:
    made = redacted(corpus(document("a", CHINESE), document("b", ENGLISH)))
    for table in ("documents", "findings", "edits", "rejects"):
        held = repr(list(read_rows(made.path / table)))
        assert not [value for value in ("8000", "zhang@", "002X", "hunter2", "555-2671") if value in held]


def test_findings_stand_where_they_say_and_edits_count_them() -> None:
    made = redacted(corpus(document("a", CHINESE)))
    text = texts(made)["a"]
    rows = list(read_rows(made.path / "findings"))
    assert [(row["type"], text[row["start"] : row["end"]]) for row in rows] == [
        ("mobile_phone", "[手机号]"),
        ("email", "[邮箱]"),
        ("cn_resident_id", "[身份证号]"),
    ]
    edits = {row["rule"]: row["count"] for row in read_rows(made.path / "edits")}
    assert edits == {"mobile_phone": 1, "email": 2, "cn_resident_id": 1}  # the title holds an address too
    assert made.manifest.counts["found: email"] == 1


def test_offsets_lead_back_to_the_extraction_and_blocks_move_along() -> None:
    source = "  " + CHINESE
    cleaned, first = apply(source, [Edit(0, 2, "", "space")])
    made = redacted(corpus(document("a", cleaned, offsets=tuple(asdict(piece) for piece in first.pieces))))
    (one,) = read_documents(made.documents)
    offsets = OffsetMap(tuple(Piece(**piece) for piece in one.offsets))
    at = one.text.index("[手机号]")
    start, end = offsets.to_source(at, at + len("[手机号]"))
    assert source[start:end] == "138 0013 8000"
    start, end = offsets.to_source(one.text.index("这里"), len(one.text))
    assert source[start:end] == "这里卖毒*品。"
    heading, whole = one.blocks
    assert one.text[heading.start : heading.end] == "员工张三，手机：[手机号]，邮箱：[邮箱]。"
    assert (whole.start, whole.end) == (0, len(one.text))


def test_report_only_changes_nothing_and_lists_everything() -> None:
    given = corpus(document("a", CHINESE), document("b", ENGLISH))
    made = redacted(given, policy="report-only")
    assert list(read_documents(made.documents)) == list(read_documents(given.documents))
    assert {row["action"] for row in read_rows(made.path / "findings")} == {"keep"}
    assert {row["value_hash"] for row in read_rows(made.path / "findings")} == {""}  # no key, no hash to guess from
    assert list(read_rows(made.path / "edits")) == []


def test_a_document_with_a_secret_is_dropped_and_says_why() -> None:
    made = redacted(corpus(document("a", CHINESE), document("b", ENGLISH)), policy="drop-secrets")
    (reject,) = read_rows(made.path / "rejects")
    assert (reject["doc_id"], reject["rule"], reject["value"]) == ("b", "sensitive data", "password 1")
    assert made.manifest.counts["input"] == made.manifest.counts["kept"] + made.manifest.counts["rejected"] == 2


def test_when_nothing_is_kept_the_rules_are_named() -> None:
    with pytest.raises(WorkFailed, match="sensitive data 1"):
        redacted(corpus(document("b", ENGLISH)), policy="drop-secrets")


def test_one_type_can_differ_from_the_policy() -> None:
    made = redacted(corpus(document("a", CHINESE)), types={"email": "keep", "mobile_phone": "partial"})
    assert "手机：138 **** 8000，邮箱：zhang@example.com。" in texts(made)["a"]
    with pytest.raises(UserError, match="unknown type `mail`"):
        redacted(corpus(document("a", CHINESE)), types={"mail": "keep"})


def test_equal_values_get_equal_pseudonyms_in_every_document_and_other_keys_others(tmp_path: Path) -> None:
    key = tmp_path / "redact.key"
    key.write_bytes(b"0123456789abcdef")
    given = corpus(
        document("a", "手机：13800138000"), document("b", "电话 138-0013-8000"), document("c", "手机：13900139000")
    )
    keyed = redacted(given, policy="pseudonymise", key=key)
    hashes = [row["value_hash"] for row in read_rows(keyed.path / "findings")]
    assert hashes[0] == hashes[1] != hashes[2]
    made = texts(keyed)
    digits = {name: "".join(c for c in text if c.isdigit()) for name, text in made.items()}
    assert digits["a"] == digits["b"] != digits["c"]
    assert digits["a"] not in (
        "13800138000",
        "".join(c for c in texts(redacted(given, policy="pseudonymise"))["a"] if c.isdigit()),
    )


def test_redacting_again_finds_nothing() -> None:
    once = redacted(corpus(document("a", CHINESE), document("b", ENGLISH)))
    assert list(read_rows(redacted(once).path / "findings")) == []


def test_word_lists_mask_and_drop_by_category(tmp_path: Path) -> None:
    (tmp_path / "drugs.txt").write_text("# ours\n毒品\n冰毒\tharder\n", encoding="utf-8")
    given = corpus(document("a", CHINESE), document("b", "这里卖 冰-毒，冰毒。"), document("c", PLAIN))
    made = redacted(given, words=[tmp_path])
    assert texts(made)["a"].endswith("这里卖[敏感词]。")
    dropped = _with_words(given, tmp_path, {"harder": "drop"}, 1)
    assert [row["rule"] for row in read_rows(dropped.path / "rejects")] == ["sensitive words"]
    assert texts(_with_words(given, tmp_path, {"harder": "drop"}, 2))["b"] == "这里卖 [敏感词]，[敏感词]。"


def _with_words(given: Corpus, folder: Path, actions: dict[str, str], most: int) -> Corpus:
    config = RedactConfig.model_validate({"words": actions, "max_word_hits": most})
    return ran(Corpus, lambda work: redact.body(work, config, documents=given, words=word_lists([folder])), work=True)


def test_a_category_that_no_list_has_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "violence.txt").write_text("毒品\n", encoding="utf-8")
    with pytest.raises(UserError) as told:
        RedactConfig(words={"violense": "drop"}).check(word_lists([tmp_path]))
    assert "violense" in str(told.value) and "violence" in told.value.hint
    with pytest.raises(UserError, match="no word of the lists"):
        RedactConfig(words={"violence": "drop"}).check(None)


def test_a_missing_list_and_a_short_key_are_errors(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not found"):
        word_lists([tmp_path / "none.txt"])
    (tmp_path / "key").write_bytes(b"short")
    with pytest.raises(UserError, match="can be guessed"):
        KeyFile(tmp_path / "key").content_hash()


def test_the_number_of_workers_changes_no_byte() -> None:
    given = corpus(*(document(f"{n:03}", [CHINESE, ENGLISH, PLAIN][n % 3] + f" {n}") for n in range(60)))
    one, two = redacted(given, policy="pseudonymise", workers=1), redacted(given, policy="pseudonymise", workers=2)
    assert one.manifest.content_hash == two.manifest.content_hash


_KILLED = """
import os, signal, sys
from pathlib import Path
from danlu.core.artifacts import Corpus
from danlu.core.stages import Facts, Plan, Work
from danlu.core.store import Store
from danlu.data.extract import shards
from danlu.data.redact.stage import RedactConfig, redact

class Dying:
    left = 2
    def advance(self, done, total, note=""):
        Dying.left -= 1
        if Dying.left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
    def line(self, text): pass

if __name__ == "__main__":
    corpus, folder = Path(sys.argv[1]), Path(sys.argv[2])
    work = Work(folder, folder / ".work", 0, 1, 2, Dying())
    redact.body(work, RedactConfig(), documents=Corpus(corpus, None))
"""


def test_killed_and_run_again_equals_uninterrupted(tmp_path: Path) -> None:
    for part in range(5):
        rows = [asdict(document(f"{part}-{n}", [CHINESE, ENGLISH, PLAIN][n % 3] + f" {n}")) for n in range(9)]
        write_rows(tmp_path / "in" / "documents" / f"{part:05}.parquet", rows, DOCUMENTS)
    script = tmp_path / "killed.py"
    script.write_text(_KILLED, encoding="utf-8")
    out, whole = tmp_path / "out", tmp_path / "whole"
    (out / ".work").mkdir(parents=True)
    done = subprocess.run([sys.executable, str(script), str(tmp_path / "in"), str(out)], env=os.environ, check=False)
    assert done.returncode == -signal.SIGKILL
    assert any((out / ".work").iterdir())
    for folder in (out, whole):
        (folder / ".work").mkdir(parents=True, exist_ok=True)
        work = Work(folder, folder / ".work", 0, 1, 2, Silent())
        redact.body(work, RedactConfig(), documents=Corpus(tmp_path / "in", None))  # type: ignore[arg-type]
        shutil.rmtree(folder / ".work")
    assert hash_content(out, ()) == hash_content(whole, ())


def test_parts_that_did_not_change_are_taken_over_unless_words_key_or_seed_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "MAX_FILES", 1)
    docs, listed, store = tmp_path / "docs", tmp_path / "words.txt", Store(tmp_path / "artifacts")
    docs.mkdir()
    (docs / "a.txt").write_text("电话 13912345678，请联系阿尔法项目组。")

    def first_part(words: str, key: bytes, seed: int = 0) -> int:
        listed.write_text(words)
        (tmp_path / "key").write_bytes(key)
        step = redact(
            documents=extraction_of([docs], "MIT", Settings({})),
            words=word_lists([listed]),
            key=KeyFile(tmp_path / "key"),
        )
        return (execute(Plan(step, seed), store, Machine(1, 1)).documents / "00000.parquet").stat().st_ino

    first = first_part("阿尔法\n", b"k" * 32)
    others = {first_part("贝塔\n", b"k" * 32), first_part("阿尔法\n", b"l" * 32), first_part("阿尔法\n", b"k" * 32, 1)}
    assert first not in others and len(others) == 3
    (docs / "b.txt").write_text("第二个文件，没有号码。")
    assert first_part("阿尔法\n", b"k" * 32) == first
