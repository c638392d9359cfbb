import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from commands import danlu, here
from corpora import corpus, manual, manuals
from danlu.cli.speech import Speech
from danlu.core.artifacts import Chats, Corpus, Manifest
from danlu.core.errors import WorkFailed
from danlu.data.families import with_parent
from danlu.data.synthesize.completes import Completion, read_object
from danlu.data.synthesize.stage import SynthesizeConfig, synthesize
from danlu.text.records import Block, Document
from danlu.text.tables import read_rows
from killed import killed_when
from stages import ran


class Planted:
    """A model whose replies are known: right and wrong pairs about whatever passage it is shown."""

    name = "planted"

    def __init__(self, *replies: str) -> None:
        self.replies, self.asked = replies, 0
        self.prompts: list[str] = []

    def content_hash(self) -> str:
        return "planted"

    def complete(self, messages: Any, schema: Mapping[str, Any], max_tokens: int) -> Completion:
        self.asked += 1
        self.prompts.append(messages[-1]["content"])
        prompt = messages[-1]["content"]
        if "Question:" in prompt or "问题：" in prompt.split("段落")[-1]:
            return Completion(self.replies[-1], 10, 5)
        return Completion(self.replies[0], 10, 5)


def made(given: Corpus, model: Any = None, workers: int = 2, **config: Any) -> Chats:
    body = lambda work: synthesize.body(work, SynthesizeConfig(**config), documents=given, model=model)  # noqa: E731
    return ran(Chats, body, work=True, workers=workers)


def rows(artifact: Chats) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for path in (artifact.train, artifact.held_out)
        for line in path.read_text("utf-8").splitlines()
    ]


def rules(artifact: Chats) -> set[str]:
    return {row["rule"] for row in read_rows(artifact.path / "rejects")}


@pytest.fixture(scope="module")
def given() -> Corpus:
    return corpus(manuals())


@pytest.fixture(scope="module")
def pairs(given: Corpus) -> Chats:
    return made(given, held_out_share=0.4)


def test_kept_and_rejected_are_what_was_generated(pairs: Chats) -> None:
    counts = pairs.manifest.counts
    assert counts["input"] == counts["kept"] + counts["rejected"]
    assert counts["kept"] == len(rows(pairs)) == sum(n for name, n in counts.items() if name.startswith("made: "))
    assert counts["rejected"] == len(read_rows(pairs.path / "rejects"))
    assert pairs.manifest.licences == ("MIT",)


def test_every_verbatim_answer_stands_at_its_offsets_in_its_document(pairs: Chats, given: Corpus) -> None:
    texts = {row["doc_id"]: row["text"] for row in read_rows(given.documents)}
    for row in rows(pairs):
        assert set(row) >= {"id", "messages", "source", "doc_id", "parent", "start", "end", "licence"}
        if row["verbatim"]:
            assert texts[row["doc_id"]][row["start"] : row["end"]] == row["messages"][1]["content"]
    assert {row["kind"] for row in rows(pairs)} >= {"heading", "definition", "faq", "table", "cloze"}
    assert {row["language"] for row in rows(pairs)} == {"zh", "en"}


def test_no_question_is_asked_twice_and_no_family_is_on_two_sides(pairs: Chats) -> None:
    questions = [row["messages"][0]["content"] for row in rows(pairs)]
    assert len(set(questions)) == len(questions)
    assert "question asked before" in rules(pairs)
    sides = {path.name: {json.loads(line)["parent"] for line in path.read_text("utf-8").splitlines()} for path in (pairs.train, pairs.held_out)}  # fmt: skip
    assert all(sides.values()) and not set.intersection(*sides.values())


def test_pairs_of_a_variant_are_on_its_parent_s_side() -> None:
    documents = []
    for number in range(8):
        parent = manual(number, False)
        variant = manual(number + 50, False)
        documents += [parent, Document(**{**variant.__dict__, "meta": with_parent(parent, method="m")})]
    found = made(corpus(documents), held_out_share=0.5)
    sides = {path: {json.loads(line)["parent"] for line in path.read_text("utf-8").splitlines()} for path in (found.train, found.held_out)}  # fmt: skip
    assert not set.intersection(*sides.values()) and all(sides.values())


def test_a_split_corpus_keeps_its_sides(given: Corpus, tmp_path: Path) -> None:
    names = sorted(path.name for path in given.documents.iterdir())
    listing = given.path / "sides.json"
    listing.write_text(json.dumps({"train": names[:1], "validation": names[1:2], "test": names[2:]}), encoding="utf-8")
    try:
        found = made(given)
    finally:
        listing.unlink()
    training = {row["doc_id"] for row in read_rows(given.documents / names[0], ["doc_id"])}
    assert {json.loads(line)["doc_id"] for line in found.train.read_text("utf-8").splitlines()} == training


def test_questions_measure_an_index(pairs: Chats) -> None:
    from danlu.evaluate.questions import read_questions

    assert all(row.quote and row.file for row in read_questions(pairs.questions))


def test_content_does_not_depend_on_workers(given: Corpus, pairs: Chats) -> None:
    assert made(given, workers=1, held_out_share=0.4).manifest.content_hash == pairs.manifest.content_hash


def asked(*pairs: tuple[str, str]) -> str:
    return json.dumps({"pairs": [{"question": question, "quote": quote} for question, quote in pairs]})


QUOTE = "A package is a set of files that belong together."
FOUND = json.dumps({"quote": QUOTE})


def test_a_model_s_pair_is_kept_when_its_quote_stands_in_the_passage_and_is_found_again() -> None:
    model = Planted(asked(("What is a package made of?", QUOTE.replace(" set ", "  set\n"))), FOUND)
    found = made(corpus([manual(0, False)], parts=1), model, kinds=())
    [row] = rows(found)
    assert row["messages"][1]["content"] == QUOTE and row["by"] == "planted" and row["kind"] == "question"
    counts = found.manifest.counts
    assert (
        counts["prompt tokens"] == 10 * counts["model requests"]
        and counts["passages asked"] == counts["passages asked"]
    )


@pytest.mark.parametrize(
    ("reply", "again", "rule"),
    [
        (asked(("What is a package?", "A package is a kind of box.")), FOUND, "answer not in the document"),
        (asked(("What is a package?", "")), FOUND, "answer not in the document"),
        (asked(("How far is the moon from Mars?", QUOTE)), FOUND, "question not about its quote"),
        (
            asked(("What is a package made of?", QUOTE)),
            '{"quote": "The scheduler starts the job."}',
            "answer not found again",
        ),
        (asked(("What is a package made of?", QUOTE)), "I cannot tell.", "answer not found again"),
        ("Sure! Here are your questions:", FOUND, "reply without pairs"),
        ('{"pairs": [1, null]}', FOUND, "answer not in the document"),
        ("", FOUND, "reply without pairs"),
    ],
)
def test_a_model_s_pair_that_does_not_hold_is_rejected(reply: str, again: str, rule: str) -> None:
    with pytest.raises(WorkFailed, match="No pair could be made"):
        made(corpus([manual(0, False)], parts=1), Planted(reply, again), kinds=())
    found = made(corpus([manual(0, False)], parts=1), Planted(reply, again), kinds=("definition",))
    assert rule in rules(found)
    assert found.manifest.counts["input"] == found.manifest.counts["kept"] + found.manifest.counts["rejected"]


def test_the_prompt_is_in_the_document_s_language() -> None:
    model = Planted(
        asked(("什么是软件包？", "软件包是指一组相互关联的文件")), '{"quote": "软件包是指一组相互关联的文件"}'
    )
    [row] = rows(made(corpus([manual(1, True)], parts=1), model, kinds=()))
    assert row["messages"][0]["content"] == "什么是软件包？"
    assert all("只回复 JSON" in prompt for prompt in model.prompts)


def test_a_spent_budget_ends_the_asking() -> None:
    model = Planted(asked(("What is a package made of?", QUOTE)), FOUND)
    found = made(corpus([manual(n, False) for n in range(30)], parts=1), model, kinds=("definition",), budget_tokens=50)
    counts = found.manifest.counts
    assert counts["passages asked"] == 8 and counts["passages not asked"] > 20
    assert model.asked == counts["model requests"] < 20


@pytest.mark.parametrize(
    ("kind", "reply", "rule"),
    [
        ("summarise", {"reply": "A package is a set of files."}, None),
        ("summarise", {"reply": "A package has 99 files."}, "number not in the passage"),
        ("summarise", {"reply": "软件包是一组文件。"}, "reply in another language"),
        ("summarise", {"reply": "long words " * 40}, "summary too long"),
        ("summarise", {}, "reply without text"),
        ("rewrite", {"reply": "A package groups files."}, "rewriting lost a fact"),
        ("classify", {"reply": "guide", "quote": QUOTE}, None),
        ("classify", {"reply": "poem", "quote": QUOTE}, "unknown label"),
        ("classify", {"reply": "guide", "quote": "it says so"}, "label without ground"),
    ],
)
def test_an_instruction_s_reply_is_checked_against_its_passage(
    kind: str, reply: dict[str, str], rule: str | None
) -> None:
    given = corpus([manual(0, False)], parts=1)
    found = made(
        given, Planted(json.dumps(reply)), kinds=("definition",), model_kinds=(kind,), labels=("guide", "news")
    )
    if rule:
        assert rule in rules(found)
    else:
        assert kind in {row["kind"] for row in rows(found)} and not any(
            row["verbatim"] for row in rows(found) if row["kind"] == kind
        )


@pytest.mark.parametrize(
    ("text", "read"), [('```json\n{"a": 1}\n```', {"a": 1}), ("no", {}), ("{", {}), ("[1]", {}), ("{]}", {})]
)
def test_an_object_is_read_out_of_a_reply(text: str, read: dict[str, int]) -> None:
    assert read_object(text) == read


class _Server(BaseHTTPRequestHandler):
    asked = 0

    def do_POST(self) -> None:
        type(self).asked += 1
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        prompt = request["messages"][-1]["content"]
        text = FOUND if "Question:" in prompt else asked(("What is a package made of?", QUOTE))
        reply = {"choices": [{"message": {"content": text}}], "usage": {"prompt_tokens": 100, "completion_tokens": 50}}
        body = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        return


def test_a_repeated_run_asks_the_server_nothing_and_tells_the_cost(tmp_path: Path) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    given = corpus([manual(0, False)], parts=1).path
    url = f"http://127.0.0.1:{server.server_port}/v1"
    arguments = ["synthesize", str(given), "--model", url, "stand-in", "--price", "1", "2", "--kinds", "definition"]
    try:
        first = danlu(tmp_path, *arguments, "--out", "one", XDG_CACHE_HOME=str(tmp_path / "cache"))
        assert first.returncode == 0, first.stderr
        asked_once = _Server.asked
        second = danlu(tmp_path, *arguments, "--out", "two", XDG_CACHE_HOME=str(tmp_path / "cache"))
    finally:
        server.shutdown()
        server.server_close()
    assert second.returncode == 0 and _Server.asked == asked_once > 0
    assert Manifest.read(tmp_path / "one").content_hash == Manifest.read(tmp_path / "two").content_hash
    assert f"cost: {asked_once * 200 / 1e6:.4f}" in first.stderr


def test_a_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    from danlu.data.endpoint.client import Endpoint
    from danlu.data.synthesize.completes import ByEndpoint

    endpoint = Endpoint("http://127.0.0.1:9/v1", "none", tmp_path / "replies.sqlite", tries=1)
    with pytest.raises(WorkFailed, match="gave no answer"):
        made(corpus([manual(0, False)], parts=1), ByEndpoint(endpoint, "none", "none"))


def test_a_killed_run_ends_with_the_content_of_an_uninterrupted_one(tmp_path: Path) -> None:
    given = str(corpus(manuals(24), parts=6).path)
    assert killed_when(tmp_path, ["synthesize", given, "--out", "out"], "rules-0000?.jsonl")
    for name in ("out", "whole"):
        done = danlu(tmp_path, "synthesize", given, "--out", name)
        assert done.returncode == 0, done.stderr
    assert Manifest.read(tmp_path / "out").content_hash == Manifest.read(tmp_path / "whole").content_hash


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--kinds", "riddle"], "synthesize.kinds"),
        (["--model", "not-an-address", "m"], "is no address of a server"),
        (["--gguf", "missing.gguf"], "no such file"),
    ],
)
def test_wrong_usage_is_told_with_status_2(tmp_path: Path, arguments: list[str], message: str) -> None:
    (tmp_path / "in.txt").write_text("A package is a set of files.", encoding="utf-8")
    refused = here(tmp_path, "synthesize", "in.txt", "--out", "out", *arguments)
    assert refused.returncode == 2 and message in refused.stderr


_PRIVATE = "Contact\n\nThe pump room is led by Ada. Ada is reached at ada@pump.example or +44 20 7946 0958.\n\nCare\n\nThe pump is checked in spring. Its bearing is greased twice, in 2021 and in 2022."


def private() -> Document:
    blocks, at = [], 0
    for part in _PRIVATE.split("\n\n"):
        blocks.append(
            Block(at, at + len(part), "heading" if len(part) < 10 else "text", level=1 if len(part) < 10 else 0)
        )
        at += len(part) + 2
    return Document("a", _PRIVATE, "Pump room rules", "a.txt", "text/plain", "MIT", "en", tuple(blocks))


def test_no_personal_data_enters_a_pair_and_no_model_sees_it() -> None:
    model = Planted('{"pairs": []}')
    made_of = made(corpus([private()], parts=1), model, held_out_share=0.0)
    held = (made_of.path / "train.jsonl").read_text(encoding="utf-8") + "".join(model.prompts)
    assert "ada@pump" not in held and "7946" not in held and "bearing" in held
    reasons = [row for row in read_rows(made_of.path / "rejects") if row["rule"] == "holds personal data"]
    assert reasons and all("email 1" in row["value"] for row in reasons)
    assert "`danlu redact` masks them first" in made_of_note(private())


def made_of_note(document: Document, **config: Any) -> str:
    notes: list[str] = []

    def body(work: Any) -> Any:
        facts = synthesize.body(work, SynthesizeConfig(**config), documents=corpus([document], parts=1), model=None)
        notes.append(facts.note)
        return facts

    ran(Chats, body, work=True)
    return notes[0]


def test_personal_data_stays_where_the_user_says_so() -> None:
    kept = made(corpus([private()], parts=1), personal_data="keep", held_out_share=0.0)
    assert "ada@pump.example" in (kept.path / "train.jsonl").read_text(encoding="utf-8")
    assert "holds personal data" not in rules(kept)


def test_an_empty_side_is_told() -> None:
    assert "held_out.jsonl is empty" in made_of_note(private(), personal_data="keep", held_out_share=0.001)
    assert made_of_note(private(), personal_data="keep", held_out_share=0.0) == ""


def test_one_note_does_not_hide_another() -> None:
    note = made_of_note(private(), held_out_share=0.001)
    assert "`danlu redact` masks them first" in note and "held_out.jsonl is empty" in note
    assert Speech("zh")(note).startswith("文档中有个人信息") and "held_out.jsonl 为空" in Speech("zh")(note)


def test_documents_of_which_all_pairs_hold_personal_data_say_so() -> None:
    text = "Contact of the pump room\n\nAda is reached at ada@pump.example every day."
    blocks = (Block(0, 24, "heading", level=1), Block(26, len(text), "text"))
    document = Document("a", text, "", "a.txt", "text/plain", "MIT", "en", blocks)
    with pytest.raises(WorkFailed, match="hold personal data or secrets") as told:
        made(corpus([document], parts=1))
    assert "`danlu redact` masks them" in told.value.hint
