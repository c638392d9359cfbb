from danlu.text.frequency import RAREST, general_shares
from danlu.text.segment import terms


def test_shares_are_of_terms_in_both_languages() -> None:
    shares = general_shares()
    assert 0 < RAREST < min(shares.values()) < max(shares.values()) < 0.05
    for common, rare in (("people", "linker"), ("人们", "源码")):
        [often], [seldom] = terms(common), terms(rare)
        assert shares[often] > 10 * shares.get(seldom, RAREST)


def test_the_forms_of_a_word_count_together() -> None:
    from wordfreq import get_frequency_dict

    of_forms = get_frequency_dict("en", "small")
    [stem] = terms("install")
    assert general_shares()[stem] >= sum(of_forms[form] for form in ("install", "installed", "installing"))
