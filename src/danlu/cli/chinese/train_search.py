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
    "search: {stage}.{name} cannot be {value!r}": "search：{stage}.{name} 不能为 {value!r}",
    "pretrain.max_train_tokens is not set: it is what one trial may take": "没有设置 pretrain.max_train_tokens：它是一次试验可用的词元数",
    "For example: --set pretrain.max_train_tokens=500000": "例如：--set pretrain.max_train_tokens=500000",
    "search.layers and --base exclude each other": "search.layers 与 --base 不能同时使用",
    "A model that is gone on with has its shape: leave out one of the two.": "继续训练的模型形状已定：请去掉其中之一。",
    "try settings of pretraining in short trainings of equal cost, give up bad ones, and say which were best": (
        "用成本相同的短训练尝试预训练设置，提前放弃差的，给出最好的一组"
    ),
    "The settings are: {names}.": "可用的设置有：{names}。",
    "no conversation fits into the {tokens} tokens of a trial": "一次试验的 {tokens} 个词元容不下任何一段对话",
    "Raise finetune.max_train_tokens.": "请调大 finetune.max_train_tokens。",
    "trial": "试验",
}

STORED: dict[str, str] = {
    "best: {options}, {score} {unit} held out": "最佳：{options}，留出数据 {score} {unit}",
    "bits per byte": "每字节比特数",
    "nats per token to be told": "每个待猜词元的 nat",
    "trials": "试验",
    "done": "完成",
    "given up": "放弃",
    "failed": "失败",
}
