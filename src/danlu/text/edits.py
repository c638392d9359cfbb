"""How many slips of the hand lie between two words (Damerau 1964, doi 10.1145/363958.363994).

A slip is a letter left out, put in or taken for another, or two neighbours swapped; no place is touched twice (optimal string
alignment), which is a little more than the least number and much faster.
"""


def slips(one: str, other: str, most: int) -> int:
    """The number of slips from one word to the other; `most` + 1 stands for any number above `most`."""
    return slips_of_starts(one, other, most)[-1] if abs(len(one) - len(other)) <= most else most + 1


def slips_of_starts(one: str, other: str, most: int) -> list[int]:
    """The number of slips to the other word from each beginning of the one, from none of it to all of it, as `slips` gives them.

    Only lengths that differ by `most` at most can be near, so that no other cells of the table are worked out.
    """
    far, whole = most + 1, len(other)
    older: list[int] = []
    old = [min(place, far) for place in range(whole + 1)]
    found = [old[-1]]
    for at, letter in enumerate(one, 1):
        new = [min(at, far)] + [far] * whole
        for place in range(max(1, at - most), min(whole, at + most) + 1):
            theirs = other[place - 1]
            least = min(old[place] + 1, new[place - 1] + 1, old[place - 1] + (letter != theirs), far)
            if at > 1 < place and letter == other[place - 2] and one[at - 2] == theirs:
                least = min(least, older[place - 2] + 1)
            new[place] = least
        if min(new) > most and min(old) > most:
            return found + [far] * (len(one) - at + 1)
        older, old = old, new
        found.append(new[-1])
    return found
