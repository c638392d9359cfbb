"""What a vocabulary must show before it is kept: encoders agree on texts it did not see, and no text becomes a control token."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from danlu.core.errors import WorkFailed
from danlu.model.bulk_encoder import BulkEncoder
from danlu.model.byte_level import BYTE_CHARACTERS

Encode = Callable[[str], Sequence[int]]
_LONGEST = 100_000
"""Characters of one document that are compared."""


def prove(tokenizer_json: str, others: Mapping[str, Encode], held: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Compare `tokenizers` with our bulk encoder and with `others` on texts by language; returns what was compared.

    Raises WorkFailed with the first text on which two differ, which does not come back from its ids (where the tokenizer neither
    normalises nor lacks bytes), or in which a special
    token's name is read as the token.
    """
    from tokenizers import Tokenizer

    library = Tokenizer.from_str(tokenizer_json)
    library.encode_special_tokens = True
    special = {id: token.content for id, token in library.get_added_tokens_decoder().items() if token.special}
    bulk = BulkEncoder.of(tokenizer_json)
    encoders: dict[str, Encode] = {"danlu": lambda text: bulk.encode([text]).ids.tolist(), **others}
    is_lossless = library.normalizer is None and set(BYTE_CHARACTERS) <= library.get_vocab().keys()
    compared: dict[str, int] = {}
    for language, texts in held.items():
        hostile = [f"{name}x {name}\n" for name in special.values()]
        for text in [*(text[:_LONGEST] for text in texts), *hostile]:
            ids = library.encode(text, add_special_tokens=False).ids
            _check(text, ids, encoders, language)
            if is_lossless and library.decode(ids, skip_special_tokens=False) != text:
                raise WorkFailed(
                    "a text in {language} does not come back from its ids: {text!r}", language=language, text=text[:80]
                )
            if not special.keys().isdisjoint(ids):
                raise WorkFailed("the vocabulary reads a special token into the text {text!r}", text=text[:80])
        compared[language] = len(texts)
    return {"equal": ["tokenizers", *encoders], "documents": compared}


def _check(text: str, ids: Sequence[int], encoders: Mapping[str, Encode], language: str) -> None:
    for name, encode in encoders.items():
        found = list(encode(text))
        if found != list(ids):
            at = next((at for at, (one, other) in enumerate(zip(ids, found, strict=False)) if one != other), len(found))
            raise WorkFailed(
                "{name} and tokenizers give other ids for a text in {language}, from token {at} on: {text!r}",
                "This is a defect: please report it with the text.",
                name=name,
                language=language,
                at=at,
                text=text[:80],
            )
