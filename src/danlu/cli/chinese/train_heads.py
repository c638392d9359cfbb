"""Chinese for head classify, tag, span, apply."""

CHINESE: dict[str, str] = {
    "train a small model for one task: classes, entities, answers and more": "为一项任务训练小模型：分类、实体、答案等",
    "train a classifier of texts on an encoder, and measure it on rows that it did not see": (
        "在编码器上训练文本分类器，并用未见过的行评测"
    ),
    'JSON Lines with {"text", "label"} or {"text", "labels": [...]}, or CSV with text,label': (
        'JSON Lines，每行为 {"text", "label"} 或 {"text", "labels": [...]}；或含 text,label 两列的 CSV'
    ),
    "train a tagger that finds entities in texts": "训练在文本中找出实体的标注器",
    'JSON Lines with {"tokens", "tags"} in BIO, or {"text", "entities": [{"start", "end", "label"}]}': (
        'JSON Lines，每行为 BIO 标注的 {"tokens", "tags"}，或 {"text", "entities": [{"start", "end", "label"}]}'
    ),
    "train a reader that points at the answer in a text": "训练在文本中指出答案的阅读器",
    'JSON Lines with {"context", "question", "answers": [{"start", "text"}]}': (
        'JSON Lines，每行为 {"context", "question", "answers": [{"start", "text"}]}'
    ),
    "say what a trained head finds in each row of a file, as JSON Lines": "用训练好的头处理文件的每一行，以 JSON Lines 输出结果",
    "a folder that classify, tag or span wrote": "classify、tag 或 span 写出的文件夹",
    "rows as in training; labels are not needed": "与训练数据同样形式的行；不需要标签",
    "folder of an encoder as save_pretrained writes it": "编码器的文件夹，形式如 save_pretrained 所写",
    "rows to measure on; without it some of the data are parted off for that": "用于评测的行；不给出时从数据中划出一部分",
    "accuracy {accuracy:.1%} (95 %: {accuracy_low:.1%} to {accuracy_high:.1%}) on {rows} rows; macro F1 {macro_f1:.3f}": (
        "{rows} 行上的准确率 {accuracy:.1%}（95 % 区间：{accuracy_low:.1%} 至 {accuracy_high:.1%}）；宏平均 F1 {macro_f1:.3f}"
    ),
    "calibration error {before:.3f}, and {after:.3f} with the temperature {temperature:.2f}": (
        "校准误差 {before:.3f}，用温度 {temperature:.2f} 后为 {after:.3f}"
    ),
    "demographic parity gap": "人口均等差距",
    "equalised odds gap": "机会均等差距",
    "without debiasing": "去偏前",
    "with": "去偏后",
    "label": "标签",
    "precision": "精确率",
    "recall": "召回率",
    "held out": "留出",
    "and {count} more in report.json": "另有 {count} 个，见 report.json",
    "{rejected} rows were not judged: see their `rejected`": "{rejected} 行未作判断：见其 `rejected` 字段",
    "{path} and {held_out} differ: one has label, the other labels": "{path} 与 {held_out} 不一致：一个用 label，另一个用 labels",
    "Write both files in one form.": "请把两个文件写成同一种形式。",
    "No training row has the label {label}": "没有任何训练行带有标签 {label}",
    "Add rows with it, take it out of the data, or give a file of held-out rows, so that none are parted off.": (
        "请增加带有该标签的行，或从数据中去掉它，或另给一个留出文件，从而不再划出行。"
    ),
    "a text": "一段文本",
    "a label: text or a whole number": "一个标签：文本或整数",
    "a list of different labels, which may be empty": "互不相同的标签的列表，可以为空",
    "the value of the attribute that debias_field names": "debias_field 所指属性的值",
    "{path}: all {rows} rows have the label {label}": "{path}：全部 {rows} 行的标签都是 {label}",
    "A classifier needs rows of two labels at least.": "分类器至少需要两种标签的行。",
    "Name a JSON Lines or CSV file.": "请给出 JSON Lines 或 CSV 文件。",
    "Expected a first line such as text,label and rows below it.": "第一行应为列名，如 text,label，其下为数据行。",
    "{path} has no rows": "{path} 没有数据行",
    "{path}:{line}: no CSV: {problem}": "{path}:{line}：不是 CSV：{problem}",
    "Put values with line breaks or quotation marks into quotation marks, and double those inside.": (
        "请把含换行或引号的值放在引号内，其中的引号写两遍。"
    ),
    "{where}: not as many values as the first line has names, which are parted by {delimiter}": (
        "{where}：值的个数与第一行的列名个数不同，列名以{delimiter}分隔"
    ),
    "Put values that hold the delimiter into quotation marks.": "请把含分隔符的值放在引号内。",
    "{path} has the columns {columns}, parted by {delimiter}: expected {needed}": (
        "{path} 的列为 {columns}，以{delimiter}分隔：应有 {needed}"
    ),
    "Call them so in the first line: the text to read, and what it is.": "请在第一行这样命名各列：要读的文本，以及它的类别。",
    "commas": "逗号",
    "semicolons": "分号",
    "tabs": "制表符",
    "bars": "竖线",
    "validation_share + test_share is {measures:g}": "validation_share 与 test_share 之和为 {measures:g}",
    "Expected less than 0.9: something must train.": "应小于 0.9：要有用于训练的行。",
    "{folder}: the tokenizer has no tokenizer.json with a padding or an end token": (
        "{folder}：分词器没有带填充符或结束符的 tokenizer.json"
    ),
    "An encoder with a fast tokenizer is expected, as save_pretrained writes it.": "需要带快速分词器的编码器，形式如 save_pretrained 所写。",
    "Expected {expected}.": "应为：{expected}。",
    "{where}: {field} is {value}": "{where}：{field} 为 {value}",
    "{where}: {field} is missing: the row has the columns {columns}": "{where}：缺少 {field}：该行的列为 {columns}",
    "Expected {expected}. Call the column {field}.": "应为：{expected}。请把该列命名为 {field}。",
    "{where}: the label {label} is none of those that are declared": "{where}：标签 {label} 不在声明的标签之中",
    "Did you mean {nearest}? Declared: {declared}.": "是否想写 {nearest}？已声明：{declared}。",
    "{folder} lacks weights: {names}": "{folder} 缺少权重：{names}",
    "Name a folder that `danlu head` classify, tag or span wrote.": "请给出 `danlu head` classify、tag 或 span 写出的文件夹。",
    "{folder} has no {name}: {what}": "{folder} 没有 {name}：{what}",
    "it is no head": "它不是任务头",
    "it is a language model, which can be the --base of danlu finetune or danlu head": (
        "它是语言模型，可作为 danlu finetune 或 danlu head 的 --base"
    ),
    "it is an anomaly head, which danlu head find-anomalies uses": "它是异常检测头，由 danlu head find-anomalies 使用",
    "it is an embedding model, which transformers and sentence-transformers load": (
        "它是嵌入模型，可用 transformers 和 sentence-transformers 加载"
    ),
    "it is a reranker, which AutoModelForSequenceClassification of transformers loads": (
        "它是重排模型，可用 transformers 的 AutoModelForSequenceClassification 加载"
    ),
    "it translates or summarises: AutoModelForSeq2SeqLM of transformers loads it": (
        "它用于翻译或摘要，可用 transformers 的 AutoModelForSeq2SeqLM 加载"
    ),
    "{folder}: {count} weights of the encoder are missing or of another shape, such as {name}": (
        "{folder}：编码器有 {count} 个权重缺失或形状不符，例如 {name}"
    ),
    "The weights do not belong to config.json, or the download is not whole.": "权重与 config.json 不相配，或下载不完整。",
    "{folder}: a model of type {type} has no head for {task} in Transformers": "{folder}：Transformers 没有为 {type} 类模型提供 {task} 的头",
    "Use an encoder of the BERT kind (BERT, RoBERTa, DistilBERT, ModernBERT).": (
        "请使用 BERT 一类的编码器（BERT、RoBERTa、DistilBERT、ModernBERT）。"
    ),
    "{rows} rows have {groups} different texts, too few for training, validation and test": (
        "{rows} 行只有 {groups} 段不同的文本，不足以分成训练、验证和测试"
    ),
    "Add rows, or set validation_share or test_share to 0.": "请增加行，或把 validation_share 或 test_share 设为 0。",
    "the text in which the answer stands": "答案所在的文本",
    "a question": "一个问题",
    'a list of {"start": 0, "text": "..."}; empty when the context does not answer': (
        '{"start": 0, "text": "..."} 的列表；文本不能回答时为空'
    ),
    "{path}: none of {rows} questions has an answer": "{path}：{rows} 个问题都没有答案",
    "Give questions whose answers stand in their context.": "请给出答案就在文本中的问题。",
    "{where}: the answer {answer} does not stand at {start} of the context, where {there} stands": (
        "{where}：答案 {answer} 不在文本的位置 {start}，该处为 {there}"
    ),
    "It stands at {found}: offsets are code points from 0.": "它在位置 {found}：位置以码点计，从 0 开始。",
    "It stands nowhere in the context: an answer must be taken from it word for word.": "文本中没有它：答案必须逐字取自文本。",
    "a list of words": "词的列表",
    "a list of tags, one for each token: O, B-LABEL or I-LABEL": "标记的列表，每个词一个：O、B-标签 或 I-标签",
    'a list of {"start": 0, "end": 3, "label": "..."} with offsets inside the text, none across another': (
        '{"start": 0, "end": 3, "label": "..."} 的列表，位置在文本之内，互不重叠'
    ),
    "{path}: none of {rows} rows has an entity": "{path}：{rows} 行都没有实体",
    "A tagger needs rows with entities to learn from.": "标注器需要带实体的行来学习。",
    "{where}: tag {number} is {tag} and follows {before}": "{where}：第 {number} 个标记为 {tag}，而前一个是 {before}",
    "In BIO an entity begins with B-{label}: write that, or correct the tag before it.": (
        "在 BIO 中实体以 B-{label} 开始：请这样写，或改正前一个标记。"
    ),
    "{folder}: the model on disk is not the one that was trained: outputs differ by {found:.2e}": (
        "{folder}：磁盘上的模型不是所训练的模型：输出相差 {found:.2e}"
    ),
}

STORED: dict[str, str] = {
    "also held out": "也在留出文件中",
    "no tokens": "没有词元",
    "too long": "过长",
    "question too long": "问题过长",
    "answer has no tokens": "答案没有词元",
    "entity cuts a token": "实体切断词元",
    "right for {share} of {count} held-out texts; the most frequent label alone for {baseline}": (
        "{count} 段留出文本中答对 {share}；只答最常见标签可对 {baseline}"
    ),
    "F1 {f1} on the {entities} entities of {count} held-out texts": "{count} 段留出文本的 {entities} 个实体上 F1 为 {f1}",
    "exact for {share} of {count} held-out questions, F1 {f1}": "{count} 个留出问题中完全答对 {share}，F1 为 {f1}",
    "training rows": "训练行",
    "validation rows": "验证行",
    "test rows": "测试行",
    "long texts": "长文本",
    "steps": "步数",
    "steps left out": "略过的步",
}
