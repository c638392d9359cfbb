"""Any served model behind the word filter: what comes in is checked first, what goes out is checked as it leaves."""

from contextlib import closing

from danlu.guard.words import StreamFilter, refusal
from danlu.serve.models import ChatRequest, End, Pieces, ServedModel, Text, Usage, refused_fields
from danlu.text.words.automaton import WordList


def guarded_reply(model: ServedModel, request: ChatRequest, words: WordList) -> Pieces:
    """The reply of the model, or as much of it as may be shown."""
    said = "\n".join(message.content for message in request.messages)
    # Together, so that a phrase cannot be split over turns.
    if words.find(said):
        yield from _answer_instead(model, request, refusal(said))
        return
    out = StreamFilter(words)
    released: list[str] = []
    with closing(model.reply(request)) as pieces:
        for piece in pieces:
            text = out.feed(piece.text) if isinstance(piece, Text) else out.finish()
            released.append(text)
            yield Text(text)
            if out.stopped:
                yield End("content_filter", _usage(model, request, "".join(released)), refused_fields())
                return
            if isinstance(piece, End):
                yield piece


def _answer_instead(model: ServedModel, request: ChatRequest, text: str) -> Pieces:
    yield Text(text)
    yield End("content_filter", _usage(model, request, text), refused_fields())


def _usage(model: ServedModel, request: ChatRequest, text: str) -> Usage:
    """What a cut answer cost, as near as it can be told without the model's own count."""
    prompt_tokens = sum(model.count_tokens(message.content) for message in request.messages)
    return Usage(max(1, prompt_tokens), max(1, model.count_tokens(text)))
