"""Chinese for tokenize and the feed of pretraining."""

CHINESE: dict[str, str] = {
    "write documents as token ids, ready for pretraining": "把文档写成词元编号，供预训练使用",
    "a folder with tokenizer.json: what `danlu tokenizer` wrote, or a checkpoint": (
        "含 tokenizer.json 的文件夹：`danlu tokenizer` 写出的文件夹，或检查点"
    ),
    "IN is a file of conversations: written as a chat model learns them, with the loss on replies alone": (
        "IN 是对话文件：按对话模型训练时的样子写出，只有答复计入损失"
    ),
    "--chats reads one file of conversations, and {count} were given": "--chats 只读一个对话文件，这里给了 {count} 个",
    "Name a folder that `danlu tokenizer` wrote, or a checkpoint.": "请指定 `danlu tokenizer` 写出的文件夹，或检查点。",
    "The tokenizer in {folder} has no special token {tokens} to end a document with": (
        "{folder} 中的分词器没有可用来结束文档的特殊词元 {tokens}"
    ),
    "Name one of its special tokens: --set tokenize.end_token=… It has: {special}.": (
        "请指定它的一个特殊词元：--set tokenize.end_token=…。它有：{special}。"
    ),
    "{junk} of {input} documents in {language} take more than {bound:g} tokens for a character: the tokenizer does not know their script": (
        "{input} 篇 {language} 文档中有 {junk} 篇每个字符要用 {bound:g} 个以上的词元：分词器不认识这些文字"
    ),
    "Train one on such texts (`danlu tokenizer`), or raise tokenize.max_tokens_per_character.": (
        "请用这类文本训练分词器（`danlu tokenizer`），或提高 tokenize.max_tokens_per_character。"
    ),
    "None of {input} documents has any text": "{input} 篇文档都没有文字",
    "All of {input} conversations are longer than {max_tokens} tokens": "{input} 段对话都超过 {max_tokens} 个词元",
    "Raise tokenize.max_tokens.": "请提高 tokenize.max_tokens。",
    "Look at what was collected.": "请查看收集到的内容。",
    "{folder} has no token shards": "{folder} 中没有词元分片",
    "Make them again: `danlu tokenize IN --tokenizer DIR --out DIR`.": (
        "请重新生成：`danlu tokenize IN --tokenizer DIR --out DIR`。"
    ),
    "{path} is damaged: {found} bytes, and {size} were written": "{path} 已损坏：现有 {found} 字节，写入时为 {size} 字节",
    "There is no document to pack": "没有可装入序列的文档",
    "Token shards with at least one document are expected.": "词元分片中至少要有一篇文档。",
    "A document without tokens cannot be packed": "没有词元的文档不能装入序列",
    "`danlu tokenize` rejects empty documents.": "`danlu tokenize` 会拒收空文档。",
    "A corpus has the weight {weight}": "有一个语料的权重为 {weight}",
    "Expected a number above 0: leave a corpus out instead.": "应为大于 0 的数；不需要的语料请不要列出。",
    "There is no corpus to train on": "没有可训练的语料",
    "Name at least one folder of token shards.": "请至少指定一个词元分片文件夹。",
    "The corpora {first} and {other} were tokenized by different tokenizers": "语料 {first} 与 {other} 用了不同的分词器",
    "Tokenize both with the same one: `danlu tokenize IN --tokenizer DIR --out DIR`.": (
        "请用同一个分词器处理：`danlu tokenize IN --tokenizer DIR --out DIR`。"
    ),
    "The corpus {name} has {rows} rows and would be read {epochs:.1f} times, more than max_epochs = {max_epochs:g}": (
        "语料 {name} 有 {rows} 个序列，要读 {epochs:.1f} 遍，超过 max_epochs = {max_epochs:g}"
    ),
    "Train fewer steps, give it a smaller weight or more documents, or raise max_epochs.": (
        "请减少步数、降低它的权重、增加它的文档，或提高 max_epochs。"
    ),
}

STORED: dict[str, str] = {
    "tokens per character": "每字符词元数",
    "{number} tokens per character": "每字符 {number} 个词元",
    "{number} characters of white space": "{number} 个空白字符",
    "{number} characters without a token": "{number} 个没有词元的字符",
    "a character": "一个字符",
    "{number} bytes per token": "每词元 {number} 字节",
    "{number} tokens": "{number} 个词元",
    "tokens learnt": "计入损失的词元",
    "tokens of other languages": "其他语言的词元",
    "tokens {language}": "{language} 词元",
}
