"""Chinese for search."""

CHINESE: dict[str, str] = {
    "search settings of a training on a budget of tokens": "在给定的词元预算内搜索训练设置",
    "try settings of fine-tuning in short trainings, give up bad ones, and say which were best": (
        "用短训练尝试微调设置，提前放弃差的，给出最好的一组"
    ),
    "how many settings are tried (default 16)": "尝试多少组设置（默认 16）",
    "nothing is searched": "没有要搜索的设置",
    "Name a setting and its range, such as --set search.learning_rate=1e-4:1e-2.": (
        "请写明设置及其范围，例如 --set search.learning_rate=1e-4:1e-2。"
    ),
    "search.{name}={text} is no range": "search.{name}={text} 不是范围",
    "Expected LOW:HIGH with LOW below HIGH, such as 1e-4:1e-2, or choices, such as 8|16|32.": (
        "应为 下限:上限（下限小于上限），例如 1e-4:1e-2；或若干选项，例如 8|16|32。"
    ),
    "danlu search needs the package optuna": "danlu search 需要 optuna 包",
    "pip install 'danlu[search]'": "pip install 'danlu[search]'",
    "none of {count} trials was finished: {problem}": "{count} 次试验无一完成：{problem}",
    "Search lower learning rates.": "请搜索更低的学习率。",
    "{path} has {count} conversations, too few to hold some out for scoring": "{path} 有 {count} 段对话，不足以留出一部分用于评分",
    "Add conversations, or raise finetune.sequence_tokens.": "请增加对话，或调大 finetune.sequence_tokens。",
    "search: finetune.{name} cannot be {value!r}": "search：finetune.{name} 不能为 {value!r}",
    "The settings are: {names}.": "可用的设置有：{names}。",
    "no conversation fits into the {tokens} tokens of a trial": "一次试验的 {tokens} 个词元容不下任何一段对话",
    "Raise finetune.max_train_tokens.": "请调大 finetune.max_train_tokens。",
    "trial": "试验",
}

STORED: dict[str, str] = {
    "best: {options}, {score} held-out nats per token": "最佳：{options}，留出数据每词元 {score} nat",
    "trials": "试验",
    "done": "完成",
    "given up": "放弃",
    "failed": "失败",
}
