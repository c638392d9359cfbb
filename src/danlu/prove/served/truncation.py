"""What the server does with a prompt that is longer than its context: an error is right, silence is a fault."""

from typing import Any

from danlu.core.endpoints import Refused
from danlu.core.errors import Phrase, UserError
from danlu.prove.finding import Check, Finding
from danlu.prove.folder import ModelFolder
from danlu.prove.served.asking import Served
from danlu.prove.served.local import prompt_ids
from danlu.prove.served.replies import Reply

TRUNCATION = Check(
    "served.truncation",
    Phrase("a prompt that is too long is refused, not cut in silence"),
    Phrase("the beginning of long conversations, with the system prompt, is dropped and the answer made up"),
    Phrase("raise the server's context (Ollama: num_ctx), or refuse long prompts before they are sent"),
    ("ollama #2722", "ollama #4967"),
)
MAX_PROMPT_TOKENS = 10_240
"""Nothing longer is ever sent: it tries contexts of up to 8,192 tokens."""
UNTOLD_PROMPT_TOKENS = 4_608
"""Sent where the server does not tell its context: beyond the 2,048 and 4,096 at which Ollama cuts by default."""
_BEYOND = 1.25
_CUT_SHARE = 0.9
"""Fewer of our tokens than this were read: Ollama keeps half of its context, others all of it, four fifths of what is sent."""
_TOO_LONG = (400, 413, 422)
_BUSY = (503, 504)
"""These are told by a server with too much to do, and by a proxy that waited too long."""
_FILLER = "The pump started at seven and ran for three hours. "
_WORDS = ("amber", "cobalt")


def check_truncation(served: Served, folder: ModelFolder) -> Finding:
    """One prompt of 1.25 times the context, and a second one that begins otherwise where the number of tokens says nothing."""
    context = served.facts.context_tokens
    wanted = max(int(context * _BEYOND), context + 128) if context else UNTOLD_PROMPT_TOKENS
    if wanted > MAX_PROMPT_TOKENS:
        return TRUNCATION.not_checkable(
            Phrase("a context of {context} tokens is too large to try with {limit} tokens", context=context, limit=MAX_PROMPT_TOKENS),
            Phrase("a server started with a context of 8192 tokens or fewer"),
        )  # fmt: skip
    messages, ids, text = _prompt(folder, wanted, _WORDS[0])
    try:
        return _verdict(served, folder, _ask(served, messages, ids, text), len(ids), wanted)
    except Refused as refused:
        return _refused(refused, len(ids))
    except UserError as error:  # the last check: a prompt this long may take a small machine too long
        return TRUNCATION.not_checkable(
            Phrase("{sent} tokens got no answer: {problem}", sent=len(ids), problem=error.message),
            Phrase("a faster server, or one with a smaller context"),
        )


def _refused(refused: Refused, sent: int) -> Finding:
    """Only some statuses are an answer to the length of what was sent."""
    status, evidence = refused.status, [refused.message] if refused.message else []
    if status in _TOO_LONG:
        return TRUNCATION.passed(
            Phrase("{sent} tokens are refused (HTTP {status})", sent=sent, status=status), evidence
        )
    if status >= 500 and status not in _BUSY:
        said = Phrase(
            "{sent} tokens break the server instead of being refused (HTTP {status})", sent=sent, status=status
        )
        return TRUNCATION.failed(said, evidence, {"sent_tokens": sent, "status": status})
    return TRUNCATION.not_checkable(
        Phrase("{sent} tokens got HTTP {status}, which says nothing of their number", sent=sent, status=status),
        Phrase("a server that answers, or refuses with HTTP 400, 413 or 422"),
        evidence,
    )


def _verdict(served: Served, folder: ModelFolder, reply: Reply, sent: int, wanted: int) -> Finding:
    context, read = served.facts.context_tokens, reply.prompt_tokens
    measured = {"sent_tokens": sent, "read_tokens": read, "context_tokens": context}
    if read is not None and read < _CUT_SHARE * sent:
        said = Phrase("of {sent} tokens the server read {read} and said nothing", sent=sent, read=read)
        return TRUNCATION.failed(said, measured=measured)
    if context is None:
        if read is None:
            return _unknown(sent)
        said = Phrase("all of {sent} tokens were read; the server does not tell its context", sent=sent)
        return TRUNCATION.passed(said, measured=measured)
    messages, ids, text = _prompt(folder, wanted, _WORDS[1])
    other = _ask(served, messages, ids, text)
    if not reply.tops or not other.tops:
        return _unknown(sent)
    if reply.tops[0] == other.tops[0]:
        said = Phrase(
            "{sent} tokens are more than the context of {context}, and how they begin changes nothing",
            sent=sent,
            context=context,
        )
        return TRUNCATION.failed(said, measured=measured)
    said = Phrase(
        "all of {sent} tokens were read, beyond the context of {context} that the server tells",
        sent=sent,
        context=context,
    )
    return TRUNCATION.passed(said, measured=measured)


def _unknown(sent: int) -> Finding:
    return TRUNCATION.not_checkable(
        Phrase("{sent} tokens were answered, and the server does not tell how many it read", sent=sent),
        Phrase("a server whose replies have usage.prompt_tokens, or log-probabilities"),
    )


def _prompt(folder: ModelFolder, wanted: int, word: str) -> tuple[tuple[dict[str, Any], ...], tuple[int, ...], str]:
    """A prompt of `wanted` tokens or a few more that begins with a word and asks for it at its end."""
    per_filler = len(folder.tokenizer(_FILLER * 10, add_special_tokens=False, verbose=False)["input_ids"]) / 10
    start, end = f"The first word is {word}. ", "Which word did this text begin with?"
    text = start + _FILLER * (int(wanted / per_filler) + 1) + end
    messages = ({"role": "user", "content": text},)
    ids = prompt_ids(folder, messages) if folder.chat_template else None
    return (messages, ids, text) if ids else ((), tuple(folder.tokenizer(text, verbose=False)["input_ids"]), text)


def _ask(served: Served, messages: tuple[dict[str, Any], ...], ids: tuple[int, ...], text: str) -> Reply:
    if messages:
        return served.chat(messages, max_tokens=1, neutral=False)
    return served.complete(text, ids, max_tokens=1, neutral=False)
