"""How often the processes of a training were started, and why: a death is one thing, memory that was short another.

When memory is short in one process, the others wait inside of that very batch, so all end and start again with smaller
batches: a new round. A death has all start again in the same round, so many times at most over all rounds. Both are
files in the folder of the training, which all its machines see.
"""

from pathlib import Path

MOST_RESTARTS = 3
"""After deaths. Rounds end by themselves: batches are halved until a single row does not fit."""
_STARTS = "starts.txt"
_SHORT = "memory-short-in-round-"


def forget_rounds(scratch: Path) -> None:
    """Begin to count anew."""
    for path in [scratch / _STARTS, *scratch.glob(f"{_SHORT}*")]:
        path.unlink(missing_ok=True)


def count_start(scratch: Path, number: int) -> int:
    """Note that round `number` starts; returns the deaths so far when it had started before, else 0."""
    before = _starts(scratch)
    with (scratch / _STARTS).open("a", encoding="utf-8") as file:
        file.write(f"{number}\n")
    return deaths(scratch) if str(number) in before else 0


def deaths(scratch: Path) -> int:
    """Starts that were not the first of their round."""
    starts = _starts(scratch)
    return len(starts) - len(set(starts))


def end_for_memory(scratch: Path, number: int) -> bool:
    """Note that memory was short in round `number`; False when another process has said so already."""
    try:
        (scratch / f"{_SHORT}{number}").touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def memory_was_short(scratch: Path, number: int) -> bool:
    """Whether round `number` ended for that."""
    return (scratch / f"{_SHORT}{number}").exists()


def _starts(scratch: Path) -> list[str]:
    path = scratch / _STARTS
    return path.read_text(encoding="utf-8").split() if path.exists() else []
