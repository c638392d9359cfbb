"""The word filter: phrases that neither enter nor leave the server, however they are written or split.

What a list is, and how its phrases are found, is said in danlu.text.words.automaton.
"""

from importlib import resources
from pathlib import Path

from danlu.text.words.automaton import WordList, parse_phrases, read_phrases
from danlu.text.words.folding import Folder, is_han

_NOTICES = {
    "zh": "【该内容涉及被限制的信息，回答到此为止。】",
    "en": "[The answer stops here: it touches on restricted content.]",
}
_REFUSALS = {
    "zh": "抱歉，这个问题涉及被限制的内容，无法回答。",
    "en": "Sorry, this question touches on restricted content and cannot be answered.",
}


class StreamFilter:
    """Passes on the pieces of one answer, holding back what may yet turn out to be part of a blocked phrase.

    What it has released, taken together, never holds a blocked phrase. On a hit it releases what stood before the
    phrase and a notice, and nothing from then on.
    """

    def __init__(self, words: WordList) -> None:
        self._words = words
        self._folder = Folder()
        self._held = ""
        self._held_from = 0
        self._folded = ""
        self._starts: list[int] = []
        self._before = ""
        self._released_any = False
        self.stopped = False

    @property
    def is_holding(self) -> bool:
        """Whether some of what came has not left yet."""
        return bool(self._held)

    def feed(self, piece: str) -> str:
        """What may leave now that this piece has come."""
        if self.stopped:
            return ""
        folded, starts = self._folder.feed(piece)
        self._held += piece
        self._folded += folded
        self._starts += starts
        return self._settle(ended=False)

    def finish(self) -> str:
        """What was held back and turned out to be harmless, now that nothing follows."""
        return "" if self.stopped else self._settle(ended=True)

    def _settle(self, *, ended: bool) -> str:
        matches = self._words.matches(self._folded, before=self._before, ended=ended)
        if matches:
            return self._stop_at(matches[0][1])
        count = len(self._folded) if ended else self._words.held_from(self._folded, before=self._before)
        return self._release(count)

    def _release(self, count: int) -> str:
        """Let go of the first `count` folded characters and of the raw text that they came from."""
        end = self._starts[count] if count < len(self._starts) else self._held_from + len(self._held)
        out, self._held = self._held[: end - self._held_from], self._held[end - self._held_from :]
        self._held_from = end
        self._before = self._folded[count - 1] if count else self._before
        self._folded, self._starts = self._folded[count:], self._starts[count:]
        self._released_any = self._released_any or bool(out)
        return out

    def _stop_at(self, count: int) -> str:
        self.stopped = True
        text = notice(self._held)
        out = self._release(count)
        return f"{out}\n\n{text}" if self._released_any else text


def language_of(text: str) -> str:
    """`zh` when the text holds a Han character, else `en`: enough to choose which of two sentences to show."""
    return "zh" if any(map(is_han, text)) else "en"


def notice(text: str) -> str:
    """What ends an answer that ran into a blocked phrase, in the language of that text."""
    return _NOTICES[language_of(text)]


def refusal(text: str) -> str:
    """What answers a question that holds a blocked phrase, in the language of that question."""
    return _REFUSALS[language_of(text)]


def load_words(user_file: Path | None = None) -> WordList:
    """The shipped list, with the phrases of `user_file` added.

    Raises UserError when that file cannot be read or a line of it is not a phrase and a category.
    """
    shipped = resources.files("danlu.guard").joinpath("words.txt").read_text(encoding="utf-8")
    phrases = parse_phrases(shipped, "words.txt")
    if user_file is not None:
        phrases += read_phrases(user_file)
    return WordList(phrases)
