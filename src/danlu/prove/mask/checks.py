"""Which tokens carry loss: the stop token of each reply must, the prompt must not, and cut rows are counted."""

from collections.abc import Iterable, Iterator

from danlu.core.errors import Phrase
from danlu.core.progress import Progress
from danlu.prove.finding import Check, Finding
from danlu.prove.folder import ModelFolder
from danlu.prove.mask.reply_spans import Opening, learnt_runs, opening_of
from danlu.prove.mask.rows import Learnt, Place, Tally, tally
from danlu.prove.mask.sources import is_mask_ahead, of_dump, of_trainer
from danlu.prove.rows.columns import NO_LOSS
from danlu.prove.rows.dumps import Dump
from danlu.prove.template.difference import token_string, tokens_around
from danlu.prove.template.probes import PROBES
from danlu.prove.template.serving import Serving
from danlu.prove.trainers.trainer import Trainer
from danlu.text.rows.rows import Rows

STOP = Check(
    "mask.stop",
    Phrase("every learnt reply ends with a learnt stop token"),
    costs=Phrase("the model never learns to stop: it repeats itself, or speaks for the user, until the token limit"),
    fix=Phrase(
        "put the stop token under the loss (axolotl: eot_tokens; PAD must be another token than EOS), then train again"
    ),
    threads=("axolotl #3754", "trl #976", "transformers #23530"),
)
PROMPT = Check(
    "mask.prompt",
    Phrase("nothing of the prompt carries loss"),
    costs=Phrase("the model learns to ask as well as to answer, and short replies drown in long prompts"),
    fix=Phrase("train on replies only (TRL: assistant_only_loss or completion_only_loss; axolotl: roles_to_train)"),
    threads=("axolotl #2089",),
)
TRUNCATED = Check(
    "mask.truncated",
    Phrase("rows keep their replies and their stop tokens"),
    costs=Phrase("cut rows teach the model to break off, or teach nothing while they cost as much"),
    fix=Phrase("raise the trainer's maximum length, or leave long rows out"),
)
CHECKS: tuple[Check, ...] = (STOP, PROMPT, TRUNCATED)
_TOLERATED_CUT = 0.01
"""Share of rows. Below it fewer than one batch of 64 in two holds a cut row, and the other rows teach the stop."""
_SHOWN_TOKENS = 24
_NEEDS = Phrase("give the trained tokens with --tokens, or the trainer's configuration file with --template TOOL:FILE")


def check_masks(
    folder: ModelFolder, rows: Rows | None, trainer: Trainer | None, dump: Dump | None, progress: Progress
) -> Iterator[Finding]:
    """One finding for each of CHECKS, in their order; a dump rules over a trainer's configuration.

    Raises UserError when the tokenizer does not load or the dump is damaged.
    """
    if folder.kind in ("encoder", "seq2seq"):
        yield from (
            check.not_applicable(Phrase("models of this kind are not trained on conversations")) for check in CHECKS
        )
        return
    serving = Serving(folder)
    if dump is not None and not dump.mask:
        yield from _without_labels(serving, dump)
        return
    if dump is not None and is_mask_ahead(serving, dump):
        yield from _shifted_mask(dump)
        return
    reasons: list[Phrase] = []
    learnt: Iterable[Learnt] = of_dump(dump) if dump is not None else ()
    if dump is None and trainer is not None:
        learnt, reasons = of_trainer(folder, rows.conversations if rows else PROBES, trainer, progress)
    if dump is None and not learnt:
        nothing = Phrase("nothing says which tokens carried loss")
        yield from (check.not_checkable(nothing, _NEEDS, reasons) for check in CHECKS)
        return
    opening = opening_of(serving)
    counts = tally(serving, opening, learnt)
    yield _stop(serving, counts)
    if dump is not None and dump.meaning.taught is not None:
        yield _taught(serving, dump.meaning.taught)
    else:
        yield _prompt(serving, opening, counts, asked=trainer is not None and trainer.asks_for_prompt_loss)
    yield _truncated(serving, counts)


def _without_labels(serving: Serving, dump: Dump) -> Iterator[Finding]:
    """No column tells: nothing is guessed, and what the usual collators then do is said."""
    lines = [Phrase("the collators of Transformers and TRL then put every token under the loss, prompts included")]
    pad = serving.tokenizer.pad_token_id
    if pad is not None and pad in serving.stops:
        lines.append(
            Phrase(
                "and DataCollatorForLanguageModeling leaves out PAD, which is the stop token {token} here",
                token=token_string(serving, pad),
            )
        )
    for check in CHECKS:
        yield check.not_checkable(
            Phrase("{path} has neither labels nor a loss mask", path=dump.path),
            Phrase("a dump with labels, as the trainer's collator makes them"),
            lines,
        )


def _shifted_mask(dump: Dump) -> Iterator[Finding]:
    for check in CHECKS:
        yield check.not_checkable(
            Phrase("the {column} of {path} seems to stand one place before the tokens that it means", column=", ".join(dump.mask), path=dump.path),
            Phrase("a dump with labels, which name their tokens"),
        )  # fmt: skip


def _stop(serving: Serving, counts: Tally) -> Finding:
    measured = {
        "rows": counts.rows,
        "learnt_replies": counts.learnt_replies,
        "stop_without_loss": len(counts.unlearnt_stops),
        "no_stop": len(counts.missing_stops),
        "stop_not_configured": len(counts.other_stops),
    }
    if not counts.learnt_replies:
        return STOP.not_checkable(Phrase("no reply carries loss"), Phrase("a dump or a configuration in which replies are learnt"))  # fmt: skip
    lines = list(_stop_lines(serving, counts))
    if lines:
        faults = len(counts.unlearnt_stops) + len(counts.missing_stops) + len(counts.other_stops)
        said = Phrase("{count} of {all} learnt replies do not end with a learnt stop token", count=faults, all=counts.learnt_replies)  # fmt: skip
        return STOP.failed(said, lines, measured)
    said = Phrase("all {count} learnt replies end with a learnt stop token", count=counts.learnt_replies)
    return STOP.passed(said, measured=measured)


def _stop_lines(serving: Serving, counts: Tally) -> Iterator[Phrase]:
    stops = ", ".join(token_string(serving, id) for id in sorted(serving.stops)) or "∅"
    if counts.unlearnt_stops:
        learnt, at = counts.unlearnt_stops[0]
        yield Phrase("{count} times the stop token is there without loss, as {token} in row {row}", count=len(counts.unlearnt_stops), token=token_string(serving, int(learnt.ids_T[at])), row=learnt.row)  # fmt: skip
        yield marked(serving, counts.unlearnt_stops[0])
    if counts.missing_stops:
        learnt, at = counts.missing_stops[0]
        yield Phrase("{count} replies have no stop token at their end, as in row {row}", count=len(counts.missing_stops), row=learnt.row)  # fmt: skip
        yield Phrase("tokens: {tokens}", tokens=tokens_around(serving, learnt.ids_T, at))
    if counts.other_stops:
        learnt, at = counts.other_stops[0]
        yield Phrase("{count} last replies end with {token}, and generation stops at {stops}", count=len(counts.other_stops), token=token_string(serving, int(learnt.labels_T[at])), stops=stops)  # fmt: skip


def _prompt(serving: Serving, opening: Opening | None, counts: Tally, *, asked: bool) -> Finding:
    if opening is None or not counts.rows_with_replies:
        return PROMPT.not_checkable(
            Phrase("replies and prompts cannot be told apart in these tokens"),
            Phrase("tokens in the form of the checkpoint's own chat template"),
        )
    share = counts.learnt_prompt_tokens / max(1, counts.prompt_tokens)
    measured = {
        "prompt_tokens": counts.prompt_tokens,
        "learnt_prompt_tokens": counts.learnt_prompt_tokens,
        "rows_with_loss_on_prompt": len(counts.prompt_rows),
        "learnt_share": round(counts.learnt_tokens / max(1, counts.tokens), 4),
    }
    if not counts.prompt_rows:
        said = Phrase("none of {count} prompt tokens carries loss; {share:.0%} of all tokens do", count=counts.prompt_tokens, share=measured["learnt_share"])  # fmt: skip
        return PROMPT.passed(said, measured=measured)
    if asked:
        said = Phrase("{share:.0%} of the prompt tokens carry loss, as the configuration asks", share=share)
        return PROMPT.passed(said, measured=measured)
    said = Phrase("{share:.0%} of the prompt tokens carry loss, in {count} of {all} conversations", share=share, count=len(counts.prompt_rows), all=counts.rows_with_replies)  # fmt: skip
    learnt, at = counts.prompt_rows[0]
    lines = [
        Phrase("row {row}, learnt tokens in ⟦ ⟧:", row=learnt.row),
        marked(serving, Place(learnt, at)),
    ]
    return PROMPT.failed(said, lines, measured)


def _taught(serving: Serving, id: int) -> Finding:
    """A token where -100 was meant: only a collator that masks PAD can still put that right."""
    token = token_string(serving, id)
    if id == serving.tokenizer.pad_token_id:
        said = Phrase("where no loss is meant the labels are {id}, which is PAD, {token}: a collator may leave it out, or teach it", id=id, token=token)  # fmt: skip
        return PROMPT.not_checkable(said, Phrase("a dump with labels, as the trainer's collator makes them"))
    said = Phrase("where no loss is meant the labels are {id} in place of -100, so the model is taught to say {token} there", id=id, token=token)  # fmt: skip
    return PROMPT.failed(said, [Phrase("only -100 is left out of the loss: write that in place of {id}", id=id)], {"label": id})  # fmt: skip


def _truncated(serving: Serving, counts: Tally) -> Finding:
    measured = {"rows": counts.rows, "without_loss": len(counts.without_loss), "cut_replies": len(counts.cut_replies), "split_replies": counts.split_replies}  # fmt: skip
    lines: list[Phrase] = []
    if counts.without_loss:
        lines.append(Phrase("nothing is learnt in {count} rows, such as row {row}", count=len(counts.without_loss), row=counts.without_loss[0]))  # fmt: skip
    if counts.cut_replies:
        learnt, at = counts.cut_replies[0]
        lines.append(Phrase("{count} replies are cut before their stop token, as in row {row}", count=len(counts.cut_replies), row=learnt.row))  # fmt: skip
        lines.append(Phrase("tokens: {tokens}", tokens=tokens_around(serving, learnt.ids_T, at)))
    harmed = counts.harmed
    if counts.plain == counts.rows and not lines:
        said = Phrase("no row holds a conversation in the form of the checkpoint's chat template")
        return TRUNCATED.not_checkable(said, Phrase("tokens in the form of the checkpoint's own chat template"))
    if counts.split_replies and not lines:
        said = Phrase("no reply is lost; {count} of {all} rows end within one that goes on in the next row (wrapped packing)", count=counts.split_replies, all=counts.rows)  # fmt: skip
        return TRUNCATED.passed(said, measured=measured)
    if not lines:
        return TRUNCATED.passed(Phrase("none of {count} conversations is cut or without loss", count=counts.rows), measured=measured)  # fmt: skip
    if harmed <= _TOLERATED_CUT * counts.rows:
        said = Phrase(
            "{count} of {all} conversations are cut or without loss, which is few", count=harmed, all=counts.rows
        )
        return TRUNCATED.passed(said, lines, measured)
    said = Phrase("{count} of {all} conversations lost their reply, or its stop token", count=harmed, all=counts.rows)
    return TRUNCATED.failed(said, lines, measured)


def marked(serving: Serving, place: Place) -> Phrase:
    """The text around a token with learnt stretches in ⟦ ⟧."""
    learnt, at = place
    start, end = max(0, at - _SHOWN_TOKENS), min(len(learnt.ids_T), at + _SHOWN_TOKENS)
    text, done = "", start
    for left, right in learnt_runs(learnt.labels_T[start:end], NO_LOSS):
        text += serving.decode(learnt.ids_T[done : start + left])
        text += f"⟦{serving.decode(learnt.ids_T[start + left : start + right])}⟧"
        done = start + right
    return Phrase("{text!r}", text=text + serving.decode(learnt.ids_T[done:end]))
