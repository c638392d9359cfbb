"""The word filter: phrases that neither enter nor leave the server, however they are written or split.

What a list is, is said in danlu.text.words.lists, and how its phrases are found in danlu.text.words.disguised.
"""

from bisect import bisect_left
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from danlu.text.words.disguised import DisguisedWords, ends_open, last_seen, skeleton_of_piece
from danlu.text.words.folding import is_han
from danlu.text.words.lists import Phrase, parse_phrases, read_phrases

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

    What it has released, taken together, is the text up to the first blocked phrase, however the pieces were cut: on a hit it releases what
    stood before the phrase and a notice, and nothing from then on.
    """

    def __init__(self, words: DisguisedWords) -> None:
        self._words = words
        self._text = ""
        """What has not left yet, after what was last seen of what has: whole words are told by it."""
        self._left = 0
        """How much of the text has left."""
        self._bare = ""
        self._places: list[int] = []
        self._released_any = False
        self.stopped = False
        self.category = ""
        """Of the phrase that stopped it."""

    @property
    def is_holding(self) -> bool:
        """Whether some of what came has not left yet."""
        return len(self._text) > self._left

    def feed(self, piece: str) -> str:
        """What may leave now that this piece has come."""
        if self.stopped or not piece:
            return ""
        bare, places = skeleton_of_piece(piece)
        offset = len(self._text)
        self._text += piece
        self._bare += bare
        self._places += [place + offset for place in places] if offset else places
        return self._settle(ended=False)

    def finish(self) -> str:
        """What was held back and turned out to be harmless, now that nothing follows."""
        return "" if self.stopped else self._settle(ended=True)

    def _settle(self, *, ended: bool) -> str:
        text = self._text
        held = len(text) if ended else self._words.held_from(text, self._bare, self._places)
        for hit in self._words.find_in(text, self._bare, self._places):
            # A phrase that began before it may yet be the one that counts.
            if ended or (held >= hit.start and not ends_open(text, hit.end)):
                self.category = hit.category
                return self._stop_at(hit.start)
            break
        return self._release(held)

    def _release(self, end: int) -> str:
        """Let go of the text up to here."""
        out = self._text[self._left : end]
        if out:
            kept_from = last_seen(self._text, end)
            self._text = self._text[kept_from:]
            self._left = end - kept_from
            known = bisect_left(self._places, end)
            self._bare = self._bare[known:]
            self._places = [place - kept_from for place in self._places[known:]]
            self._released_any = True
        return out

    def _stop_at(self, start: int) -> str:
        self.stopped = True
        text = notice(self._text[self._left :])
        out = self._text[self._left : start]
        return f"{out}\n\n{text}" if self._released_any or out else text


def language_of(text: str) -> str:
    """`zh` when the text holds a Han character, else `en`: enough to choose which of two sentences to show."""
    return "zh" if any(map(is_han, text)) else "en"


def notice(text: str) -> str:
    """What ends an answer that ran into a blocked phrase, in the language of that text."""
    return _NOTICES[language_of(text)]


def refusal(text: str) -> str:
    """What answers a question that holds a blocked phrase, in the language of that question."""
    return _REFUSALS[language_of(text)]


def load_words(user_file: Path | None = None, further: Iterable[Phrase] = ()) -> DisguisedWords:
    """The shipped list, with the phrases of `user_file` and further ones added.

    Raises UserError when that file cannot be read or a line of it is not a phrase and a category.
    """
    shipped = resources.files("danlu.guard").joinpath("words.txt").read_text(encoding="utf-8")
    phrases = parse_phrases(shipped, "words.txt")
    if user_file is not None:
        phrases += read_phrases(user_file)
    return DisguisedWords([*phrases, *further], in_pinyin=True)
