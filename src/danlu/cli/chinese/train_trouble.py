"""What is said of trainings that a machine or a model stops, in Chinese."""

CHINESE = {
    "a file could not be written: {problem}": "无法写入文件：{problem}",
    "What was finished is kept, the last whole checkpoint too: run the same again when that is mended.": "已完成的部分都保留，最后一个完整的检查点也在：解决之后重新运行同一命令即可继续。",
    "the disk took less than was written": "磁盘写入的数据少于应写入的",
    "the checkpoint after step {step} could not be written: {problem}": "第 {step} 步之后的检查点无法写入：{problem}",
    "The last good checkpoint is kept: make room, and run the same again to go on.": "最后一个完好的检查点保留着：腾出空间后重新运行同一命令即可继续。",
    "memory ran out: {problem}": "内存不足：{problem}",
    "What was finished is kept: run the same again with more memory, or take a smaller model or shorter rows.": "已完成的部分都保留：请用更大的内存重新运行同一命令，或改用更小的模型、更短的数据行。",
    "stopped by SIGTERM": "被 SIGTERM 停止",
    "What was finished is kept: run the same again to go on.": "已完成的部分都保留：重新运行同一命令即可继续。",
    "the model's odds of the next token are no numbers": "模型给出的下一个词元的概率不是数值",
    "Lower align.learning_rate, or take another base where they never were. The checkpoints of the steps before are kept.": "请调小 align.learning_rate；若一开始就不是数值，请换一个基座模型。之前各步的检查点都保留。",
    "{setting} is {tokens}, and {folder} reads {most} tokens at most": "{setting} 为 {tokens}，而 {folder} 最多能读 {most} 个词元",
    "Lower it: --set {setting}={most}": "请调小：--set {setting}={most}",
    "{folder}: its weights have other shapes than its config.json says": "{folder}：权重的形状与其 config.json 所述不符",
    "Take both from where the model comes from.": "请从模型的来源处同时取得这两者。",
    "{folder} has weights that are no numbers: {name}": "{folder} 中有不是数值的权重：{name}",
    "The training that made it diverged, or the file is damaged: take an earlier checkpoint.": "产生它的训练已发散，或文件已损坏：请改用更早的检查点。",
}

STORED = {
    "without a clean window": "前面没有完整的正常窗口",
    "pairs cut": "被截断的配对",
    "rows": "行",
    "rows learnt": "学过的行",
    "rows not reached": "未及学到的行",
    "documents cut": "被切开的文档",
}
