"""Errors a user can act on: what came in, what was expected, what to do next.

`UserError` means that the input or the usage is wrong (exit code 2); `WorkFailed` that the work itself
failed (exit code 1). Anything else that escapes is a defect of ours and keeps its traceback.
"""


class Phrase:
    """A value of a message that is itself said in the user's language: a template over values of its own."""

    def __init__(self, template: str, **values: object) -> None:
        self.template = template
        self.values = values

    def __str__(self) -> str:
        return self.template.format(**self.values) if self.values else self.template


class DanluError(Exception):
    """A failure with a message for the user and, where one is known, the next step to take."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "", **values: object) -> None:
        """Both texts are templates over `values`, so that the command line can say them in the user's language."""
        super().__init__(message)
        self.message_template = message
        self.hint_template = hint
        self.values = values

    @property
    def message(self) -> str:
        """What came in and what was expected."""
        return self.message_template.format(**self.values) if self.values else self.message_template

    @property
    def hint(self) -> str:
        """What to do next; empty where nothing is known."""
        return self.hint_template.format(**self.values) if self.values else self.hint_template

    def __str__(self) -> str:
        return f"{self.message}\nhint: {self.hint}" if self.hint else self.message


class UserError(DanluError):
    """The input or the usage is wrong: nothing was done, exit code 2."""

    exit_code = 2


class WorkFailed(DanluError):
    """The input was acceptable and the work still failed: what was finished is kept, exit code 1."""


class NothingKept(WorkFailed):
    """A stage rejected every document that it was given."""
