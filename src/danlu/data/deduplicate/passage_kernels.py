"""The kernels of danlu.data.deduplicate.passages; one file, since numba does not see changes elsewhere.

Letters in shapes: S runs of tokens, A anchors, D documents, T tokens, C passages that repeat.
"""

import numba


@numba.njit(nogil=True, cache=True)
def winnow(runs_S, starts_D, width, anchors_A, sizes_A):
    """The smallest of each `width` neighbouring runs of a text, the last of equal ones; returns how many there are.

    An anchor is written once for all the neighbours it is the smallest of, with how many groups of `width` these are.
    """
    count = 0
    for text in range(len(starts_D) - 1):
        start, end = starts_D[text], starts_D[text + 1]
        least = -1
        for last in range(start + width - 1, end):
            first = last - width + 1
            if least < first:
                least = first
                for at in range(first + 1, last + 1):
                    if runs_S[at] <= runs_S[least]:
                        least = at
            elif runs_S[last] <= runs_S[least]:
                least = last
            else:
                sizes_A[count - 1] += 1
                continue
            anchors_A[count], sizes_A[count] = runs_S[least], 1
            count += 1
    return count


@numba.njit(nogil=True, cache=True)
def settle(
    passages_T, starts_D, own_D, stays_D, first_place, length, least_left, witnesses_C, matches_T, left_D, goes_D
):
    """Decide from the first document to the last which passages go, and which documents with too little left.

    `passages_T` numbers the passage of `length` tokens that begins at a token, 0 for one that stands once. `witnesses_C` says where a
    passage stands in text that stays (-1: nowhere yet), counted in tokens of the corpus; this batch begins at `first_place`.
    `own_D` is how many tokens of a document no other rule cuts. Where a passage goes, `matches_T` gets its witness.
    """
    for document in range(len(starts_D) - 1):
        start, end = starts_D[document], starts_D[document + 1]
        cut, covered_to, covered = -1, start, 0
        for token in range(start, end + 1):
            # What ends before this token stays when no passage that goes reaches into it.
            before = token - length
            stays = before >= start and passages_T[before] and (cut < 0 or cut <= before - length)
            if stays and witnesses_C[passages_T[before]] < 0:
                witnesses_C[passages_T[before]] = first_place + before
            if token < end and passages_T[token] and witnesses_C[passages_T[token]] >= 0:
                matches_T[token] = witnesses_C[passages_T[token]]
                covered += token + length - max(token, covered_to)
                cut, covered_to = token, token + length
        left_D[document] = own_D[document] - covered
        if not covered or left_D[document] >= least_left:
            continue
        goes_D[document] = not stays_D[document]
        for token in range(start, end):
            passage = passages_T[token]
            matches_T[token] = -1
            if passage and stays_D[document] and witnesses_C[passage] < 0:
                witnesses_C[passage] = first_place + token
            elif passage and not stays_D[document] and first_place + start <= witnesses_C[passage] < first_place + end:
                witnesses_C[passage] = -1
