"""Whether the chat template serves what was trained: the `template.*` checks, over every row or over fixed conversations."""

from collections.abc import Iterator
from pathlib import Path

from danlu.core.errors import Phrase
from danlu.core.progress import Progress
from danlu.prove.finding import Check, Finding
from danlu.prove.folder import ModelFolder
from danlu.prove.rows.dumps import Dump
from danlu.prove.template.bos import BOS, check_bos
from danlu.prove.template.injection import INJECTION, check_injection
from danlu.prove.template.pairs import pair_up
from danlu.prove.template.parity import PARITY, check_parity, differences
from danlu.prove.template.probes import ONE_TURN
from danlu.prove.template.prompt import PROMPT, check_prompt, compare_prompts
from danlu.prove.template.serving import Refused, Serving
from danlu.prove.template.sources import SOURCES, check_sources
from danlu.prove.template.text import SYSTEM, TURNS, WHITESPACE, check_system, check_turns, check_whitespace
from danlu.prove.template.thinking import THINKING, check_thinking
from danlu.prove.template.tools import TOOLS, check_tools
from danlu.prove.trainers.trainer import Trainer
from danlu.text.rows.rows import Rows

CHECKS: tuple[Check, ...] = (SOURCES, PARITY, PROMPT, BOS, WHITESPACE, SYSTEM, TURNS, THINKING, TOOLS, INJECTION)


def check_templates(
    folder: ModelFolder, rows: Rows | None, trainer: Trainer | None, dump: Dump | None, progress: Progress
) -> Iterator[Finding]:
    """One finding for each of CHECKS, in their order; a dump rules over a trainer's template.

    Without rows, fixed conversations stand in for them, and a dump is compared with nothing. Raises UserError when the
    tokenizer does not load or the dump is damaged.
    """
    if folder.kind in ("encoder", "seq2seq"):
        yield from (check.not_applicable(Phrase("models of this kind do not chat")) for check in CHECKS)
        return
    if (problem := _not_text(folder.path / "chat_template.jinja")) is not None:
        yield from _broken(problem, CHECKS)
        return
    if not folder.chat_template:
        yield from (check.not_applicable(Phrase("the model has no chat template")) for check in CHECKS)
        return
    yield check_sources(folder)
    serving = Serving(folder)
    if (problem := _syntax_problem(serving)) is not None:
        yield from _broken(problem, CHECKS[1:])
        return
    pairs = pair_up(serving, folder, rows, trainer, dump, progress)
    differing, dated = differences(serving, pairs)
    prompts = compare_prompts(serving, pairs)
    yield check_parity(serving, pairs, differing, dated)
    yield check_prompt(serving, pairs, prompts)
    yield check_bos(serving, pairs, differing, dump)
    yield check_whitespace(serving, pairs, differing)
    yield check_system(serving, pairs, differing)
    yield check_turns(serving, pairs)
    yield check_thinking(serving, pairs, prompts, differing)
    yield check_tools(serving, pairs, differing)
    yield check_injection(serving, rows.conversations if rows else None)


def _broken(problem: Phrase, checks: tuple[Check, ...]) -> Iterator[Finding]:
    """A file that is no template serves nothing: one check says so, and the others cannot look."""
    for check in checks:
        if check is TURNS:
            yield check.failed(problem)
        else:
            yield check.not_checkable(problem, Phrase("a chat template that can be read"))


def _not_text(path: Path) -> Phrase | None:
    try:
        path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        return Phrase("{file} is not UTF-8 at byte {byte}: nothing can be served", file=path.name, byte=error.start)
    return None


def _syntax_problem(serving: Serving) -> Phrase | None:
    try:
        serving.text(ONE_TURN)
    except Refused as problem:
        if problem.line is not None:
            return Phrase("the chat template does not parse, so nothing can be served: line {line}: {problem}", line=problem.line, problem=problem)  # fmt: skip
    return None
