"""Documents and conversations as token shards: every token accounted for, the same bytes however they were made."""

import json
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from commands import here
from corpora import corpus, manuals
from danlu.core.artifacts import Chats, Corpus, TokenShards
from danlu.core.errors import UserError, WorkFailed
from danlu.core.stages import Facts
from danlu.core.store import open_artifact
from danlu.loop.packed import PackedCorpus
from danlu.loop.shards import Encoding, Shards
from danlu.model.chat import ChatFormat
from danlu.model.chats import read_chats
from danlu.text.records import Document, read_documents
from danlu.text.tables import read_rows
from danlu.train.tokenize.parts import ChatsShard, tokenize_conversations
from danlu.train.tokenize.stage import TokenizeChatsConfig, TokenizeConfig, tokenize, tokenize_chats
from danlu.train.tokenize.tokenizer import DocumentTokens, FirstBytes, TokenizerFiles
from killed import killed_when
from stages import ran
from tiny import make_tiny_tokenizer, write_chats

FORGED = "Stop here: <|endoftext|> and <|im_end|> are words."
ANY = TokenizeConfig(max_tokens_per_character=3.5)
"""The tiny tokenizer knows little Chinese."""


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> TokenizerFiles:
    folder = tmp_path_factory.mktemp("tokenizer")
    make_tiny_tokenizer(folder)
    return TokenizerFiles(folder)


@pytest.fixture(scope="module")
def documents() -> Corpus:
    plain = Document("forged", FORGED, "", "docs/forged.txt", "text/plain", "CC0-1.0", "en")
    blank = replace(plain, doc_id="blank", text=" \n\u3000\t")
    junk = replace(plain, doc_id="junk", text="".join(chr(0x20000 + 13 * at) for at in range(100)))
    return corpus([*manuals(10), plain, blank, junk], parts=3)


@pytest.fixture(scope="module")
def made(documents: Corpus, tokenizer: TokenizerFiles) -> TokenShards:
    body = partial(tokenize.body, config=ANY, documents=documents, tokenizer=tokenizer)
    return ran(TokenShards, lambda work: body(work), work=True, workers=1)


def texts_of(shards: Shards, tokenizer: TokenizerFiles) -> list[str]:
    """Every document decoded, special tokens and all."""
    from tokenizers import Tokenizer

    library = Tokenizer.from_file(str(tokenizer.path / "tokenizer.json"))
    lengths = shards.lengths().tolist()
    return [
        library.decode(shards.ids(number, 0, length).tolist(), skip_special_tokens=False)
        for number, length in enumerate(lengths)
    ]


def test_shards_hold_every_document_in_order_each_with_its_end(
    made: TokenShards, documents: Corpus, tokenizer: TokenizerFiles
) -> None:
    kept = [one for one in read_documents(documents.documents) if one.doc_id not in ("blank", "junk")]
    shards = Shards.open(made.path)
    assert texts_of(shards, tokenizer) == [f"{one.text}<|endoftext|>" for one in kept]
    rows = read_rows(made.path / "documents")
    assert [row["doc_id"] for row in rows] == [one.doc_id for one in kept]
    assert [row["language"] for row in rows] == [one.language for one in kept]
    assert [row["tokens"] for row in rows] == shards.lengths().tolist()
    assert [row["text_bytes"] for row in rows] == [len(one.text.encode()) for one in kept]
    assert all(one.text.encode()[: row["first_token_bytes"]] for one, row in zip(kept, rows, strict=True))


def test_a_special_token_in_a_text_is_its_characters(made: TokenShards, tokenizer: TokenizerFiles) -> None:
    shards = Shards.open(made.path)
    end_id = shards.encoding.end_id
    every = [shards.ids(number, 0, length) for number, length in enumerate(shards.lengths().tolist())]
    assert all((ids[:-1] > 2).all() and ids[-1] == end_id for ids in every)
    assert any(FORGED in text for text in texts_of(shards, tokenizer))


def test_what_is_no_text_is_rejected_with_its_reason(made: TokenShards) -> None:
    counts = made.manifest.counts
    assert (counts["input"], counts["kept"], counts["rejected"]) == (13, 11, 2)
    found = {row["doc_id"]: (row["rule"], row["value"], row["threshold"]) for row in read_rows(made.path / "rejects")}
    assert found == {
        "blank": ("empty text", "4 characters of white space", "a character"),
        "junk": ("tokens per character", "4.00 tokens per character", "3.5 tokens per character"),
    }
    assert made.manifest.licences == ("CC0-1.0", "MIT")
    assert counts["tokens"] == counts["tokens en"] + counts["tokens zh"] == Shards.open(made.path).tokens


def test_languages_with_few_tokens_are_counted_together(tokenizer: TokenizerFiles) -> None:
    few = Document("few", "Ja.", "", "s", "text/plain", "MIT", "de")
    body = partial(tokenize.body, config=ANY, documents=corpus([*manuals(10), few], parts=1), tokenizer=tokenizer)
    counts = ran(TokenShards, lambda work: body(work), work=True, workers=1).manifest.counts
    assert counts["tokens of other languages"] == 4
    assert counts["tokens"] == counts["tokens en"] + counts["tokens zh"] + 4


def test_workers_make_the_same_bytes(made: TokenShards, documents: Corpus, tokenizer: TokenizerFiles) -> None:
    body = partial(tokenize.body, config=ANY, documents=documents, tokenizer=tokenizer)
    again = ran(TokenShards, lambda work: body(work), work=True, workers=2)
    assert again.manifest.content_hash == made.manifest.content_hash


def test_a_run_that_was_killed_ends_with_the_same_bytes(
    tmp_path: Path, made: TokenShards, documents: Corpus, tokenizer: TokenizerFiles
) -> None:
    setting = "tokenize.max_tokens_per_character=3.5"
    arguments = [
        "tokenize",
        str(documents.path),
        "--tokenizer",
        str(tokenizer.path),
        "--out",
        "shards",
        "--set",
        setting,
    ]
    assert killed_when(tmp_path, [*arguments, "--workers", "1"], "part-00000")
    [done] = tmp_path.rglob("part-00000")
    at = (done / "ids").stat().st_ino
    assert not (tmp_path / "shards" / "manifest.json").exists()
    again = here(tmp_path, *arguments)
    assert again.returncode == 0, again.stderr
    assert open_artifact(tmp_path / "shards", TokenShards).manifest.content_hash == made.manifest.content_hash
    assert (tmp_path / "shards" / "ids" / "00000.bin").stat().st_ino == at


def test_a_tokenizer_that_does_not_know_the_script_is_told(tokenizer: TokenizerFiles) -> None:
    strange = "".join(chr(0x20000 + 13 * at) for at in range(100))
    texts = [Document(f"d{at}", strange, "", "s", "text/plain", "MIT", "und") for at in range(3)]
    with pytest.raises(WorkFailed, match=r"3 of 3 documents in und take more than 2\.5 tokens"):
        body = partial(tokenize.body, config=TokenizeConfig(), tokenizer=tokenizer)
        known = replace(texts[0], text="A manual tells how to start the machine.", language="en")
        many = [replace(known, doc_id=f"known{at}") for at in range(9)]
        ran(TokenShards, lambda work: body(work, documents=corpus([*texts, *many], parts=1)), work=True, workers=1)


def test_a_text_that_the_tokenizer_drops_is_empty(tmp_path: Path) -> None:
    make_tiny_tokenizer(tmp_path)
    facts = json.loads((tmp_path / "tokenizer.json").read_text(encoding="utf-8"))
    facts["normalizer"] = {"type": "Replace", "pattern": {"String": "?"}, "content": ""}
    (tmp_path / "tokenizer.json").write_text(json.dumps(facts), encoding="utf-8")
    texts = [Document(f"d{at}", text, "", "s", "text/plain", "MIT", "en") for at, text in enumerate(("???", "A?"))]
    body = partial(tokenize.body, config=ANY, documents=corpus(texts, parts=1), tokenizer=TokenizerFiles(tmp_path))
    made = ran(TokenShards, lambda work: body(work), work=True, workers=1)
    [row] = read_rows(made.path / "rejects")
    assert (row["doc_id"], row["value"]) == ("d0", "3 characters without a token")
    assert Shards.open(made.path).lengths().tolist() == [2]


def test_a_corpus_of_empty_documents_is_told(tokenizer: TokenizerFiles) -> None:
    blank = corpus([Document("d", " ", "", "s", "text/plain", "MIT", "und")], parts=1)
    with pytest.raises(WorkFailed, match="None of 1 documents has any text"):
        body = partial(tokenize.body, config=TokenizeConfig(), documents=blank, tokenizer=tokenizer)
        ran(TokenShards, lambda work: body(work), work=True, workers=1)


def test_packed_rows_of_a_corpus_are_its_tokens(made: TokenShards) -> None:
    corpus = PackedCorpus.open(made.path, 64)
    assert corpus.packing.tokens_R.sum() == corpus.shards.tokens
    assert corpus.targets_R.sum() == corpus.shards.tokens - len(corpus.packing.documents_P)


def tokenized(path: Path, tokenizer: TokenizerFiles, config: TokenizeChatsConfig) -> TokenShards:
    """The conversations of a file as shards."""

    def chats(folder: Path) -> Facts:
        shutil.copyfile(path, folder / "train.jsonl")
        return Facts(licences=("unknown",))

    body = partial(tokenize_chats.body, config=config, chats=ran(Chats, chats), tokenizer=tokenizer)
    return ran(TokenShards, lambda work: body(work), work=True, workers=1)


def test_conversations_are_written_as_they_are_trained_on(tmp_path: Path, tokenizer: TokenizerFiles) -> None:
    path = write_chats(tmp_path / "train.jsonl", count=12)
    made = tokenized(path, tokenizer, TokenizeChatsConfig())
    shards, format = Shards.open(made.path), ChatFormat.load(tokenizer.path)
    for number, chat in enumerate(read_chats(path)):
        expected = format.training_ids(chat.messages)
        assert shards.ids(number, 0, len(expected.ids)).tolist() == expected.ids
        assert shards.loss_mask(number, 0, len(expected.ids)).tolist() == expected.loss_mask
    counts = made.manifest.counts
    assert (counts["input"], counts["kept"], counts["rejected"]) == (12, 12, 0)
    assert counts["tokens"] == shards.tokens > counts["tokens learnt"] > 0
    replies = [chat.messages[-1]["content"] for chat in read_chats(path)]
    assert [row["text_bytes"] for row in read_rows(made.path / "documents")] == [len(one.encode()) for one in replies]


def test_conversations_that_would_be_cut_are_rejected_when_a_row_is_named(
    tmp_path: Path, tokenizer: TokenizerFiles
) -> None:
    path = write_chats(tmp_path / "train.jsonl", count=6)
    lengths = Shards.open(tokenized(path, tokenizer, TokenizeChatsConfig()).path).lengths()
    longest, bound = int(lengths.max()), int(lengths.max()) - 1
    made = tokenized(path, tokenizer, TokenizeChatsConfig(max_tokens=bound))
    assert Shards.open(made.path).lengths().tolist() == [length for length in lengths.tolist() if length <= bound]
    rejects = read_rows(made.path / "rejects")
    assert {(row["rule"], row["value"], row["threshold"]) for row in rejects} == {
        ("too long", f"{longest} tokens", f"{bound} tokens")
    }
    assert made.manifest.counts["kept"] + len(rejects) == made.manifest.counts["input"] == 6
    with pytest.raises(WorkFailed, match="All of 6 conversations are longer than 2 tokens"):
        tokenized(path, tokenizer, TokenizeChatsConfig(max_tokens=2))


def test_conversations_come_out_the_same_in_any_number_of_parts(tmp_path: Path, tokenizer: TokenizerFiles) -> None:
    chats = tuple(read_chats(write_chats(tmp_path / "c.jsonl", count=5)))
    encoding = replace(_encoding(tokenizer), has_loss_mask=True)
    for name, some in (("whole", chats), ("first", chats[:2]), ("rest", chats[2:])):
        tokenize_conversations(tokenizer.path, encoding, None, ChatsShard(tmp_path / "c.jsonl", tmp_path / name, some))
    whole, parted = ((tmp_path / "whole" / "ids").read_bytes(), (tmp_path / "first" / "ids").read_bytes())
    assert whole == parted + (tmp_path / "rest" / "ids").read_bytes()


def _encoding(tokenizer: TokenizerFiles) -> Encoding:
    found = DocumentTokens.read(tokenizer.path)
    return Encoding(found.vocabulary_size, found.end_id, found.tokenizer, False)


def test_the_end_of_text_is_that_of_pretraining_and_not_that_of_a_reply(tokenizer: TokenizerFiles) -> None:
    assert json.loads((tokenizer.path / "tokenizer_config.json").read_text())["eos_token"] == "<|im_end|>"
    assert DocumentTokens.read(tokenizer.path).end_id == 0
    assert DocumentTokens.read(tokenizer.path, "<|im_end|>").end_id == 2


def test_an_end_that_a_text_could_spell_is_refused(tokenizer: TokenizerFiles) -> None:
    with pytest.raises(UserError, match="no special token the to end a document with"):
        DocumentTokens.read(tokenizer.path, "the")


def test_a_folder_without_a_tokenizer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"has no tokenizer\.json"):
        TokenizerFiles(tmp_path).content_hash()


def test_a_copy_of_a_tokenizer_is_the_same_tokenizer(tmp_path: Path, tokenizer: TokenizerFiles) -> None:
    shutil.copytree(tokenizer.path, tmp_path / "copy")
    facts = json.loads((tmp_path / "copy" / "tokenizer.json").read_text(encoding="utf-8"))
    (tmp_path / "copy" / "tokenizer.json").write_text(json.dumps(facts), encoding="utf-8")
    assert DocumentTokens.read(tmp_path / "copy") == DocumentTokens.read(tokenizer.path)


@pytest.mark.parametrize("text", ["The user", "手册", "\u00e9t\u00e9", "0"])
def test_the_bytes_of_a_first_token_are_counted(tokenizer: TokenizerFiles, text: str) -> None:
    from tokenizers import Tokenizer

    library = Tokenizer.from_file(str(tokenizer.path / "tokenizer.json"))
    first_bytes, ids = FirstBytes(tokenizer.path), library.encode(text).ids
    assert sum(first_bytes.of(id, text) for id in ids) == len(text.encode())


def test_the_command_tells_what_it_did_and_refuses_early(tmp_path: Path, tokenizer: TokenizerFiles) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text(
        "# Pumps\n\nA manual tells how to start the machine.\n" * 5, encoding="utf-8"
    )
    done = here(tmp_path, "tokenize", "docs", "--tokenizer", str(tokenizer.path), "--out", "shards")
    assert done.returncode == 0 and "bytes per token" in done.stdout and "tokens en=" in done.stdout
    assert Shards.open(tmp_path / "shards").documents == 1
    write_chats(tmp_path / "chats.jsonl")
    done = here(tmp_path, "tokenize", "chats.jsonl", "--chats", "--tokenizer", str(tokenizer.path), "--out", "chats")
    assert done.returncode == 0 and "input=12" in done.stdout
    wrong = here(tmp_path, "tokenize", "docs", "--tokenizer", "docs", "--out", "none")
    assert wrong.returncode == 2 and "no tokenizer.json" in wrong.stderr and not (tmp_path / "none").exists()
