import pickle

from danlu.core.errors import UserError, WorkFailed


def test_what_a_user_gave_may_hold_braces() -> None:
    error = UserError("{path} is missing", "Look at {path}.", path="a{b}c")
    assert str(error) == "a{b}c is missing\nhint: Look at a{b}c."


def test_braces_of_a_message_without_values_are_its_own() -> None:
    assert str(UserError("expected {messages: [...]}")) == "expected {messages: [...]}"


def test_an_error_crosses_processes_whole() -> None:
    error = pickle.loads(pickle.dumps(WorkFailed("{a} failed", "Do {b}.", a=1, b=2)))
    assert (str(error), error.exit_code) == ("1 failed\nhint: Do 2.", 1)
