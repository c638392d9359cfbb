"""Invariant 8: a forgotten document is unreachable by any query at once, and every place that still holds it is listed.

Where it lies is looked for by code of this file alone: every file below `.danlu`, Parquet unpacked and databases dumped.
"""

import json
import re
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import openai
import pyarrow.parquet as pq
import pytest

from commands import DANLU, danlu, environment, here
from danlu.answer.asking.ask import ReleaseBot
from danlu.core.project import load_project

DOCUMENT = "docs/en/updates.html"
QUESTION = "I have several machines; how can I download the updates only one time?"
SENTENCE = "apt-cacher reduces the bandwidth requirements of Debian mirrors"
"""Of that document, and of no other."""
OTHER = "How does a Debian system boot?"


@pytest.fixture
def project(small_project: Path, tmp_path: Path) -> Path:
    """A copy of a project that has run, to be changed at will."""
    return Path(shutil.copytree(small_project, tmp_path / "copy"))


def holders(folder: Path) -> set[str]:
    """Files that hold the sentence, however they are packed."""
    found = set()
    for path in folder.rglob("*"):
        if path.is_file():
            content = [path.read_bytes().decode("utf-8", "replace")]
            if path.suffix == ".parquet":
                content.append(json.dumps(pq.read_table(path).to_pylist(), ensure_ascii=False, default=str))
            if path.suffix in (".db", ".sqlite"):
                with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
                    content += [line for line in database.iterdump() if "words" not in line[:60]]
            if any(SENTENCE in text.replace("\\n", "\n") for text in content):
                found.add(path.relative_to(folder).as_posix())
    return found


def cited(answer: str) -> list[str]:
    return [citation["source"] for citation in json.loads(answer)["citations"]]


def listed(order: dict[str, object], path: str) -> bool:
    """Whether an order names this file, or the artifact that it belongs to."""
    places = order["places"]
    assert isinstance(places, list)
    names = {place["name"] for place in places}
    return f".danlu/{path}" in names or "/".join(path.split("/")[1:3]) in names


def test_every_place_that_still_holds_it_is_listed(project: Path) -> None:
    assert cited(here(project, "ask", "--json", QUESTION).stdout) == [DOCUMENT]
    (project / ".danlu" / "left.half").mkdir()
    (project / ".danlu" / "left.half" / "page.json").write_text(json.dumps({"text": f"… {SENTENCE} …"}))
    shutil.copytree(
        next(project.glob(".danlu/artifacts/repair/*/documents")), project / ".danlu/artifacts/repair/broken/x"
    )
    before = holders(project / ".danlu")
    order = json.loads(here(project, "forget", "--json", DOCUMENT).stdout)["forgotten"]
    left = holders(project / ".danlu")
    assert {path for path in before - left if not path.startswith("state/")} == set()
    assert not {path for path in left if path.startswith("state/")}, "what changes holds nothing of it any more"
    assert {path for path in left if not listed(order, path)} == set()
    assert len({path.split("/")[1] for path in left}) >= 6  # extract to index, and what lies around
    assert any(place["place"] == "source" and place["name"].endswith(DOCUMENT) for place in order["places"])


def test_no_query_reaches_it_from_any_process_or_thread(project: Path) -> None:
    """Eight threads ask without a pause while it is forgotten: what begins after the order has ended never quotes it."""
    page = (project / DOCUMENT).read_text(encoding="utf-8")
    words = re.sub(r"<[^>]+>|&\w+;", " ", page).split()
    queries = [" ".join(words[at : at + 12]) for at in range(0, len(words), 40)] + [QUESTION, SENTENCE, OTHER]
    bot, ended, late = ReleaseBot(load_project(project)), threading.Event(), []

    def ask(first: int) -> int:
        asked = 0
        for turn in range(10_000):
            began_after = ended.is_set()
            answer = bot.ask(queries[(first + turn) % len(queries)])
            sources = [citation.source for citation in answer.citations]
            if began_after and DOCUMENT in sources:
                late.append(answer)
            asked += began_after
            if asked >= 12:
                return asked
        return asked

    with ThreadPoolExecutor(8) as pool:
        asking = [pool.submit(ask, number * 7) for number in range(8)]
        assert danlu(project, "forget", DOCUMENT).returncode == 0
        ended.set()
        assert all(job.result() >= 12 for job in asking)
    assert late == []
    assert bot.ask(OTHER).citations, "what stays is still answered"
    bot.close()
    # A question that was asked later is its asker's own words, whatever it repeats; nothing else of it is kept.
    assert {path for path in holders(project / ".danlu") if path.startswith("state/")} <= {"state/answers.db"}


@pytest.fixture
def served(project: Path) -> Iterator[tuple[Path, openai.OpenAI]]:
    command = [DANLU, "serve", "--port", "0"]
    process = subprocess.Popen(command, cwd=project, env=environment(), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    link = next(found[0] for line in process.stdout if (found := re.search(r"http://\S+/login\?token=\S+", line)))
    key = json.loads(danlu(project, "keys", "create", "--json").stdout)["key"]
    yield project, openai.OpenAI(base_url=f"{link.partition('/login')[0]}/v1", api_key=key, max_retries=0)
    process.terminate()
    process.wait(20)
    process.stdout.close()


def test_a_server_that_runs_already_obeys_at_once_and_follows_the_rebuilt_release(
    served: tuple[Path, openai.OpenAI],
) -> None:
    project, client = served

    def ask(model: str, question: str) -> dict[str, object]:
        asked = [{"role": "user", "content": question}]
        reply = client.chat.completions.create(model=model, messages=asked, max_tokens=4)  # type: ignore[call-overload]
        said: dict[str, object] = (reply.model_extra or {}).get("danlu") or {}
        return said

    assert DOCUMENT in json.dumps(ask("small", QUESTION))
    ask("small-tuned", "Hello")
    assert danlu(project, "forget", DOCUMENT).returncode == 0
    assert DOCUMENT not in json.dumps(ask("small", QUESTION))
    assert not ask("small", OTHER)["refused"]
    with pytest.raises(openai.InternalServerError, match="learnt from forgotten documents"):
        ask("small-tuned", "Hello")
    ask("small-base", "Hello")

    done = danlu(project, "forget", "--rebuild", "--purge", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert json.loads((project / ".danlu/state/current.json").read_text()) == {"release": said["release"]}
    assert not holders(project / ".danlu"), "nothing of it is left in the project"
    assert {row["stage"] for row in said["purged"]} >= {"extract", "index", "train_retriever", "finetune", "release"}
    assert not ask("small", OTHER)["refused"]
    assert DOCUMENT not in json.dumps(ask("small", QUESTION))
    actions = [record["action"] for record in json.loads(here(project, "forget", "--list", "--json").stdout)]
    assert actions == ["forget", "rebuilt", "purged"]
    assert here(project, "forget", "--verify").returncode == 0
