"""What a library's error says, short enough to stand in a sentence of ours."""

_MAX_CHARACTERS = 300


def first_words(error: BaseException) -> str:
    """The first line of an error's text, with the lines that a colon at its end announces; its type's name where it has no text.

    Validation errors put the field into the first line and the fault into the second.
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if not lines:
        return type(error).__name__
    said = " ".join(lines) if lines[0].endswith(":") else lines[0]
    return said if len(said) <= _MAX_CHARACTERS else f"{said[: _MAX_CHARACTERS - 1]}…"
