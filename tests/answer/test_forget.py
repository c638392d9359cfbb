import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from danlu.answer.asking.ask import ReleaseBot
from danlu.answer.asking.model_rights import ModelRights
from danlu.answer.asking.why import why
from danlu.answer.asking.why_document import why_document
from danlu.answer.forgetting import forgotten_record
from danlu.answer.forgetting.forget import Order, finish, forget, hide
from danlu.answer.forgetting.orders import lift, note_rebuilt, open_orders, verify
from danlu.answer.forgetting.places import Elsewhere
from danlu.answer.forgetting.purge import purge
from danlu.answer.forgetting.redact_answers import redact_answers
from danlu.answer.index.live import remove_documents
from danlu.answer.state import State
from danlu.answer.uses.catalogue import Catalogue
from danlu.answer.uses.named_document import find_document
from danlu.answer.uses.promotion import ModelWatch, models_that_learnt
from danlu.answer.uses.tainted import uses_in
from danlu.core.artifacts import Chats, Checkpoint, Release
from danlu.core.errors import UserError, WorkFailed
from danlu.core.forgotten import Forgotten, ForgottenDocument
from danlu.core.project import Project, load_project
from danlu.core.store import Store, only_writer, open_artifact
from danlu.retrieve.legs import live as live_index
from danlu.retrieve.legs.live import LiveIndex
from danlu.retrieve.tables.writing import Version
from danlu.text.records import Block, Document

QUESTION = "I have several machines; how can I download the updates only one time?"
UPDATES = "docs/en/updates.html"


@pytest.fixture
def project(small_project: Path, tmp_path: Path) -> Project:
    """A copy of a project that has run, to be changed at will."""
    return load_project(Path(shutil.copytree(small_project, tmp_path / "copy")))


def order(project: Project, name: str) -> Order:
    return Order(name, "somebody", project.folder, Elsewhere())


def of_stage(project: Project, stage: str) -> str:
    [folder] = (project.artifacts / stage).iterdir()
    return folder.name


def current(project: Project) -> Release:
    return open_artifact(project.artifacts / "release" / State.of(project).current(), Release)


@pytest.mark.parametrize("name", [UPDATES, "docs/../docs/en/updates.html", "44a1886b42de9d8f"])
def test_a_document_is_meant_by_its_name_its_path_or_its_id(project: Project, name: str) -> None:
    found = find_document(Catalogue.of(project), name, project.folder)
    assert (found.source, found.file, found.doc_ids) == (UPDATES, UPDATES, {"44a1886b42de9d8f"})
    assert find_document(Catalogue.of(project), str(project.folder / UPDATES), Path("/")).source == UPDATES


@pytest.mark.parametrize(("name", "near"), [("updates.html", "en/updates.html, docs/zh/updates.html"), ("", "docs/"), ("docs", "docs/")])  # fmt: skip
def test_one_that_nobody_knows_is_told_with_the_nearest_names(project: Project, name: str, near: str) -> None:
    with pytest.raises(UserError, match="No document is called") as caught:
        forget(project, order(project, name))
    assert near in caught.value.hint
    assert not (State.of(project).folder / "forgotten.json").exists()


def test_what_used_a_document_is_followed_by_its_rows_and_not_only_from_artifact_to_artifact(project: Project) -> None:
    store = Store(project.artifacts)

    def how(name: str) -> dict[str, set[str]]:
        return {
            use.artifact.manifest.stage: use.how
            for use in uses_in(store, find_document(Catalogue.of(project), name, Path()).sought)
        }

    learnt = how(UPDATES)
    assert learnt["extract"] == learnt["deduplicate"] == {"holds"}
    assert learnt["finetune"] == {"holds", "learnt"} and "learnt" in learnt["train_retriever"]
    assert learnt["index"] == {"holds", "learnt", "measured"} and learnt["release"] == {"parts"}
    assert "base" not in learnt
    chinese = how("docs/zh/start.md")
    assert "finetune" not in chinese and "learnt" in chinese["train_retriever"]
    duplicate = how("docs/zh/utf8-copy.txt")
    assert duplicate["deduplicate"] == {"names"}
    assert not {"index", "train_retriever", "finetune"} & duplicate.keys()
    garbled = how("docs/bad/garbled.txt")
    assert garbled["clean"] == {"names"} and "deduplicate" not in garbled


def test_a_pair_that_the_training_did_not_reach_taught_nothing(project: Project) -> None:
    """Told by the rows of token ids that the training kept: as many pairs are learnt as it says."""
    store = Store(project.artifacts)
    tuned = store.find(of_stage(project, "finetune"))
    given = reached = 0
    for path in sorted((project.folder / "docs" / "en").iterdir()):
        uses = uses_in(store, find_document(Catalogue.of(project), str(path), Path()).sought)
        by_stage = {use.artifact.manifest.stage: use for use in uses}
        given += by_stage["make_questions"].counts["train pairs"] if "make_questions" in by_stage else 0
        reached += by_stage["finetune"].counts["train pairs"] if "finetune" in by_stage else 0
    assert reached == tuned.manifest.counts["learnt"] < given == tuned.manifest.counts["conversations"]
    assert isinstance(tuned, Checkpoint)


def test_without_the_rows_that_were_learnt_every_given_pair_counts(project: Project) -> None:
    store = Store(project.artifacts)
    tuned = store.find(of_stage(project, "finetune"))
    (tuned.path / "tokens.parquet").unlink()
    uses = uses_in(store, find_document(Catalogue.of(project), UPDATES, Path()).sought)
    chats = next(use for use in uses if isinstance(use.artifact, Chats))
    use = next(use for use in uses if use.artifact.id == tuned.id)
    assert use.counts["train pairs"] == chats.counts["train pairs"] > 0


def test_an_order_is_recorded_with_what_it_found_and_no_word_of_the_text(project: Project) -> None:
    text = find_document(Catalogue.of(project), UPDATES, Path()).texts[0]
    bot = ReleaseBot(project)
    answer = bot.ask(QUESTION)
    record, was_done = forget(project, order(project, UPDATES))
    bot.close()
    body = record.body
    assert (was_done, record.number, body["by"]) == (False, 1, "somebody")
    assert body["documents"][0]["source"] == UPDATES and len(body["documents"][0]["sha256"]) == 64
    assert body["removed"]["passages"] > 5 and body["removed"]["answers"] == [answer.answer_id]
    assert {"source", "artifact"} == {place["place"] for place in body["places"]}
    assert body["not_proven"]
    written = (State.of(project).folder / "forgotten" / "0001.json").read_text()
    assert not any(line in written for line in text.splitlines() if len(line) > 40)
    again, was_done = forget(project, order(project, "44a1886b42de9d8f"))
    assert (was_done, again.number) == (True, 1)


def test_a_copy_with_the_same_text_is_forgotten_with_it_and_near_ones_are_named(project: Project) -> None:
    record, _ = forget(project, order(project, "docs/zh/override.txt"))
    assert [entry["source"] for entry in record.body["documents"]] == ["docs/zh/override.txt", "docs/zh/utf8-copy.txt"]
    assert record.body["remaining"] == []
    near = project.folder / "docs" / "zh" / "override.txt"
    assert near.exists(), "a user's own file is never deleted"


def test_what_was_forgotten_is_not_answered_by_a_bot_that_runs_already(project: Project) -> None:
    bot = ReleaseBot(project)
    assert bot.ask(QUESTION).citations[0].source == UPDATES
    forget(project, order(project, UPDATES))
    after = bot.ask(QUESTION)
    bot.close()
    assert UPDATES not in [citation.source for citation in after.citations]


def test_an_order_that_was_killed_halfway_goes_on(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from danlu.answer.forgetting import forget as module

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(module, "redact_answers", killed)
        with pytest.raises(KeyboardInterrupt):
            forget(project, order(project, UPDATES))
    assert Forgotten.of(State.of(project).folder).find(UPDATES)
    assert not ReleaseBot(project).ask(QUESTION).citations
    record, was_done = forget(project, order(project, UPDATES))
    assert (record.number, was_done) == (1, False)
    assert verify(project).problems == () and not verify(project).restored


START = "docs/zh/start.md"


def cut_off(project: Project, name: str) -> None:
    """An order that was killed when its list was written, and nothing else."""
    document = find_document(Catalogue.of(project), name, project.folder)
    state = State.of(project).folder
    number = forgotten_record.next_number(state)
    entry = ForgottenDocument(
        number, "2026-01-01T00:00:00+00:00", document.source, document.file, document.sha256, tuple(document.doc_ids), document.text_hashes
    )  # fmt: skip
    Forgotten.of(state).adding([entry]).write(state)


def test_an_order_that_was_cut_off_is_finished_before_another_one_is_recorded(project: Project) -> None:
    state = State.of(project).folder
    bot = ReleaseBot(project)
    answer = bot.ask(QUESTION)
    bot.close()
    cut_off(project, UPDATES)
    record, was_done = forget(project, order(project, START))
    assert (record.number, was_done, [one["source"] for one in record.body["documents"]]) == (2, False, [START])
    first, second = forgotten_record.records(state)
    assert ([one["source"] for one in first.body["documents"]], second.number) == ([UPDATES], 2)
    assert (first.body["resumed"], second.body["resumed"]) == (True, False)
    assert first.body["removed"]["passages"] > 5 and first.body["removed"]["answers"] == [answer.answer_id]
    assert {use["stage"] for use in first.body["uses"]} >= {"extract", "index"}
    again, was_done = forget(project, order(project, UPDATES))
    assert (again.number, was_done, again.body) == (1, True, first.body)
    assert verify(project).problems == ()


def test_nothing_else_is_recorded_while_an_order_is_cut_off(project: Project) -> None:
    state = State.of(project).folder
    forget(project, order(project, "docs/bad/zero.txt"))
    cut_off(project, UPDATES)
    assert note_rebuilt(project, current(project), "somebody") == []
    for write in (
        lambda: lift(project, "docs/bad/zero.txt", "somebody", project.folder),
        lambda: lift(project, UPDATES, "somebody", project.folder),
        lambda: purge(project, "somebody", "now"),
    ):
        with pytest.raises(UserError, match=f"The order to forget {UPDATES} was cut off"):
            write()
    assert [record.number for record in forgotten_record.records(state)] == [1]
    assert [record.number for record in finish(project, order(project, ""))] == [2]
    assert finish(project, order(project, "")) == []
    assert [one.about for one in note_rebuilt(project, current(project), "somebody")] == [1, 2]


def test_an_order_is_finished_though_nothing_here_knows_its_document_any_more(project: Project) -> None:
    """A file that only a refresh had put, taken out of the live index before the kill, and deleted since."""
    state = State.of(project).folder
    entry = ForgottenDocument(1, "2026-01-01T00:00:00+00:00", "docs/new.md", "docs/new.md", "ab" * 32, ("fa" * 8,), ())
    Forgotten((entry,)).write(state)
    record, was_done = forget(project, order(project, "docs/new.md"))
    assert (record.number, was_done, record.body["documents"][0]["source"]) == (1, False, "docs/new.md")
    assert "not searched: nothing here knows its text any more" in {one["why"] for one in record.body["places"]}


def test_verify_writes_beside_no_order_at_work_and_loses_none_that_was_cut_off(project: Project) -> None:
    state = State.of(project).folder
    forget(project, order(project, START))
    cut_off(project, UPDATES)
    pending = Forgotten.of(state).documents[-1]
    Forgotten((pending,)).write(state)  # as if an editor had lost the first line
    with only_writer(project.state), pytest.raises(UserError, match="Another danlu run is writing"):
        verify(project)
    assert verify(project).restored
    assert {entry.source for entry in Forgotten.of(state).documents} == {START, UPDATES}
    assert not verify(project).restored


def test_a_lift_that_was_killed_before_the_list_was_written_goes_on(project: Project) -> None:
    state = State.of(project).folder
    forget(project, order(project, START))
    listed = Forgotten.of(state)
    record = lift(project, START, "somebody", project.folder)
    listed.write(state)
    assert lift(project, START, "somebody", project.folder).number == record.number
    assert Forgotten.of(state) == Forgotten()
    listed.write(state)
    again, was_done = forget(project, order(project, START))
    assert (again.number, was_done, again.action) == (3, False, "forget")


def test_what_a_purge_left_when_it_was_killed_is_no_artifact_and_goes_with_the_next(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget(project, order(project, UPDATES))
    (State.of(project).folder / "current.json").unlink()

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            purge(project, "somebody", "now")
    half = [folder for folder in project.artifacts.glob("*/*") if not (folder / "manifest.json").exists()]
    assert len(half) == 1 and any(half[0].iterdir())
    purge(project, "somebody", "now")
    assert not half[0].exists()
    assert sorted(one.manifest.stage for one in Store(project.artifacts).all()) == ["base", "collect"]


def test_a_folder_whose_name_holds_signs_of_an_address_is_like_any_other(small_project: Path, tmp_path: Path) -> None:
    project = load_project(Path(shutil.copytree(small_project, tmp_path / "C#?%41")))
    ReleaseBot(project).close()
    record, _ = forget(project, order(project, UPDATES))
    assert record.body["removed"]["passages"] > 5
    assert "index" in {use["stage"] for use in record.body["uses"]}
    database = project.artifacts / "index" / of_stage(project, "index") / "index.sqlite"
    database.write_bytes(b"damaged" * 1000)
    with pytest.raises(UserError, match=r"index\.sqlite cannot be used"):
        forget(project, order(project, START))


def test_what_interrupted_work_left_of_a_document_goes_with_it(project: Project) -> None:
    """A live index that was being made, and files that a refresh was reading."""
    text = find_document(Catalogue.of(project), UPDATES, project.folder).texts[0].encode()
    for name in ("state/index/0123.half", "cache/refresh/extract/0123/documents/00000.parquet"):
        path = project.state / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
    record, _ = forget(project, order(project, UPDATES))
    assert {one["place"] for one in record.body["places"]} == {"source", "artifact"}
    assert not (project.state / "cache" / "refresh").exists()


def test_a_reader_that_keeps_the_log_of_the_index_is_told(project: Project) -> None:
    ReleaseBot(project).close()
    [database] = (State.of(project).folder / "index").glob("*.db")
    with closing(LiveIndex(database, None)) as live, live.reading(None) as view:
        view.rows("SELECT * FROM documents")
        doc_ids = find_document(Catalogue.of(project), UPDATES, project.folder).doc_ids
        removed = remove_documents([database], doc_ids, [UPDATES], wait_s=0.1)
    assert removed.passages > 5 and removed.logs_left == [database] and not removed.unusable


def of_an_earlier_version(database: Path) -> None:
    """What an upgrade leaves beside the index of today: tables of another version, with the document in them."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("PRAGMA user_version = 1")
        connection.execute("ALTER TABLE documents RENAME COLUMN extraction TO text")


def test_an_index_that_cannot_be_opened_holds_up_no_order_and_is_named(project: Project) -> None:
    ReleaseBot(project).close()
    folder = State.of(project).folder / "index"
    [now] = folder.glob("*.db")
    for name in ("0123456789abcdef.db", "fedcba9876543210.db"):
        shutil.copy(now, folder / name)
    of_an_earlier_version(folder / "0123456789abcdef.db")
    (folder / "fedcba9876543210.db").write_bytes(b"no database" * 1000)
    record, _ = forget(project, order(project, UPDATES))
    removed = record.body["removed"]
    assert removed["passages"] > 5
    said = {one["name"]: one["problem"] for one in removed["unusable"]}
    assert said.keys() == {f".danlu/state/index/{name}.db" for name in ("0123456789abcdef", "fedcba9876543210")}
    assert "version 1" in said[".danlu/state/index/0123456789abcdef.db"]
    assert ".danlu/state/index/0123456789abcdef.db" in {one["name"] for one in record.body["places"]}
    bot = ReleaseBot(project)
    assert UPDATES not in [citation.source for citation in bot.ask(QUESTION).citations]
    bot.close()


@pytest.mark.parametrize("held", ["index/*.db", "answers.db"])
def test_an_order_waits_for_a_database_that_another_program_holds(
    project: Project, monkeypatch: pytest.MonkeyPatch, held: str
) -> None:
    bot = ReleaseBot(project)
    bot.ask(QUESTION)
    bot.close()
    [database] = State.of(project).folder.glob(held)
    monkeypatch.setattr(live_index, "TIMEOUT_S", 0.1)
    monkeypatch.setattr(redact_answers, "__defaults__", (0.1,))
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(WorkFailed, match="locked"):
            forget(project, order(project, UPDATES))
    record, _ = forget(project, order(project, UPDATES))
    removed = record.body["removed"]
    assert removed["passages"] > 5 and len(removed["answers"]) == (held == "answers.db") and not removed["unusable"]


def test_recorded_answers_and_a_store_that_cannot_be_opened_hold_up_no_order(project: Project) -> None:
    ReleaseBot(project).close()
    (State.of(project).folder / "answers.db").write_bytes(b"no database" * 1000)
    with (project.folder / "danlu.yaml").open("a") as file:
        file.write("vectors: 'postgresql://h?nonsense=1'\n")
    record, _ = forget(load_project(project.folder), order(project, UPDATES))
    removed = record.body["removed"]
    assert removed["passages"] > 5 and "PostgreSQL" in removed["vectors left"]
    assert [one["name"] for one in removed["unusable"]] == [".danlu/state/answers.db"]


def test_documents_are_hidden_while_a_run_works_and_each_order_gets_its_record_afterwards(project: Project) -> None:
    state = State.of(project).folder
    bot = ReleaseBot(project)
    assert UPDATES in [citation.source for citation in bot.ask(QUESTION).citations]
    with only_writer(project.state):
        assert hide(project, order(project, UPDATES)) == (1, True)
        assert hide(project, order(project, START)) == (2, True)
        assert hide(project, order(project, UPDATES)) == (1, False)
        assert UPDATES not in [citation.source for citation in bot.ask(QUESTION).citations]
        assert forgotten_record.records(state) == [] and note_rebuilt(project, current(project), "somebody") == []
        with pytest.raises(WorkFailed, match="not made current: it used documents that were forgotten"):
            State.of(project).make_current(current(project))
    bot.close()
    assert [(one.number, one.body["resumed"]) for one in finish(project, order(project, ""))] == [(1, True), (2, True)]
    assert verify(project).problems == () and not verify(project).restored


def test_a_release_that_used_it_is_not_made_current_again(project: Project) -> None:
    release, state = current(project), State.of(project)
    state.make_current(release)
    forget(project, order(project, UPDATES))
    with pytest.raises(WorkFailed, match=r"not made current: it used documents that were forgotten \(docs/en/updates"):
        state.make_current(release)
    lift(project, UPDATES, "somebody", project.folder)
    state.make_current(release)


def test_a_release_that_holds_the_text_under_another_name_is_not_made_current(project: Project) -> None:
    """As if the file had come back in a new archive: neither its name nor its bytes are known."""
    release, state = current(project), State.of(project)
    document = find_document(Catalogue.of(project), UPDATES, project.folder)
    forget(project, order(project, UPDATES))
    [entry] = Forgotten.of(state.folder).documents
    elsewhere = {**vars(entry), "source": "old.zip#page.html", "file": "old.zip", "sha256": "", "doc_ids": ()}
    Forgotten((type(entry)(**elsewhere),)).write(state.folder)
    with pytest.raises(WorkFailed, match=f"{UPDATES} holds the text of a forgotten document"):
        state.make_current(release)
    assert document.text_hashes == entry.texts


def test_models_that_learnt_from_it_are_withheld_and_others_are_not(project: Project) -> None:
    release = current(project)
    watch = ModelWatch(project, release)
    tuned, base = of_stage(project, "finetune"), of_stage(project, "base")
    assert watch.learnt(tuned) == []
    forget(project, order(project, UPDATES))
    assert watch.learnt(tuned) == [UPDATES] and watch.learnt(base) == []
    assert of_stage(project, "train_retriever") in models_that_learnt(project, release)


def test_a_loaded_model_that_was_purged_before_anybody_asked_is_withheld_and_closed(project: Project) -> None:
    release, tuned, base = current(project), of_stage(project, "finetune"), of_stage(project, "base")
    watch, rights = ModelWatch(project, release), ModelRights(project, release)
    assert watch.learnt(tuned) == [] and rights.may_use(tuned, frozenset())
    forget(project, order(project, UPDATES))
    (State.of(project).folder / "current.json").unlink()
    purge(project, "somebody", "now")
    assert watch.learnt(tuned) == [UPDATES] and watch.learnt(base) == []
    with (project.folder / "danlu.yaml").open("a", encoding="utf-8") as file:
        file.write("access:\n  'docs/zh/*': [staff]\n")
    assert not rights.may_use(tuned, frozenset({"staff"})) and rights.may_use(base, frozenset())


def test_nothing_is_purged_that_is_still_served_and_everything_else_goes(project: Project) -> None:
    forget(project, order(project, UPDATES))
    with pytest.raises(UserError, match="used a forgotten document, and nothing is deleted that is still served"):
        purge(project, "somebody", "now")
    (State.of(project).folder / "current.json").unlink()
    record, deleted = purge(project, "somebody", "now")
    assert record is not None and len(record.body["artifacts"]) == len(deleted) > 8
    assert sorted(one.manifest.stage for one in Store(project.artifacts).all()) == ["base", "collect"]
    assert purge(project, "somebody", "now") == (None, [])


def test_why_says_that_a_citation_was_forgotten_and_not_that_it_changed(project: Project) -> None:
    bot = ReleaseBot(project)
    answer = bot.ask(QUESTION)
    bot.close()
    before = why(project, answer.answer_id)
    model = next(link for link in before if link.what == "tuned model")
    assert model.facts["learnt_cited"][UPDATES] > 0 and model.facts["learnt_documents"] > 1
    record, _ = forget(project, order(project, UPDATES))
    chain = {link.what: link for link in why(project, answer.answer_id)}
    assert chain["answer"].status == chain["citation 1"].status == "forgotten"
    assert chain["citation 1"].facts["record"] == 1
    assert chain["citation 1"].facts["forgotten_at"] == record.body["documents"][0]["at"]
    assert "quote" not in chain["citation 1"].facts
    assert "changed" not in {link.status for link in chain.values()}
    (State.of(project).folder / "current.json").unlink()
    purge(project, "somebody", "now")
    assert {link.status for link in why(project, answer.answer_id)} == {"forgotten", "deleted"}


def test_why_of_an_answer_from_other_documents_says_what_was_purged_and_holds_its_quote_against_today(
    project: Project,
) -> None:
    with closing(ReleaseBot(project)) as bot:
        answer = bot.ask("如何确保所有程序使用相同的纸张大小？")
    assert answer.citations[0].source == "docs/zh/start.md"
    forget(project, order(project, UPDATES))
    before, link = current(project), State.of(project).folder / "current.json"
    kept = project.state / "kept"
    shutil.copytree(project.artifacts, kept)
    link.unlink()
    purge(project, "somebody", "now")
    chain = {one.what: one for one in why(project, answer.answer_id)}
    assert {one.status for one in chain.values()} == {"deleted"}
    assert chain["answer"].facts["record"] == chain["citation 1"].facts["record"] == 2
    assert chain["answer"].facts["orders"] == "1"
    _as_another_release(kept, before.id, project)
    chain = {one.what: one for one in why(project, answer.answer_id)}
    assert (chain["answer"].status, chain["citation 1"].status) == ("deleted", "verified")
    assert chain["source 1"].status == "verified"
    page = project.folder / "docs" / "zh" / "start.md"
    page.write_text(page.read_text() + "more")
    assert {one.what: one for one in why(project, answer.answer_id)}["source 1"].status == "changed"


def _as_another_release(kept: Path, id: str, project: Project) -> None:
    """Put copies of purged artifacts there as those of another release, as a rebuild does that reads other documents as before."""
    shutil.rmtree(project.artifacts)
    shutil.copytree(kept, project.artifacts)
    release = project.artifacts / "release" / id
    shutil.move(release, release.with_name("0" * 16))
    manifest = release.with_name("0" * 16) / "manifest.json"
    manifest.write_text(manifest.read_text().replace(id, "0" * 16))
    (State.of(project).folder / "current.json").write_text(f'{{"release": "{"0" * 16}"}}')


def test_why_leads_a_document_to_all_that_used_it(project: Project) -> None:
    chain = why_document(project, "docs/zh/utf8-copy.txt", project.folder)
    assert (chain[0].what, chain[0].status) == ("document", "verified")
    by_stage = {link.facts["stage"]: link for link in chain[1:]}
    assert by_stage["deduplicate"].facts["rejected"][0]["rule"] == "exact duplicate"
    assert by_stage["repair"].facts["edits"]
    assert {link.status for link in chain} == {"verified"}
    path = project.folder / "docs" / "zh" / "utf8-copy.txt"
    path.write_text("changed")
    assert why_document(project, "docs/zh/utf8-copy.txt", project.folder)[0].status == "changed"
    path.unlink()
    assert why_document(project, "docs/zh/utf8-copy.txt", project.folder)[0].status == "missing"
    (project.artifacts / "repair" / of_stage(project, "repair") / "added").touch()
    found = {link.facts.get("stage"): link.status for link in why_document(project, UPDATES, project.folder)}
    assert found["repair"] == "changed" and found["extract"] == "verified"


def test_rebuilt_is_noted_once_for_every_open_order(project: Project) -> None:
    state = State.of(project).folder
    forget(project, order(project, UPDATES))
    forget(project, order(project, "docs/bad/zero.txt"))
    assert [one.number for one in open_orders(state)] == [1, 2]
    noted = note_rebuilt(project, current(project), "somebody")
    assert [(one.about, one.body["artifacts"]["index"]) for one in noted] == [
        (number, of_stage(project, "index")) for number in (1, 2)
    ]
    assert open_orders(state) == [] and note_rebuilt(project, current(project), "somebody") == []


def test_the_list_is_written_again_from_the_records(project: Project) -> None:
    state = State.of(project).folder
    forget(project, order(project, UPDATES))
    listed = Forgotten.of(state)
    (state / "forgotten.json").write_text("{")
    with pytest.raises(UserError, match="is damaged"):
        ReleaseBot(project).ask(QUESTION)
    assert verify(project).restored and Forgotten.of(state) == listed
    (state / "forgotten.json").unlink()
    assert verify(project).restored and not verify(project).restored
    lift(project, UPDATES, "somebody", project.folder)
    assert not verify(project).restored and Forgotten.of(state) == Forgotten()


def test_a_list_whose_record_is_gone_is_told(project: Project) -> None:
    state = State.of(project).folder
    forget(project, order(project, UPDATES))
    forget(project, order(project, "docs/bad/zero.txt"))
    (state / "forgotten" / "0001.json").unlink()
    with pytest.raises(UserError, match="names the order 1, and its record is gone"):
        forget(project, order(project, "docs/en/start.md"))
    assert verify(project).problems == ((1, "the record is missing"),)
    assert forgotten_record.next_number(state) == 3


def test_a_document_that_only_the_live_index_holds_is_forgotten_whole(project: Project) -> None:
    """As a refresh leaves it: put into the live index, and in no artifact."""
    sentence = "The salary of Mr Falkenrath was raised to nine thousand crowns in May of that year."
    ReleaseBot(project).close()
    [database] = (State.of(project).folder / "index").glob("*.db")
    document = Document(
        "fa" * 8, sentence, "New", "docs/new.zip#a.txt", "text/plain", "MIT", "en", (Block(0, len(sentence), "text"),)
    )
    with closing(LiveIndex(database, project.artifacts / "index" / of_stage(project, "index") / "encoder")) as live:
        live.put(Version(document, sentence))
    assert sentence.encode() in b"".join(path.read_bytes() for path in database.parent.iterdir())
    record, _ = forget(project, order(project, "docs/new.zip#a.txt"))
    assert record.body["removed"]["passages"] == 1
    assert record.body["documents"][0]["texts"]
    assert not any(b"Falkenrath" in path.read_bytes() for path in project.state.rglob("*") if path.is_file())
