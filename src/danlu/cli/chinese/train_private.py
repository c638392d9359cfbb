"""Chinese for private training."""

CHINESE: dict[str, str] = {
    "{rows} conversations are too few to hide one among": "{rows} 段对话太少，无法在其中隐藏任何一段",
    "Add conversations: {least} at least.": "请增加对话：至少 {least} 段。",
    "privacy.delta is {delta}, and with {rows} conversations it must be below {bound}": (
        "privacy.delta 为 {delta}，而对话有 {rows} 段，必须小于 {bound}"
    ),
    "With more, publishing one whole conversation would count as private.": "否则连公开一整段对话也算作满足隐私。",
    "Private training needs the package opacus": "隐私训练需要 opacus 包",
    "pip install 'danlu[private]'": "pip install 'danlu[private]'",
}
