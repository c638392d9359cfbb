"""Everything that danlu says has its Chinese, and the Chinese says the same."""

import argparse
import ast
import inspect
import json
import re
from pathlib import Path
from string import Formatter

import pytest

import templates
from commands import danlu
from danlu.cli.chinese import ARGPARSE, CHINESE, STORED
from danlu.cli.speech import Speech
from danlu.core.artifacts import KINDS
from danlu.core.errors import Phrase, UserError
from danlu.text.tables import read_rows

_FOR_DEVELOPERS = ("option string", "subparser", "parser ", "positionals", "callable", "group", "prefix_chars", "dest=")
_FOR_DEVELOPERS += ("conflict", "optional", "mode", "filename", "__call__", "unexpected option")
_PLACEHOLDER = re.compile(r"%\(\w+\)[sr]|%[sr]")


def test_every_template_has_its_chinese() -> None:
    assert {text: place for text, place in templates.said().items() if text not in CHINESE} == {}
    assert templates.computed() == []


def test_no_translation_is_left_over() -> None:
    said, kinds = templates.said(), {kind.lower() for kind in KINDS}
    assert [text for text in CHINESE if text not in said] == []
    texts = templates.texts() | kinds
    assert [text for text in STORED if templates.shape(text) not in texts] == []


@pytest.mark.parametrize("table", [CHINESE, STORED], ids=["said", "stored"])
def test_chinese_keeps_the_placeholders(table: dict[str, str]) -> None:
    assert [text for text, chinese in table.items() if _fields(text) != _fields(chinese)] == []


def _fields(template: str) -> list[tuple[str, str | None, str | None]]:
    return sorted((name, spec, conversion) for _, name, spec, conversion in Formatter().parse(template) if name)


def test_what_rejects_and_notes_hold_has_its_chinese() -> None:
    shapes = {templates.shape(text) for text in STORED}
    assert {text: place for text, place in templates.stored().items() if text not in shapes} == {}


def test_every_help_text_is_said() -> None:
    files = [templates.SOURCE / "cli" / "main.py", *(templates.SOURCE / "cli" / "options").glob("*.py")]
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))]
    keywords = [keyword for node in nodes if isinstance(node, ast.Call) for keyword in node.keywords]
    shown = [keyword.value for keyword in keywords if keyword.arg in ("help", "description", "epilog")]
    assert len(shown) > 20
    assert [ast.unparse(value) for value in shown if isinstance(value, ast.Constant)] == []


def test_argparse_texts_that_a_user_meets_are_chinese() -> None:
    calls = (node for node in ast.walk(ast.parse(inspect.getsource(argparse))) if isinstance(node, ast.Call))
    asked = [
        call.args[1 if call.func.id == "ngettext" else 0]
        for call in calls
        if getattr(call.func, "id", "") in ("_", "ngettext")
    ]
    texts = {node.value for node in asked if isinstance(node, ast.Constant)}
    missing = texts - set(ARGPARSE)
    assert [text for text in missing if not any(word in text for word in _FOR_DEVELOPERS)] == []
    assert [
        text
        for text, chinese in ARGPARSE.items()
        if set(_PLACEHOLDER.findall(text)) != set(_PLACEHOLDER.findall(chinese))
    ] == []


def test_a_phrase_inside_a_message_is_said_in_the_same_language() -> None:
    error = UserError("Expected {meaning}.", meaning=Phrase("a whole number"))
    assert error.message == "Expected a whole number."
    assert Speech("zh").error(error) == "错误：应为整数。"


def test_stored_texts_are_read_back_and_others_stay_as_they_are() -> None:
    say = Speech("zh")
    assert say("not trained: 3 training conversations, and 16 are the least") == "未训练：训练对话 3 段，至少需要 16 段"
    assert (
        say("failed: citations are verbatim, off-domain questions refused (zh)")
        == "未通过：引文逐字一致, 文档外问题被拒答（zh）"
    )
    assert say("rejected: exact duplicate") == "拒收（完全重复）"
    assert (
        say("Failed to load document (PDFium: Data format error).")
        == "Failed to load document (PDFium: Data format error)."
    )
    assert Speech("en")("rejected: exact duplicate") == "rejected: exact duplicate"


@pytest.mark.parametrize(
    ("arguments", "locale"),
    [(["--lang", "zh"], {}), (["--lang=zh"], {}), ([], {"LANG": "zh_CN.UTF-8"}), ([], {"LC_ALL": "zh_TW.UTF-8"})],
)
def test_help_is_chinese(tmp_path: Path, arguments: list[str], locale: dict[str, str]) -> None:
    shown = danlu(tmp_path, *arguments, "--help", **locale)
    assert shown.returncode == 0
    assert shown.stdout.startswith("用法：danlu")
    assert _english_words(shown.stdout) <= set(
        "show plan run ask why serve keys clean index finetune evaluate init prove fetch deduplicate pairs repeats redact "
        "decontaminate split take label synthesize augment balance diff push pull tokenizer tokenize pretrain head align "
        "search join doctor submit jobs forget refresh find export mcp audit dashboards feedback".split()
    )


def _english_words(text: str) -> set[str]:
    """Words of lower-case letters that are no option, file name or product."""
    return set(re.findall(r"(?<![\w./`{-])[a-z]{3,}(?![\w./`:}])", text)) - {"danlu", "lang"}


@pytest.mark.parametrize(
    "command",
    ["init", "plan", "run", "show", "ask", "why", "serve", "keys", "clean", "index", "finetune", "evaluate", "prove"],
)
def test_help_of_each_command_is_chinese(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    from danlu.cli.main import main

    with pytest.raises(SystemExit) as ended:
        main(["--lang", "zh", command, "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert shown.startswith("用法：") and "显示帮助并退出" in shown
    assert re.search(r"\b(the|and|folder|print|show this)\b", shown) is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nonsense"], "不能为 'nonsense'"),
        (["ask"], "缺少以下参数：QUESTION"),
        (["serve", "--port", "http"], "'http' 不是合法的 int 值"),
        (["plan"], "没有 danlu.yaml"),
        (["clean", "nowhere", "--out", "out"], "文件或文件夹不存在：nowhere"),
        (["finetune", "--data", "none.jsonl", "--out", "out", "--set", "finetune.rank=0"], "应不小于 1"),
    ],
)
def test_mistakes_are_told_in_chinese_with_status_2(tmp_path: Path, arguments: list[str], message: str) -> None:
    refused = danlu(tmp_path, *arguments, LANG="zh_CN.UTF-8")
    assert refused.returncode == 2
    assert message in refused.stderr
    assert "错误" in refused.stderr


def test_a_run_an_artifact_and_an_answers_origin_are_told_in_chinese(small_project: Path) -> None:
    run = danlu(small_project, "--lang", "zh", "run")
    assert run.returncode == 0, run.stderr
    assert "拒收（已加密） 1" in run.stdout and "当前发布版" in run.stdout
    stages = set(
        "collect extract repair clean deduplicate train_retriever make_questions index base finetune prove evaluate release".split()
    )
    assert _english_words(run.stdout) <= stages | {"ask", "serve", "nat", "lsa", "contrastive"}
    extract = danlu(small_project, "show", "extract", LANG="zh_CN.UTF-8")
    assert "已加密" in extract.stdout and "2 页没有文字" in extract.stdout
    answer = json.loads(danlu(small_project, "ask", "--json", "怎样修改引导加载程序？").stdout)
    why = danlu(small_project, "--lang", "zh", "why", answer["answer_id"])
    assert why.returncode == 0, why.stderr
    assert "已核对" in why.stdout and "内容哈希" in why.stdout


@pytest.mark.parametrize("command", [["plan"], ["show"], ["show", "evaluate"], ["show", "collect"], ["keys", "list"]])
def test_json_is_the_same_in_every_language(small_project: Path, command: list[str]) -> None:
    english, chinese = (danlu(small_project, "--lang", language, *command, "--json") for language in ("en", "zh"))
    assert english.returncode == chinese.returncode == 0
    assert english.stdout == chinese.stdout
    json.loads(chinese.stdout)


def test_every_rule_that_edited_a_document_has_its_chinese(small_project: Path) -> None:
    rules = {row["rule"] for path in small_project.glob(".danlu/artifacts/*/*/edits") for row in read_rows(path)}
    said = Speech("zh")
    assert len(rules) > 5
    assert {rule for rule in rules if said(rule) == rule} == set()
