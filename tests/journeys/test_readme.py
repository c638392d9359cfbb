"""The commands of both READMEs on one's own documents, run as they stand there."""

import json
import re
import shlex
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from commands import DANLU, danlu, environment
from danlu.core.project import load_project
from danlu.recipes import plan_of
from documents import HANDBOOK

ROOT = Path(__file__).parents[2]
SECTIONS = {"README.md": "Your own documents", "README.zh-CN.md": "您自己的文档"}
STAGES = {"README.md": "One stage alone", "README.zh-CN.md": "单独运行一个阶段"}
ANSWER_ID = re.compile(r"ans_[0-9a-f]{16}")


def _section(readme: str, title: str) -> str:
    text = (ROOT / readme).read_text(encoding="utf-8")
    return text.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def _commands(section: str) -> list[str]:
    blocks = re.findall(r"```console\n(.*?)```", section, re.DOTALL)
    return [line.removeprefix("$ ") for block in blocks for line in block.splitlines() if line.startswith("$ ")]


def _without_quotes(commands: list[str]) -> list[str]:
    return [re.sub(r'".*"', '"…"', command) for command in commands]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two chapters of the Debian FAQ in each language below `manuals/`."""
    folder = tmp_path_factory.mktemp("readme")
    for path in sorted((HANDBOOK / "debian-faq").rglob("ch*")):
        if path.name.startswith(("ch09", "ch11")):
            target = folder / "manuals" / path.relative_to(HANDBOOK / "debian-faq")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    return folder


@pytest.mark.parametrize("readme", SECTIONS)
def test_the_transcript_is_of_this_code(readme: str) -> None:
    """The ids of the stages whose identity no processor enters: with any change that shapes them, paste a new run."""
    text = (ROOT / readme).read_text(encoding="utf-8")
    plain = {}
    for step, id in plan_of(load_project(HANDBOOK.parent)).ids.items():
        if not step.stage.numeric and all(parent in plain for parent in step.parents.values()):
            plain[step] = id
    names = {step.stage.name for step in plain}
    assert names == {"collect", "extract", "repair", "clean", "deduplicate", "make_questions", "base"}
    assert [id for id in plain.values() if id not in text] == []


def test_both_readmes_have_the_same_commands() -> None:
    for titles in (SECTIONS, STAGES):
        english, chinese = (_without_quotes(_commands(_section(readme, title))) for readme, title in titles.items())
        assert english == chinese


def test_a_project_of_ones_own_answers_and_is_served(place: Path) -> None:
    folder, said = place, {}
    for command in _commands(_section("README.md", SECTIONS["README.md"])):
        name, *words = shlex.split(ANSWER_ID.sub(_last_answer(said), command))
        if name == "cd":
            folder = folder / words[0]
        elif words == ["serve"]:
            with _served(folder) as address:
                _check_served(folder, address)
        else:
            assert name == "danlu"
            done = danlu(folder, *words)
            assert done.returncode == 0, f"{command}\n{done.stderr}"
            said[words[0]] = done.stdout
    assert "is current" in said["run"]
    assert re.search(r"\[1\] manuals/en/ch09\S+, \d+–\d+", said["ask"])
    assert "citation 1" in said["why"] and "source 1" in said["why"]
    assert all(line.startswith("verified") for line in said["why"].splitlines())
    assert said["keys"].startswith("dl-")
    _check_chinese_questions(folder)


def _last_answer(said: dict[str, str]) -> str:
    found = ANSWER_ID.search(said.get("ask", ""))
    return found.group() if found else ""


def _check_chinese_questions(project: Path) -> None:
    commands = _commands(_section("README.zh-CN.md", SECTIONS["README.zh-CN.md"]))
    questions = [words for words in map(shlex.split, commands) if words[:2] == ["danlu", "ask"]]
    assert questions
    for words in questions:
        answer = json.loads(danlu(project, *words[1:], "--json").stdout)
        assert {citation["source"].split("/")[1] for citation in answer["citations"]} == {"zh"}


@contextmanager
def _served(project: Path) -> Iterator[str]:
    """`danlu serve` on a free port; its address."""
    command = [DANLU, "serve", "--port", "0"]
    with subprocess.Popen(command, cwd=project, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield next(found[1] for line in process.stdout if (found := re.search(r"(http://\S+)/login", line)))
        finally:
            process.terminate()
        assert process.wait(10) == 0


def _check_served(project: Path, address: str) -> None:
    with urllib.request.urlopen(f"{address}/healthz", timeout=10) as reply:
        assert reply.status == 200
    key = json.loads(danlu(project, "keys", "create", "--json").stdout)["key"]
    for readme, title in SECTIONS.items():
        [program] = re.findall(r"```python\n(.*?)```", _section(readme, title), re.DOTALL)
        program = program.replace("http://127.0.0.1:8000", address).replace("dl-...", key)
        ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        assert re.search(r"^manuals/\S+ None \d+ \d+$", ran.stdout, re.MULTILINE), ran.stdout


def test_stages_alone_leave_a_folder_each(place: Path) -> None:
    quote = "it is useful to use apt-cacher"
    rows = [{"question": "Which proxy keeps several Debian machines up to date?", "file": "ch09", "quote": quote}]
    rows.append({"question": "Who painted the Mona Lisa?"})
    (place / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    for command in _commands(_section("README.md", STAGES["README.md"])):
        words = shlex.split(command)[1:]
        if words[0] != "finetune":  # a minute of two cores; tests/train has it with a tiny model
            done = danlu(place, *words)
            assert done.returncode == 0, done.stderr
            assert (place / words[-1] / "manifest.json").exists()
    report = json.loads((place / "report" / "report.json").read_text(encoding="utf-8"))
    assert report["questions"]["languages"]["en"]["shares"]["refused"]["count"] == 1
