import pytest

from danlu.text.language import answer_language, document_language, is_chinese

ENGLISH = "The system administrator installs the package and restarts the service afterwards."


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("如何用 apt-get 安装软件包？", "zh"),
        ("怎么装？", "zh"),
        ("How do I install a package?", "en"),
        ("apt-get", "en"),
        ("What does 软件包 mean where the manual of this system explains how to install one?", "en"),
        ("", "en"),
        ("12345", "en"),
    ],
)
def test_an_answer_is_in_the_language_of_the_question(text: str, language: str) -> None:
    assert answer_language(text) == language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (ENGLISH, "en"),
        ("Der Administrator installiert das Paket und startet danach den Dienst neu, wie im Handbuch steht.", "de"),
        ("管理员安装软件包之后，用 systemctl restart nginx.service 重启服务。", "zh"),
        ("パッケージをインストールするには、次のコマンドを実行してください。", "ja"),
        ("12 34 %%", "und"),
        ("", "und"),
    ],
)
def test_the_language_of_a_document_is_told(text: str, language: str) -> None:
    assert document_language(text) == language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("name, qty, price\nSeal, 3, 4.50\nBolt, 12, 0.30\nWasher, 100, 0.02", "und"),
        ("for i in range(10):\n    print(i)", "und"),
        ("const x = await fetch(url).then(r => r.json());", "und"),
        ("hello world, how are you doing", "en"),
        ("-a   all\n-l   long listing\n-h   human readable sizes", "en"),
        ("Lieferung kam zu spät an", "de"),
        ("La facture reste impayée", "fr"),
        ("Muy buen producto, llegó rápido", "es"),
        ("とても良い商品でした。", "ja"),
        ("Mae'r ci yn cyfarth yn uchel yn yr ardd ac mae'r gath yn cysgu ar y soffa.", "cy"),
        ("How una dey? Wetin dey happen for una side? Di pipol wey dey live for dis area don dey complain.", "pcm"),
    ],
)
def test_a_list_or_a_short_text_is_no_rare_language(text: str, language: str) -> None:
    assert document_language(text) == language


def test_japanese_with_many_characters_is_not_chinese() -> None:
    assert not is_chinese("設定画面の管理者権限を確認してください")
