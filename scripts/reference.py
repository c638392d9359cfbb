"""Write docs/reference.md from the command line itself and from the settings of the stages.

A test fails when the page is not what this prints; `python scripts/reference.py` writes it anew.
"""

import argparse
import ast
import inspect
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from danlu.cli.main import parser
from danlu.cli.speech import Speech
from danlu.core.stages import Config
from danlu.data.augment.stage import AugmentConfig
from danlu.data.balance.counterfactual import CounterfactualConfig
from danlu.data.balance.resample import ResampleConfig
from danlu.data.balance.stage import BalanceConfig
from danlu.data.clean import CleanConfig
from danlu.data.decontaminate.stage import DecontaminateConfig
from danlu.data.deduplicate.stage import DeduplicateConfig
from danlu.data.extract.config import ExtractConfig
from danlu.data.fetch.common_crawl import CommonCrawlConfig
from danlu.data.fetch.crawl_config import CrawlConfig
from danlu.data.fetch.download import DownloadConfig
from danlu.data.fetch.open_corpora import PileConfig
from danlu.data.fetch.sql import SqlConfig
from danlu.data.label.human import ImportConfig
from danlu.data.label.question import ModelConfig
from danlu.data.label.suspects import SuspectsConfig
from danlu.data.label.tasks import ExportConfig
from danlu.data.label.weak import WeakConfig
from danlu.data.questions import QuestionsConfig
from danlu.data.redact.stage import RedactConfig
from danlu.data.repair import RepairConfig
from danlu.data.split.stage import SplitConfig
from danlu.data.synthesize.stage import SynthesizeConfig
from danlu.evaluate.bot import EvaluateConfig
from danlu.train.align.config import AlignConfig
from danlu.train.align.preferences import PreferencesConfig
from danlu.train.anomaly.stage import AnomalyConfig
from danlu.train.embedding.pairs import PairsConfig
from danlu.train.embedding.rerank import RerankConfig
from danlu.train.embedding.stage import EmbedConfig
from danlu.train.finetune import FinetuneConfig
from danlu.train.heads.classify import ClassifyConfig
from danlu.train.heads.span import SpanConfig
from danlu.train.heads.tag import TagConfig
from danlu.train.pretrain_config import PretrainConfig
from danlu.train.private import PrivacyConfig
from danlu.train.retriever import RetrieverConfig
from danlu.train.search.stage import FinetuneSearchConfig, PretrainSearchConfig
from danlu.train.seq2seq.pairs import TextPairsConfig
from danlu.train.seq2seq.stage import Seq2seqConfig
from danlu.train.tokenize.stage import TokenizeChatsConfig, TokenizeConfig
from danlu.train.vocabulary.config import TokenizerConfig

PAGE = Path(__file__).parent.parent / "docs" / "reference.md"
SETTINGS: list[tuple[str, type[Config]]] = [
    ("extract", ExtractConfig),
    ("repair", RepairConfig),
    ("clean", CleanConfig),
    ("deduplicate", DeduplicateConfig),
    ("redact", RedactConfig),
    ("decontaminate", DecontaminateConfig),
    ("split", SplitConfig),
    *(("label", config) for config in (WeakConfig, ModelConfig, ExportConfig, ImportConfig, SuspectsConfig)),
    ("synthesize", SynthesizeConfig),
    ("augment", AugmentConfig),
    ("balance", BalanceConfig),
    ("resample", ResampleConfig),
    ("counterfactual", CounterfactualConfig),
    ("crawl", CrawlConfig),
    ("download", DownloadConfig),
    ("sql", SqlConfig),
    ("common_crawl", CommonCrawlConfig),
    ("pile", PileConfig),
    ("make_questions", QuestionsConfig),
    ("train_retriever", RetrieverConfig),
    ("finetune", FinetuneConfig),
    ("tokenizer", TokenizerConfig),
    ("tokenize", TokenizeConfig),
    ("tokenize", TokenizeChatsConfig),
    ("pretrain", PretrainConfig),
    ("privacy", PrivacyConfig),
    ("preferences", PreferencesConfig),
    ("align", AlignConfig),
    ("classify", ClassifyConfig),
    ("tag", TagConfig),
    ("span", SpanConfig),
    ("embed", EmbedConfig),
    ("retrieval_pairs", PairsConfig),
    ("rerank", RerankConfig),
    ("text_pairs", TextPairsConfig),
    ("seq2seq", Seq2seqConfig),
    ("anomaly", AnomalyConfig),
    ("search", FinetuneSearchConfig),
    ("search", PretrainSearchConfig),
    ("evaluate", EvaluateConfig),
]
HEAD = """\
# Reference

Written by `python scripts/reference.py` from the command line itself; do not edit. Every command also takes `--help` and `--lang zh|en`; `danlu --lang zh COMMAND --help` says this in Chinese.

Exit status of every command: 0 done (a refusal is an answer), 1 the work failed and what was finished is kept, 2 the input or the usage is wrong and nothing was done, 130 stopped by Ctrl+C. `--json` prints the same in every language.

## Commands
"""
SETTINGS_HEAD = """\
## Settings

`stage.field: value` below `set:` in danlu.yaml, or `--set stage.field=value`; the command line wins over danlu.yaml, and that over the recipe's defaults. A setting is part of the identity of its stage: changing one runs that stage and what follows from it again.

| setting | default | meaning |
| --- | --- | --- |
"""
MODEL_NOTE = """
`danlu evaluate` on a model takes `evaluate.likelihood_tokens` with default 20000.
"""


def reference() -> str:
    """The page."""
    commands = "\n".join(_command(command) for command in _leaves(parser(Speech("en"))))
    settings = "\n".join(row for stage, config in SETTINGS for row in _settings(stage, config))
    return f"{HEAD}\n{commands}\n{SETTINGS_HEAD}{settings}\n{MODEL_NOTE}"


def _leaves(of: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    children = [action for action in of._actions if isinstance(action, argparse._SubParsersAction)]
    for action in children:
        for child in action.choices.values():
            yield from _leaves(child)
    if not children:
        yield of


def _command(command: argparse.ArgumentParser) -> str:
    usage = " ".join(command.format_usage().removeprefix("usage: ").split()).replace("[-h] [--lang {zh,en}] ", "")
    rows = [
        f"| {_name(action)} | {action.help} |" for action in command._actions if action.dest not in ("help", "lang")
    ]
    table = "\n".join(["", "| argument | meaning |", "| --- | --- |", *rows, ""]) if rows else ""
    example = (command.epilog or "").removeprefix("example: ")
    return f"### {command.prog}\n\n{_sentence(command.description)}\n\n    {usage}\n{table}\nExample: `{example}`\n"


def _sentence(text: str | None) -> str:
    return f"{text[0].upper()}{text[1:]}." if text else ""


def _name(action: argparse.Action) -> str:
    shown = action.metavar if isinstance(action.metavar, str) else ""
    value = shown or (action.dest.upper() if action.nargs != 0 else "")
    if not action.option_strings:
        return f"`{value}`"
    needed = " (needed)" if action.required else ""
    return f"`{' '.join([action.option_strings[0], value]).strip()}`{needed}"


def _settings(stage: str, config: type[Config]) -> Iterator[str]:
    meanings = _docstrings(config)
    for name, field in config.model_fields.items():
        yield f"| `{stage}.{name}` | `{_shown(field.get_default(call_default_factory=True))}` | {meanings.get(name, '')} |"


def _shown(value: Any) -> str:
    return f"[{', '.join(value)}]" if isinstance(value, tuple) else str(value)


def _docstrings(config: type[Config]) -> dict[str, str]:
    """What stands below each field of a class."""
    body = ast.parse(textwrap.dedent(inspect.getsource(config))).body[0]
    assert isinstance(body, ast.ClassDef)
    found = {}
    for field, below in zip(body.body, body.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            assert isinstance(field.target, ast.Name)
            found[field.target.id] = " ".join(str(below.value.value).split())
    return found


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
