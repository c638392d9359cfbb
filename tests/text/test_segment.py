import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.text.segment import bigrams, fold, terms, words


@pytest.mark.parametrize(
    ("text", "identifier"),
    [
        ("run apt-get update", "apt-get"),
        ("edit /etc/fstab first", "etc/fstab"),
        ("使用apt-get安装", "apt-get"),
        ("在/etc/network/interfaces中", "etc/network/interfaces"),
        ("error E-1042.", "e-1042"),
        ("write to root@example.org now", "root@example.org"),
        ("version 2.6.32-5", "2.6.32-5"),
        ("in C++ and C#", "c++"),
        ("in C++ and C#", "c#"),
        ("foo_1.0.dsc", "foo_1.0.dsc"),
        ("http://deb.debian.org/debian", "http://deb.debian.org/debian"),
        ("型号 ＴＷ－２００ 的", "tw-200"),
    ],
)
def test_identifiers_stay_whole(text: str, identifier: str) -> None:
    assert identifier in terms(text)


def test_words_of_other_scripts_are_whole_with_their_identifiers() -> None:
    assert terms("이메일@회사.kr") == ["이메일@회사.kr", "이메일", "회사", "kr"]
    assert terms("ꥠ@0") == ["ꥠ@0", "ꥠ", "0"]


def test_parts_of_an_identifier_are_found_beside_it() -> None:
    assert terms("apt-get") == ["apt-get", "apt", "get"]
    assert set(terms("network interfaces")) < set(terms("/etc/network/interfaces"))


def test_english_is_stemmed_in_terms_and_whole_in_words() -> None:
    assert terms("installing installed installs") == ["instal"] * 3
    assert words("Installing") == ["installing"]


def test_stop_words_are_no_terms() -> None:
    assert terms("How do I do this?") == []
    assert terms("有什么？") == []


def test_chinese_is_cut_into_words_and_pairs() -> None:
    assert "软件包" in terms("如何安装软件包？")
    assert bigrams("安装软件包") == ["安装", "装软", "软件", "件包"]
    assert bigrams("装 x 件") == []


def test_width_and_case_do_not_matter() -> None:
    assert terms("ＡＰＴ－ＧＥＴ Update") == terms("apt-get update")
    assert fold("Ｄebian") == "debian"


@given(st.text())
def test_any_text_has_terms_without_spaces(text: str) -> None:
    for term in terms(text) + bigrams(text) + words(text):
        assert term
        assert not any(character.isspace() for character in term)


@given(st.text(st.characters(categories=["Lo", "Ll", "Lu", "Nd", "Po", "Zs"])))
def test_terms_do_not_change_when_text_is_folded_first(text: str) -> None:
    folded = terms(fold(text))
    assert terms(text)[: len(folded)] == folded or fold(fold(text)) != fold(text)  # parts of camelCase names come last


def test_parts_of_names_in_camel_case_and_with_underscores_are_found() -> None:
    assert terms("getUserName") == ["getusernam", "get", "user", "name"]
    assert {"xml", "http", "request"} < set(terms("an XMLHttpRequest"))
    assert set(terms("max tokens")) < set(terms("max_tokens"))
    assert terms("IPv6Address") == ["ipv6address", "ipv6", "address"]
    assert terms("useTLSv1 IPv6 X509Certificate") == [
        "usetlsv1",
        "ipv6",
        "x509certif",
        "use",
        "tlsv1",
        "x509",
        "certif",
    ]
    assert terms("H2O B2B OAuth2Token") == ["h2o", "b2b", "oauth2token", "auth2", "token"]
    assert terms("aBcDeFgHiJkLmNoPqRsTuV") == ["abcdefghijklmnopqrstuv"]


def test_traditional_chinese_has_the_terms_of_simplified() -> None:
    assert terms("如何設定網路卡？") == terms("如何设定网路卡？")
    assert bigrams("網路卡") == bigrams("网路卡")
    assert words("網路")[0] == "網路"


@given(st.text(st.sampled_from("安装软件包的了是如何为什么x -，1")))
def test_bigrams_are_the_pairs_of_each_run_but_for_those_that_say_nothing(text: str) -> None:
    runs = "".join(character if "\u4e00" <= character <= "\u9fff" else " " for character in text).split()
    pairs = [run[at : at + 2] for run in runs for at in range(len(run) - 1)]
    silent = {"如何", "什么", "为何"}
    assert bigrams(text) == [pair for pair in pairs if pair not in silent and not set(pair) & set("的了是么什")]
