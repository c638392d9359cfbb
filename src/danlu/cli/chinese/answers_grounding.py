"""What danlu says of answers in a model's own words, in Chinese."""

CHINESE: dict[str, str] = {
    "{path} has the labels {labels}, and none of them is entailment": "{path} 的标签是 {labels}，其中没有 entailment（蕴含）",
    "{path} holds no model for natural language inference: {problem}": "{path} 中没有自然语言推断模型：{problem}",
    "A model for natural language inference has the labels entailment, neutral and contradiction.": (
        "自然语言推断模型的标签是 entailment（蕴含）、neutral（中立）和 contradiction（矛盾）。"
    ),
    "answers in the model's own words, each sentence held against what it cites": "模型自己措辞的回答，逐句与所引出处核对",
    "Quoted, since the model that writes answers failed: {problem}": "改为引用原文，因为撰写回答的模型出错：{problem}",
    "  in the words of the model {name}; every sentence was held against the quote it cites": (
        "  由模型 {name} 措辞；每一句都已与所引原文核对"
    ),
    "the folder of a model for natural language inference": "自然语言推断模型的文件夹",
    "{name} learnt from documents that this key may not see": "{name} 学习过此密钥无权查看的文档",
    "{name} answers only keys that may see all it learnt from. One of each group: {groups}": (
        "{name} 只回答可查看其全部学习内容的密钥。每组至少属于其一：{groups}"
    ),
    "{path} was written by another version of danlu": "{path} 由另一版本的 danlu 写成",
    "sentences": "句数",
    "supported": "有依据",
    "answers left": "剩余回答",
    "may answer": "可以作答",
    "yes": "是",
    "no": "否",
}
