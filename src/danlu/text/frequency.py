"""How often words stand in text at large, Chinese and English: what a corpus's own words are told apart by.

Shares are wordfreq's (Speer 2022, doi 10.5281/zenodo.7199437): Wikipedia, subtitles, news, books and web up to 2021. Its
short lists end at one in a million words; a word that they lack is rarer.
"""

from collections import defaultdict

from danlu.text.segment import terms

RAREST = 1e-7
"""Share of a word that the lists do not hold."""


def general_shares() -> dict[str, float]:
    """Share of running words of each term, 0 to 1: of a stem, that of all its forms; the larger one where languages share it."""
    from wordfreq import get_frequency_dict

    shares: dict[str, float] = {}
    for language in ("en", "zh"):
        own: dict[str, float] = defaultdict(float)
        for word, share in get_frequency_dict(language, "small").items():
            found = terms(word)
            if len(found) == 1:
                own[found[0]] += share
        shares |= {term: max(share, shares.get(term, 0.0)) for term, share in own.items()}
    return shares
