"""Chinese for private training."""

CHINESE: dict[str, str] = {
    "{rows} conversations are too few to hide one among": "{rows} 段对话太少，无法在其中隐藏任何一段",
    "Add conversations: {least} at least.": "请增加对话：至少 {least} 段。",
    "privacy.delta is {delta}, and with {rows} conversations it must be below {bound}": (
        "privacy.delta 为 {delta}，而对话有 {rows} 段，必须小于 {bound}"
    ),
    "With more, publishing one whole conversation would count as private.": "否则连公开一整段对话也算作满足隐私。",
    "method {method} cannot be trained privately": "方法 {method} 不能做隐私训练",
    "Take lora: gradients of single conversations are known of linear layers alone.": "请用 lora：只有线性层能求出单段对话的梯度。",
    "finetune.long_conversations=split makes several rows of one conversation, and privacy is counted by rows": (
        "finetune.long_conversations=split 会把一段对话拆成多行，而隐私按行计算"
    ),
    "Leave long conversations out, or raise finetune.sequence_tokens.": "请舍去过长的对话，或调大 finetune.sequence_tokens。",
    "finetune.{name} means nothing in private training": "finetune.{name} 在隐私训练中不起作用",
    "privacy.steps and privacy.expected_rows say how much is learnt.": "学多少由 privacy.steps 和 privacy.expected_rows 决定。",
    "Private training is done by one process": "隐私训练只能由一个进程完成",
    "Leave out --processes.": "请去掉 --processes。",
    "--{name} and private training exclude each other": "--{name} 与隐私训练不能同时使用",
    "No loss of it is told, no step of it is tried before, and one process does it: leave the option out.": (
        "隐私训练不报告损失，不预先试跑任何一步，只用一个进程：请去掉这个选项。"
    ),
    "--adapter and private training exclude each other": "--adapter 与隐私训练不能同时使用",
    "What the adapter learnt before would not be counted: begin anew, without --adapter.": (
        "适配器此前学到的内容不在核算之内：请不带 --adapter 重新开始。"
    ),
    "bound what the model may give away of any one conversation: 1 is strong, 8 usual (differential privacy)": (
        "限制模型可能泄露任何一段对话的程度：1 为强，8 常用（差分隐私）"
    ),
    "Private training needs the package opacus": "隐私训练需要 opacus 包",
    "pip install 'danlu[private]'": "pip install 'danlu[private]'",
}

STORED: dict[str, str] = {
    "private: epsilon {epsilon} at delta {delta} for each conversation; no loss is told": (
        "隐私：每段对话 ε 为 {epsilon}，δ 为 {delta}；不报告损失"
    ),
    "drawn from": "参与抽取",
}
