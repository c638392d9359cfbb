"""What danlu says of answers in a model's own words, in Chinese."""

CHINESE: dict[str, str] = {
    "{path} has the labels {labels}, and none of them is entailment": "{path} 的标签是 {labels}，其中没有 entailment（蕴含）",
    "A model for natural language inference has the labels entailment, neutral and contradiction.": (
        "自然语言推断模型的标签是 entailment（蕴含）、neutral（中立）和 contradiction（矛盾）。"
    ),
    "answers in the model's own words, each sentence held against what it cites": "模型自己措辞的回答，逐句与所引出处核对",
    "sentences": "句数",
    "supported": "有依据",
    "answers left": "剩余回答",
    "may answer": "可以作答",
    "yes": "是",
    "no": "否",
}
