"""Chinese for prediction, probes and preflight."""

CHINESE: dict[str, str] = {
    "{path} does not state the sizes of a language model": "{path} 没有写明语言模型的尺寸",
    "Its layers, hidden size, attention heads and vocabulary are needed.": "需要层数、隐藏维度、注意力头数和词表大小。",
    "the trial steps before the training were ended by signal {signal}: memory may be short": (
        "训练前的试跑被信号 {signal} 终止：可能内存不足"
    ),
    "Set a smaller micro-batch, such as --set finetune.micro_batch_tokens=128.": (
        "请调小微批，例如 --set finetune.micro_batch_tokens=128。"
    ),
    "the trial steps before the training failed: {problem}": "训练前的试跑失败：{problem}",
    "this training needs about {needed} GB of memory, and {room} GB are free": (
        "这次训练约需 {needed} GB 内存，而空闲的有 {room} GB"
    ),
    "No setting makes it fit: take a smaller base model, or a machine with more memory.": (
        "改设置也放不下：请用更小的基座模型，或内存更大的机器。"
    ),
    "The nearest that fits: {settings}": "放得下的最接近的设置：{settings}",
    "this training needs about {needed} GB of disk, and {folder} has {free} GB": (
        "这次训练约需 {needed} GB 磁盘，而 {folder} 只有 {free} GB"
    ),
    "Free space, or name a folder on another disk.": "请腾出空间，或改用其他磁盘上的文件夹。",
    "{count} checkpoints fit: keep fewer, or free space.": "放得下 {count} 个检查点：请少留几个，或腾出空间。",
}
