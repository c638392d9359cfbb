"""What `danlu forget` prints for people."""

from collections.abc import Sequence
from typing import Any

from danlu.answer.forgetting.forgotten_record import Record
from danlu.answer.forgetting.orders import Verified
from danlu.cli.speech import Speech
from danlu.cli.tables import print_table

_SHOWN = 30
_KEY_SHOWN = 16
"""Hexadecimal digits of a public key."""


def print_order(record: Record, was_done: bool, current: str, say: Speech) -> None:
    """One order: what was removed, what used the document, and what still holds it."""
    body, names = record.body, [entry["source"] for entry in record.body["documents"]]
    if was_done:
        print(say("forgotten already, at {at} (record {record})", at=body["at"], record=record.number))
        return
    print(say("forgotten: {name} (record {record})", name=names[0], record=record.number))
    if names[1:]:
        print(say("and with it, since they say the same: {names}", names=", ".join(names[1:])))
    _print_removed(body, say)
    _print_uses(body["uses"], current, say)
    _print_places(body["places"], say)
    if body["remaining"]:
        print(f"\n{say('documents that stay and hold half of its text or more')}")
        print_table(
            [say("document"), say("share")], [[one["source"], f"{one['share']:.0%}"] for one in body["remaining"]]
        )
    if before := body.get("key_before"):
        print()
        print(
            say(
                "signed by a new key, {key}…: the one that signed the records before, {before}…, is not in .danlu/state/signing.key any more. Put it back from a copy if you have one, and find out who took it",
                key=body["signed_by"][:_KEY_SHOWN],
                before=before[:_KEY_SHOWN],
            )
        )
    print(f"\n{say('not proven by this record')}")
    for line in body["not_proven"]:
        print(f"  {say(line)}")


def _print_removed(body: dict[str, Any], say: Speech) -> None:
    removed = body["removed"]
    print(
        say(
            "taken out at once: {passages} passages of the live index; the words of {answers} recorded answers",
            passages=removed["passages"],
            answers=len(removed["answers"]),
        )
    )
    if body["resumed"]:
        print(say("it had been cut off: what it took out before that is not counted"))
    for name in removed["logs left"]:
        print(
            say(
                "its words may be left in the log of {name}, since somebody read there all the time: the next order to forget, or refresh, empties it",
                name=name,
            )
        )
    for one in removed["unusable"]:
        print(
            say(
                "its words may be left in {name}, which cannot be used ({problem}): no answer shows them; delete that file",
                name=one["name"],
                problem=one["problem"],
            )
        )
    if removed["vectors left"]:
        print(
            say(
                "its vectors may be left in the store of `vectors` until the next question: {problem}",
                problem=removed["vectors left"],
            )
        )


def _print_uses(uses: Sequence[dict[str, Any]], current: str, say: Speech) -> None:
    said = uses_of(say)
    rows = [[use["stage"], use["id"], ", ".join(said[how] for how in use["how"]), _counts(use, say)] for use in uses]
    if rows:
        print(f"\n{say('what the project has of it')}")
        print_table([say("stage"), say("id"), say("how"), say("counts")], rows)
    if current in {use["id"] for use in uses if use["tainted"]}:
        print(
            say(
                "The current release {id} used it. It goes on answering by quotes, without this document; its models that learnt from it are not served again. `danlu forget --rebuild` or `danlu run` makes a release without it.",
                id=current,
            )
        )


def uses_of(say: Speech) -> dict[str, str]:
    """What is said of each way in which an artifact used a document."""
    return {
        "holds": say("holds its text"),
        "learnt": say("learnt from it"),
        "measured": say("measured on it"),
        "names": say("names it"),
        "parts": say("has parts that used it"),
    }


def _counts(use: dict[str, Any], say: Speech) -> str:
    rejected = [f"{say(row['rule'])} ({say(row['value'])})" for row in use.get("rejected", ())]
    return ", ".join([*(f"{say(what)} {count}" for what, count in use.get("counts", {}).items()), *rejected[:_SHOWN]])


def _print_places(places: Sequence[dict[str, str]], say: Speech) -> None:
    if not places:
        return
    kinds = {
        "source": say("source file"),
        "artifact": say("artifact"),
        "file": say("file"),
        "cache": say("cache"),
        "job": say("job"),
        "remote": say("remote"),
    }
    print(f"\n{say('where it still lies')}")
    rows = [[kinds[one["place"]], one["name"], say(one["why"])] for one in places[:_SHOWN]]
    print_table([say("place"), say("name"), say("why")], rows)
    if len(places) > _SHOWN:
        print(say("and {count} more: --json prints them all", count=len(places) - _SHOWN))


def print_orders(records: Sequence[Record], say: Speech) -> None:
    """All records, one line each."""
    if not records:
        print(say("nothing was forgotten"))
        return
    said = {
        "forget": say("forgotten"),
        "rebuilt": say("rebuilt"),
        "purged": say("deleted"),
        "lifted": say("no longer forgotten"),
    }
    rows = [
        [
            one.number,
            one.body["at"],
            said[one.action],
            "" if one.action == "forget" else one.about,
            _what(one),
            one.body["by"],
        ]
        for one in records
    ]
    print_table([say("record"), say("time"), say("what"), say("order"), say("document"), say("by")], rows)


def _what(record: Record) -> str:
    body = record.body
    if record.action == "forget":
        return ", ".join(entry["source"] for entry in body["documents"])
    if record.action == "purged":
        return ", ".join(sorted({one["stage"] for one in body["artifacts"]}))
    return str(body["release"]) if record.action == "rebuilt" else ", ".join(body["names"])


def print_purged(artifacts: Sequence[dict[str, Any]], say: Speech) -> None:
    """What was deleted."""
    for one in artifacts:
        print(say("deleted {stage} {id}", stage=one["stage"], id=one["id"]))
    if not artifacts:
        print(say("nothing to delete: no artifact has more of a forgotten document than its name"))


def print_verified(found: Verified, say: Speech) -> None:
    """What the look at the records found."""
    if not found.problems:
        print(say("records: {count}; each holds the hash of the one before it", count=found.records))
        print(say("the last one has the SHA-256 {hash}: keep it elsewhere, and a chain that was cut off is seen", hash=found.last_sha256 or "-"))  # fmt: skip
    if found.unsigned:
        print(say("not signed, for the package cryptography was not installed: {numbers}", numbers=", ".join(map(str, found.unsigned))))  # fmt: skip
    for key, numbers in found.signers:
        if key in found.lost_keys:
            print(
                say(
                    "signed by the key {key}…, which is not in .danlu/state/signing.key any more: {numbers}",
                    key=key[:_KEY_SHOWN],
                    numbers=", ".join(map(str, numbers)),
                )
            )
    if found.restored:
        print(say("the list of forgotten documents was not what the records say: written again from them"))
    for number, problem in found.problems:
        print(say("record {number}: {problem}", number=number, problem=say(problem)))
