"""How many tokens a text has for a model whose tokenizer is not here: an estimate, for limits and for servers that tell no usage.

A token of today's vocabularies holds about four letters of English or one and a half Han characters. Counted on bytes, since that
needs no look at each character: three bytes of UTF-8 for a Han character, one for a letter.
"""

_LETTERS_PER_TOKEN = 4.0
_HAN_PER_TOKEN = 1.5


def estimated_tokens(text: str) -> int:
    """At least 1 for a text that is not empty."""
    others = (len(text.encode("utf-8", "surrogatepass")) - len(text)) / 2
    return round(0.5 + others / _HAN_PER_TOKEN + max(0.0, len(text) - others) / _LETTERS_PER_TOKEN) if text else 0
