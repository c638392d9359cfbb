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


def test_japanese_with_many_characters_is_not_chinese() -> None:
    assert not is_chinese("設定画面の管理者権限を確認してください")
