"""Chinese for prediction, probes and preflight."""

CHINESE: dict[str, str] = {
    "{path} does not state the sizes of a language model": "{path} 没有写明语言模型的尺寸",
    "Its layers, hidden size, attention heads and vocabulary are needed.": "需要层数、隐藏维度、注意力头数和词表大小。",
    "the trial steps before the training were ended by signal {signal}: memory may be short": (
        "训练前的试跑被信号 {signal} 终止：可能内存不足"
    ),
    "Let fewer rows through the model at once, such as by --set finetune.micro_batch_tokens=128 or --set classify.micro_batch_tokens=512.": (
        "请让更少的行同时通过模型，例如 --set finetune.micro_batch_tokens=128 或 --set classify.micro_batch_tokens=512。"
    ),
    "the trial steps before the training failed: {problem}": "训练前的试跑失败：{problem}",
    "this training needs about {needed} of memory, and {room} are free": (
        "这次训练约需 {needed} 内存，而空闲的有 {room}"
    ),
    "No setting makes it fit: take a smaller model, or a machine with more memory.": (
        "改设置也放不下：请用更小的模型，或内存更大的机器。"
    ),
    "The nearest that fits: {settings}": "放得下的最接近的设置：{settings}",
    "this training needs about {needed} of disk, and {folder} has {free}": (
        "这次训练约需 {needed} 磁盘，而 {folder} 只有 {free}"
    ),
    "Free space, or name a folder on another disk.": "请腾出空间，或改用其他磁盘上的文件夹。",
    "{total} {what}: {said}": "{what} {total}：{said}",
    "the first example": "第一个样本",
    "{what}:": "{what}：",
    "{what}; what stands in ⟦ ⟧ is learnt:": "{what}；⟦ ⟧ 中的内容会被学习：",
    "{what}; what is green is learnt, what is bold is a control token:": ("{what}；绿色的会被学习，粗体的是控制词元："),
    "{steps} steps of {tokens} tokens at most in all; how long they take cannot be told before: another library trains": (
        "{steps} 步，总共至多 {tokens} 个词元；耗时无法预先得知：训练由另一个库完成"
    ),
    "the first example, which is to be told as {labels}": "第一个样本，应判为 {labels}",
    "none of the labels": "不属于任何标签",
    "the first example, in which is to be found: {labels}": "第一个样本，应从中找出：{labels}",
    "nothing": "无",
    "the first example, whose answer is to be pointed at; the first token stands for none": (
        "第一个样本，应指出其中的答案；首个词元表示没有答案"
    ),
    "the first query": "第一个查询",
    "the passage that answers it, to which it is drawn": "回答它的段落，向其靠近",
    "a passage that does not, from which it is pushed": "不回答它的段落，与其远离",
    "the first query with the passage that answers it, which must score highest": "第一个查询及回答它的段落，得分应最高",
    "the same query with a passage that does not": "同一查询及不回答它的段落",
    "the first example, source and target": "第一个样本，源与目标",
    "the first prompt; {count} replies to it are sampled and scored": "第一个提示词；对它采样 {count} 个回复并打分",
    "the first example, a good reply, which becomes likelier": "第一个样本，好的回复，概率会提高",
    "the first example, a bad reply, which becomes less likely": "第一个样本，差的回复，概率会降低",
    "the first example, a good reply, which must score higher": "第一个样本，好的回复，得分应更高",
    "the first example, a bad reply, which must score lower": "第一个样本，差的回复，得分应更低",
    "used / predicted: memory {memory} / {memory_then} ({memory_ratio})": (
        "实际 / 预测：内存 {memory} / {memory_then}（{memory_ratio}）"
    ),
    "by formula {memory} of memory ({room} are free) and {disk} of disk ({disk_room} are free)": (
        "按公式需内存 {memory}（空闲 {room}）、磁盘 {disk}（空闲 {disk_room}）"
    ),
    "predicted: {steps} steps, {tokens} tokens, {wall} ({cpu} of the processor), {memory} of memory, {disk} of disk": (
        "预测：{steps} 步，{tokens} 个词元，{wall}（处理器时间 {cpu}），内存 {memory}，磁盘 {disk}"
    ),
    "used / predicted: {wall} / {wall_then} ({wall_ratio}), processor {cpu} / {cpu_then} ({cpu_ratio}), memory {memory} / {memory_then} ({memory_ratio})": (
        "实际 / 预测：{wall} / {wall_then}（{wall_ratio}），处理器 {cpu} / {cpu_then}（{cpu_ratio}），内存 {memory} / {memory_then}（{memory_ratio}）"
    ),
    "{count} s": "{count} 秒",
    "{count} min": "{count} 分钟",
    "{count} h": "{count} 小时",
    "trying some steps, to tell what it will take": "正在试跑几步，以便说明训练需要多少资源",
    "trying some steps, to tell how much fits into {time}": "正在试跑几步，以便说明 {time} 内能学多少",
    "checked: nothing was trained": "检查完毕：没有训练",
    "{time} are {tokens} tokens; exactly the same again, however fast the machine is: --set {setting}": (
        "{time} 相当于 {tokens} 个词元；无论机器快慢，要得到完全相同的结果：--set {setting}"
    ),
    "the data end before: all passes over them are {tokens} tokens": "数据先用完：所有轮次共 {tokens} 个词元",
    "--minutes {minutes} is no time": "--minutes {minutes} 不是时间",
    "For example: --minutes 30": "例如：--minutes 30",
    "--minutes and --set {name}=… both say how much is learnt": "--minutes 与 --set {name}=… 都规定了学习的量",
    "Leave one of them out.": "请去掉其中一个。",
    "what {stage} takes cannot be foreseen": "无法预知 {stage} 需要多少资源",
    "Leave out --check and --minutes.": "请去掉 --check 和 --minutes。",
    "{time} are too short: starting, measuring and saving alone take {least}": (
        "{time} 太短：仅启动、评测与保存就需要 {least}"
    ),
    "Give more minutes, or take a smaller model or fewer held-out tokens.": (
        "请给更多时间，或用更小的模型、更少的留出词元。"
    ),
    "{option} tries steps in one process, which says nothing of {count}": (
        "{option} 在一个进程中试跑，不能说明 {count} 个进程的情况"
    ),
    "Leave out --processes; what they need of memory is told and checked before every training.": (
        "请去掉 --processes；各进程所需内存在每次训练前都会说明并检查。"
    ),
    "try some steps, say what time, memory and disk the training will take, and end before it": (
        "试跑几步，说明训练需要的时间、内存和磁盘，然后在训练前结束"
    ),
    "train on as many tokens as fit into this time: measured once, before the first step, and said": (
        "按这段时间内能学完的词元数训练：在第一步之前测量一次并说明"
    ),
}

STORED: dict[str, str] = {"rows": "行", "queries": "查询"}
