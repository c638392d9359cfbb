from collections import deque
from pathlib import Path

import pytest

from commands import here
from danlu.core.endpoints import Refused
from danlu.core.errors import UserError
from danlu.data.endpoint.client import KEY, Endpoint
from labelling_server import Script, serve

QUESTION = {"messages": [{"role": "user", "content": "水泵在哪里？"}]}


def test_the_key_goes_to_the_server_and_into_no_message(tmp_path: Path) -> None:
    script = Script(lambda _: "here")
    with serve(script) as url:
        endpoint = Endpoint(url, "judge", tmp_path / "replies.sqlite", key="a secret")
        reply = endpoint.ask(QUESTION)
        script.failures.append((403, {}, "a secret is not welcome"))
        with pytest.raises(UserError, match="does not accept the key") as told:
            endpoint.ask(QUESTION)
    assert reply["choices"][0]["message"]["content"] == "here"
    assert script.keys == ["Bearer a secret"] * 2
    assert "a secret" not in str(told.value) and "a secret" not in repr(endpoint) and KEY in told.value.hint


def test_what_the_server_refuses_is_no_end_of_the_run(tmp_path: Path) -> None:
    script = Script(lambda _: "here", failures=deque([(413, {}, '{"error": {"message": "too long"}}')]))
    with serve(script) as url, pytest.raises(Refused) as refused:
        Endpoint(url, "judge", tmp_path / "replies.sqlite").ask(QUESTION)
    assert (refused.value.status, refused.value.message) == (413, "too long")


def test_labels_and_pairs_are_asked_for_with_the_key_of_one_variable(tmp_path: Path) -> None:
    (tmp_path / "pump.md").write_text(
        "# Checking the pump every week\n\n" + "The pump is checked every week. " * 8, encoding="utf-8"
    )
    schema = "question: q\nlabels: [{name: a, definition: b}, {name: c, definition: d}]"
    (tmp_path / "labels.yaml").write_text(schema, encoding="utf-8")
    script = Script(lambda _: '{"label": "a", "pairs": []}')
    given = {KEY: "a secret", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    with serve(script) as url:
        for number, command in enumerate(("label model pump.md --schema labels.yaml", "synthesize pump.md")):
            done = here(tmp_path, *command.split(), "--model", url, "judge", "--out", f"out{number}", **given)
            assert done.returncode == 0, done.stderr
    assert KEY == "DANLU_ENDPOINT_KEY" and script.keys == ["Bearer a secret"] * 2
