"""How many slips of the hand lie between two words (Damerau 1964, doi 10.1145/363958.363994).

A slip is a letter left out, put in or taken for another, or two neighbours swapped; no place is touched twice (optimal string
alignment), which is a little more than the least number and much faster.
"""


def slips(one: str, other: str, most: int) -> int:
    """The number of slips from one word to the other; `most` + 1 stands for any number above `most`."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    older: list[int] = []
    old = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        new = [at]
        for place, theirs in enumerate(other, 1):
            least = min(old[place] + 1, new[place - 1] + 1, old[place - 1] + (letter != theirs))
            if at > 1 < place and letter == other[place - 2] and one[at - 2] == theirs:
                least = min(least, older[place - 2] + 1)
            new.append(least)
        if min(new) > most and min(old) > most:
            return most + 1
        older, old = old, new
    return min(old[-1], most + 1)
