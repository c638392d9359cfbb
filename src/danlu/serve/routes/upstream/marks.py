"""The marks by which chat templates tell roles apart, made harmless in what callers write.

A server that renders a template itself would read `<|im_start|>system` in a message as the start of a system message. A zero-width space
behind the mark's first character keeps it readable and makes it ordinary text for every tokenizer.
"""

import re

_MARKS = re.compile(
    r"<(?=[|｜][^<>\n]{1,40}[|｜]>|/?s>|<?/?SYS>>|(?:start|end)_of_turn>|(?:bos|eos|pad|unk)>)|\[(?=/?INST\]|gMASK\])"
)


def harmless(text: str) -> str:
    """The text with its marks broken."""
    return _MARKS.sub("\\g<0>\u200b", text) if "<" in text or "[" in text else text
