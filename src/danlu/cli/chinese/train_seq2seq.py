"""Chinese for what `danlu head translate` and `danlu head summarise` say."""

CHINESE: dict[str, str] = {
    "fit a translation model to pairs of sentences, from a base or from nothing": "用句对训练翻译模型，可从基座开始，也可从零开始",
    "fit a model that summarises to pairs of texts and summaries": "用文本与摘要对训练摘要模型",
    "JSON Lines with source and target": "JSON Lines 文件，含 source 和 target",
    "instead: two text files, line n of one belongs to line n of the other": "或者：两个文本文件，各自的第 n 行互相对应",
    "an encoder-decoder checkpoint to start from: path:FOLDER; without it random weights and a vocabulary of their own": "起始的编码器—解码器检查点：path:文件夹；不给则用随机权重和自建词表",
    "The model {kind} does not say which token its decoder starts from": "模型 {kind} 没有说明解码器从哪个词元开始",
    "Set decoder_start_token_id in its config.json.": "请在其 config.json 中设置 decoder_start_token_id。",
    "Expected either --data FILE or --parallel SOURCES TARGETS": "应给出 --data FILE 或 --parallel SOURCES TARGETS（二者择一）",
    "For example: danlu head translate --data pairs.jsonl --out model": "例如：danlu head translate --data pairs.jsonl --out model",
    "{source} has {lines} lines and {target} has {others}": "{source} 有 {lines} 行，而 {target} 有 {others} 行",
    "Line n of one file must be the translation of line n of the other: look for a line break that only one has.": "一个文件的第 n 行必须是另一个文件第 n 行的译文：请查找只在一个文件中出现的换行。",
    "Name two text files after --parallel.": "请在 --parallel 后给出两个文本文件。",
    "{train} pairs to learn from and {held_out} to measure on: each side needs one": "用于学习的句对 {train} 个，用于衡量的 {held_out} 个：每一侧至少要有一个",
    "Give more pairs; the share that measures is text_pairs.held_out_share.": "请提供更多句对；用于衡量的比例由 text_pairs.held_out_share 设定。",
    "No target has {tokens} tokens or fewer": "没有不超过 {tokens} 个词元的目标文本",
    "Raise seq2seq.target_tokens, or give shorter targets.": "请调大 seq2seq.target_tokens，或提供更短的目标文本。",
    "{path} is no encoder-decoder model": "{path} 不是编码器—解码器模型",
    "Name a Marian, T5, BART or mBART checkpoint, or leave --base out and start from nothing.": "请指定 Marian、T5、BART 或 mBART 检查点，或去掉 --base 从零开始。",
    "The tokenizer has no {token}, which a masked language model needs": "分词器没有 {token}，而掩码语言模型需要它",
    "mask token": "掩码词元",
    "padding token": "填充词元",
    "Train it with the special tokens [MASK] and [PAD].": "请用特殊词元 [MASK] 和 [PAD] 训练分词器。",
    "The tokenizer has {sentinels} sentinels, end token {end}, padding token {pad}: span corruption needs all three": (
        "分词器有 {sentinels} 个哨兵词元，结束词元 {end}，填充词元 {pad}：片段破坏三者都需要"
    ),
    "Train it with the special tokens <pad>, </s> and <extra_id_0> to <extra_id_99>.": (
        "请用特殊词元 <pad>、</s> 以及 <extra_id_0> 至 <extra_id_99> 训练分词器。"
    ),
}

STORED: dict[str, str] = {
    "held-out BLEU {bleu}, chrF {chrf}; the source itself: chrF {baseline}": "留出集 BLEU {bleu}，chrF {chrf}；原文本身：chrF {baseline}",
    "held-out ROUGE-L {after}; the source's first words: {baseline}": "留出集 ROUGE-L {after}；原文开头部分：{baseline}",
    "pairs train": "训练句对",
    "pairs held_out": "留出句对",
    "pairs measured": "已衡量的句对",
    "targets too long": "目标过长",
    "sources cut": "被截断的原文",
    "parameters": "参数",
}
