"""What danlu says in Chinese, by the English template in the code."""

CHINESE: dict[str, str] = {}
