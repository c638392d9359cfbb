"""What the gateway allows, in one frozen place."""

from dataclasses import dataclass

from danlu.core.errors import UserError


@dataclass(frozen=True)
class Settings:
    """Limits and defaults of one gateway; every field must be positive."""

    max_body_bytes: int = 1_000_000
    """A request body above this is refused with 413 before it is parsed."""
    max_question_chars: int = 8_000
    """A question to the bot above this is refused: it is searched for, and no search needs more."""
    most_tokens: int = 32_768
    """A request may ask for an answer of at most so many tokens."""
    longest_answer_s: float = 600.0
    """From a request's arrival to the end of its answer; an answer that takes longer is ended with an error."""
    slow_reader_s: float = 30.0
    """A client that takes nothing of what it is sent for so long is let go."""
    max_running: int = 4
    """Answers made at the same time, each in its own thread."""
    max_waiting: int = 32
    """Requests that may wait for such a thread; the next one is told 429."""
    max_waiting_per_key: int = 16
    """Of one key or login."""
    default_max_tokens: int = 512
    """Length of a model's reply when the request names none: a small model may never stop by itself."""
    login_link_ttl_s: float = 900.0
    """How long the link printed at the start works."""
    session_ttl_s: float = 43_200.0
    """How long a browser stays logged in."""
    shutdown_grace_s: float = 4.0
    """How long open answers may still finish after a stop signal; the process is gone within 10 s in any case."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value <= 0:
                raise UserError("serve setting {name} is {value}", "give a number above 0", name=name, value=value)
        if self.shutdown_grace_s > 6:
            name, value = "shutdown_grace_s", self.shutdown_grace_s
            raise UserError("serve setting {name} is {value}", "give at most 6 seconds", name=name, value=value)
