"""The document bot as a served model: the last user message is the question, the whole answer is known at once.

Sampling fields of the request change nothing here: the answer is made of quotes, or by a model that takes the likeliest words.
What stops the bot, or makes it search less, names files and hosts: that is for the server's log, and the caller is told that it is so.
"""

import logging
import re
from collections.abc import Callable, Generator

from danlu.core.answers import Answer, Bot, asks_something
from danlu.core.errors import DanluError
from danlu.guard.words import notice
from danlu.serve.models import ChatRequest, End, Finish, FinishReason, Piece, Text, Usage, refused_fields
from danlu.serve.routes.offered import refuse_beyond
from danlu.serve.wire.errors import bad_value, context_too_long, unavailable
from danlu.text.words.disguised import DisguisedWords

_log = logging.getLogger(__name__)
# A few words or characters with the white space after them: what a reader's eye takes in at once.
_PIECE = re.compile(r"(?:\S{1,12}\s*){1,3}|\s+")

_UNAVAILABLE = "The documents cannot be asked at the moment; the server's log says why."


class BotModel:
    """Answers from the documents, with citations beside the text. `count_tokens` is the base model's tokenizer."""

    def __init__(
        self,
        model_id: str,
        bot: Bot,
        words: DisguisedWords,
        count_tokens: Callable[[str], int],
        max_question_chars: int = 8_000,
        worded: Callable[[DanluError], str] = str,
    ) -> None:
        """`worded` says an error for the log."""
        self.id = model_id
        self.count_tokens = count_tokens
        self._bot = bot
        self._words = words
        self._max_question_chars = max_question_chars
        self._worded = worded

    def reply(self, request: ChatRequest) -> Generator[Piece, None, None]:
        """Ask the bot, then yield the answer in pieces. Raises ApiError 503 when the bot cannot answer anything now."""
        refuse_beyond(request, frozenset())
        *earlier, question = self._questions(request)
        try:
            answer = self._bot.ask(question, request.caller.principals, earlier)
            text, finish, fields = self._shown(answer)
        except DanluError as error:
            _log.error("%s cannot answer: %s", self.id, self._worded(error))
            raise unavailable("documents_unavailable", _UNAVAILABLE) from None
        for trouble in filter(None, (answer.degraded, answer.unwritten)):
            _log.warning("%s: %s", self.id, trouble)
        for piece in _PIECE.findall(text):
            yield Text(piece)
        yield Finish(finish)
        yield End(Usage(max(1, self.count_tokens(question)), max(1, self.count_tokens(text))), fields)

    def close(self) -> None:
        """See BlockingModel; the bot belongs to whoever made it."""

    def _questions(self, request: ChatRequest) -> list[str]:
        """All that the user asked, the question itself last."""
        questions = [message.content for message in request.messages if message.role == "user"]
        if not questions or not asks_something(questions[-1]):
            raise bad_value("messages", "expected a user message with a question in it")
        if len(questions[-1]) > self._max_question_chars:
            found = f"this one has {len(questions[-1])}"
            raise context_too_long(f"A question may have {self._max_question_chars} characters; {found}.")
        return questions

    def _shown(self, answer: Answer) -> tuple[str, FinishReason, dict[str, object]]:
        """The text, how it ended and the fields beside it, once the quotes have passed the word filter too."""
        public = answer.public()
        texts = [answer.answer, *answer.conflicts, answer.understood, *answer.other_names]
        texts += [f"{citation.source}\n{citation.quote}" for citation in (*answer.citations, *answer.closest)]
        if any(self._words.find(text) for text in texts):
            self._bot.withhold(answer.answer_id)
            return notice(answer.answer), "content_filter", refused_fields(answer.answer_id)
        return answer.answer, "stop", {name: value for name, value in public.items() if name != "answer"}
