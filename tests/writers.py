"""A release whose tuned model may answer in its own words, without the hours that such a model takes to train.

The engine alone stands in: it reads the prompt as a model would, and copies. That it passes is found by the gate itself, on the project's
held-out questions, by the same check that holds its sentences against their sources when it answers.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from danlu.answer.state import State, parts_of
from danlu.core.artifacts import Artifact, Chats, Checkpoint, Index, Release, Report
from danlu.core.errors import WorkFailed
from danlu.core.execute import Machine, execute
from danlu.core.project import Project
from danlu.core.stages import Config, Facts, Plan, Stage, Step, Work
from danlu.core.store import Store, open_artifact
from danlu.evaluate.written import verdict
from danlu.model.chat import ChatFormat
from danlu.release.bundle import release
from danlu.retrieve import measure
from danlu.text.sentences import sentence_spans

MADE_UP = "Kelvinor has 4711 printers [1]."
MOST_TOKENS = 2000
"""Of an answer: the tiny tokenizer writes a token for each byte or two."""
_SENTENCES = 5


class Copyist:
    """An engine that says the first sentences of the first passage, each with its number, and then something of its own."""

    def __init__(self, folder: Path, adds: str = MADE_UP, before: Callable[[], object] = lambda: None) -> None:
        self._chat = ChatFormat.load(folder)
        self._adds = adds
        self._before = before
        self.prompts: list[str] = []
        self.is_dead = False

    def generate(
        self,
        prompt_ids: list[int],
        *,
        max_tokens: int,
        stop_ids: frozenset[int],
        temperature: float,
        top_p: float,
        seed: int,
    ) -> Iterator[int]:
        assert (max_tokens, temperature) == (MOST_TOKENS, 0.0)
        if self.is_dead:
            raise WorkFailed("the child process ended")
        self.prompts.append(self._chat.decode(prompt_ids))
        self._before()
        yield from self._chat.encode(copied(self.prompts[-1], self._adds))

    def close(self) -> None:
        self.is_dead = True


def copied(prompt: str, adds: str = "") -> str:
    """What the copyist says to a prompt that `writing_prompt` wrote."""
    passage = (
        prompt.partition("[1] ")[2].partition("\n\n[2] ")[0].partition("\n\nQuestion:")[0].partition("\n\n问题")[0]
    )
    text = passage.partition("\n")[2] or passage
    whole = [text[start:end].strip() for start, end in sentence_spans(text)]
    said = [sentence for sentence in whole if len(sentence) > 10 and sentence.endswith((".", "。"))][:_SENTENCES]
    return " ".join([f"{sentence} [1]" for sentence in said] + ([adds] if adds else []))


def let_write(project: Project) -> Release:
    """Make a release current that differs from the project's in this: its tuned model reads long prompts, and has passed the gate."""
    store = Store(project.artifacts)
    current = open_artifact(store.root / "release" / State.of(project).current(), Release)
    parts = parts_of(store, current)
    tuned, index = parts["tuned"], parts["index"]
    chats = store.find(tuned.manifest.parents["chats"])
    assert isinstance(index, Index)
    assert isinstance(chats, Chats)
    long = _stage("finetune", Checkpoint, partial(_reads_more, tuned.path))(base=parts["base"], chats=chats)
    report = _stage("evaluate", Report, partial(_passes, parts["report"].path, index, chats))(tuned=long)
    others = {name: part for name, part in parts.items() if name not in ("tuned", "report")}
    target: Step[Release] = release(tuned=long, report=report, **others)
    made = execute(Plan(target, project.seed), _Kept(store), Machine.here())
    assert isinstance(made, Release)
    State.of(project).make_current(made)
    return made


class _Kept:
    """A project's artifacts (Place), of which none is swept."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def folder(self, step: Step[Any], id: str) -> Path:
        return self._store.root / step.stage.name / id

    def sweep(self, keep: list[Path]) -> None:
        pass


def _stage(name: str, makes: type[Any], body: Callable[..., Facts]) -> Stage[Any]:
    return Stage(name, version=999, makes=makes, body=body)


def _reads_more(tuned: Path, work: Work, config: Config, **inputs: Artifact) -> Facts:
    shutil.copytree(tuned, work.folder, dirs_exist_ok=True, ignore=lambda *_: ["manifest.json", "run.json"])
    path = work.folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"max_position_embeddings": 30_000}))
    return Facts({})


def _passes(former: Path, index: Index, chats: Chats, work: Work, config: Config, *, tuned: Checkpoint) -> Facts:
    asked = measure.held_out_questions(chats)
    questions = [asked[at] for at, given in enumerate(measure.answers(index, asked)) if not given.refused]
    said = [copied(str(messages[-1]["content"])) for messages in measure.writing_prompts(index, questions)]
    found = verdict(measure.held_against_passages(index, questions, said))
    assert found["passed"], found
    report = json.loads((former / "report.json").read_text()) | {
        "written": {"tuned": found | {"most_tokens": MOST_TOKENS}}
    }
    (work.folder / "report.json").write_text(json.dumps(report))
    return Facts({})
