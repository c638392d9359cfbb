"""What `danlu label` says in Chinese."""

CHINESE: dict[str, str] = {
    # the command line
    "label documents: by rules, by a model, by people": "给文档打标签：用规则、用模型、由人工",
    "label by labelling functions that vote": "用标注函数投票打标签",
    "YAML with keywords, regular expressions and other conditions; or your own .py, which is run": (
        "YAML 文件，含关键词、正则表达式等条件；或您自己的 .py 文件（会被运行）"
    ),
    "labels that are known, to measure by; nothing learns from them": "已知标签，只用来衡量，不参与学习",
    "label by a language model behind an OpenAI-compatible address": "用兼容 OpenAI 接口的语言模型打标签",
    "YAML with the question, and each label with its definition and examples": "YAML 文件，含问题以及每个标签的定义和例子",
    "the address and the model's name there; the key comes from DANLU_ENDPOINT_KEY": (
        "地址和那里的模型名；密钥取自环境变量 DANLU_ENDPOINT_KEY"
    ),
    "labels by people, from which examples are taken (label.shots)": "人工标签，从中取示例（label.shots）",
    "for a million tokens": "每百万词元的价格",
    "stop before more than this is spent": "花费将超过此数时停止",
    "requests in flight (default 8)": "同时发送的请求数（默认 8）",
    "print what it would cost, and send nothing": "只显示预计费用，不发送请求",
    "write tasks for people to label, in the format of a labelling tool": "按标注工具的格式写出人工标注任务",
    "the tool (default label-studio)": "标注工具（默认 label-studio）",
    "labels so far: shown as suggestions, and they say what is unsure": "已有标签：作为建议显示，并据此判断哪些不确定",
    "how many documents, the most instructive first; default all": "文档数，最有价值的在前；默认全部",
    "read what people labelled; every answer is kept or refused with a reason": (
        "读取人工标注结果；每个答案或被采用，或注明原因后拒收"
    ),
    "what the labelling tool exported": "标注工具导出的文件",
    "a field of the documents' own metadata": "文档自身元数据中的字段",
    "find labels that are probably wrong, the surest first": "找出可能有误的标签，把握最大的在前",
    "the labels to check": "要检查的标签",
    "measure how far annotators agree, beyond chance": "衡量标注者之间超出偶然的一致程度",
    "folders of labels": "标签文件夹",
    "nominal: equal or not; ordinal: in the order of the names; interval: labels are numbers": (
        "nominal：相同与否；ordinal：按名称顺序；interval：标签是数值"
    ),
    # what commands print
    "{documents} documents: {requests} requests to send, {from_cache} answered before; about {input_tokens} tokens in and {output_tokens} out, cost {cost:.4f}": (
        "文档 {documents} 篇：需发送请求 {requests} 个，此前已答复 {from_cache} 个；约输入 {input_tokens} 词元、输出 {output_tokens} 词元，费用 {cost:.4f}"
    ),
    "sent {requests} requests, {from_cache} answered from the cache; {input_tokens} tokens in and {output_tokens} out, cost {cost:.4f}": (
        "已发送请求 {requests} 个，由缓存答复 {from_cache} 个；输入 {input_tokens} 词元、输出 {output_tokens} 词元，费用 {cost:.4f}"
    ),
    "function": "函数",
    "coverage": "覆盖率",
    "overlap": "重叠率",
    "conflict": "冲突率",
    "accuracy": "准确率",
    "95 % interval": "95% 区间",
    "known accuracy": "实测准确率",
    "never voted": "从未投票",
    "remarks": "备注",
    "{covered} of {documents} documents have a vote, {overlapping} several, {conflicting} votes in conflict": (
        "{documents} 篇文档中 {covered} 篇有投票，{overlapping} 篇有多票，{conflicting} 篇投票冲突"
    ),
    "of {covered} known labels {accuracy:.1%} were found; majority vote finds {majority_accuracy:.1%}": (
        "{covered} 个已知标签中命中 {accuracy:.1%}；多数表决命中 {majority_accuracy:.1%}"
    ),
    "given, and what the classifier is sure of": "所给标签，及分类器确信的标签",
    "{suspects} of {judged} labels are under suspicion; the classifier agrees with {classifier_agrees:.1%}": (
        "{judged} 个标签中 {suspects} 个可疑；分类器认同 {classifier_agrees:.1%}"
    ),
    "Krippendorff's alpha": "Krippendorff α",
    "Fleiss' kappa": "Fleiss κ",
    "Cohen's kappa": "Cohen κ",
    "between": "标注者",
    "value": "数值",
    # labelling functions
    "Name a file of labelling functions, .yaml or .py.": "请给出标注函数文件，.yaml 或 .py。",
    "{place}: the regular expression {pattern!r} is not one of RE2: {problem}": "{place}：{pattern!r} 不是 RE2 正则表达式：{problem}",
    "RE2 has no look-around and no back-references; `unless:` says what must not be there.": (
        "RE2 没有环视和反向引用；不得出现的内容请写在 `unless:` 中。"
    ),
    "{place} votes for {label!r}, which is none of {labels}": "{place} 投给 {label!r}，它不在 {labels} 之中",
    "Correct it, or add it to `labels:`.": "请改正，或加入 `labels:`。",
    "{path}: {function} returned {label!r} for document {doc_id}, which is none of {labels}": (
        "{path}：{function} 对文档 {doc_id} 返回 {label!r}，它不在 {labels} 之中"
    ),
    "Return one of LABELS, or None to abstain.": "请返回 LABELS 之一，弃权则返回 None。",
    "{path} has {count} labels, or one twice": "{path} 有 {count} 个标签，或标签重复",
    "Give 2 to 255 different labels.": "请给出 2 到 255 个不同的标签。",
    "{path} has no labelling functions": "{path} 中没有标注函数",
    "In Python, list them in FUNCTIONS or mark each with @labelling_function.": (
        "Python 文件请在 FUNCTIONS 中列出，或逐个标上 @labelling_function。"
    ),
    "{path} has two functions named {name}": "{path} 中有两个函数都叫 {name}",
    "Give each its own name.": "请各取不同的名字。",
    "{place} states no condition and would vote on every document": "{place} 没有任何条件，会对每篇文档投票",
    "Give keywords, regex, meta, min_characters, max_characters or language.": (
        "请给出 keywords、regex、meta、min_characters、max_characters 或 language。"
    ),
    "{path}: {place}: {problem}": "{path}：{place}：{problem}",
    "{path}: {place}: there is no field `{field}`": "{path}：{place}：没有字段 `{field}`",
    "The fields are, the nearest first: {fields}.": "可用的字段（最接近的在前）：{fields}。",
    "{needs}": "{needs}",
    "it is missing": "缺少此项",
    "a keyword is empty": "有空的关键词",
    "no such type: {unknown}; the types are, the nearest first: {types}": "没有类型 {unknown}；可用的类型（最接近的在前）：{types}",
    "give equals, one_of, at_least or at_most": "请给出 equals、one_of、at_least 或 at_most",
    "label.class_balance is {shares}: its shares add up to {total}": "label.class_balance 为 {shares}：各比例之和为 {total}",
    "Each label has a share above 0, and all of them add up to 1.": "每个标签的比例须大于 0，总和为 1。",
    "The file needs `labels: [...]` and `functions:` with a name, a label and a condition each.": (
        "文件须有 `labels: [...]` 和 `functions:`，每个函数有名称、标签和条件。"
    ),
    "{path} cannot be run: {problem}": "{path} 无法运行：{problem}",
    "{path}, line {line}: {function} failed on document {doc_id} ({source}): {problem}": (
        "{path} 第 {line} 行：{function} 在文档 {doc_id}（{source}）上出错：{problem}"
    ),
    "Correct the function, or let it return None where it cannot tell.": "请改正该函数，或在无法判断时返回 None。",
    "class_balance has {given} shares, and {path} has {labels} labels": "class_balance 有 {given} 个比例，而 {path} 有 {labels} 个标签",
    "No function voted on any of {count} documents": "{count} 篇文档都没有函数投票",
    "Are the keywords in the language and writing of the documents?": "关键词与文档的语言文字一致吗？",
    # a model
    "Name a label schema in YAML.": "请给出 YAML 标签说明文件。",
    "{path} has the labels {names}": "{path} 的标签为 {names}",
    "Give 2 or more different labels; `none` is what the model says when no label fits.": (
        "请给出至少 2 个不同的标签；`none` 保留给模型表示都不合适。"
    ),
    "The file needs `question:` and `labels:` with a name and a definition each.": (
        "文件须有 `question:` 和 `labels:`，每个标签有名称和定义。"
    ),
    "{shots} examples are wanted, and there are no labels": "需要 {shots} 个示例，但没有标签",
    "Give --known.": "请给出 --known。",
    "No example in these documents is labelled {names}": "这些文档中没有标为 {names} 的示例",
    "Label some, or leave out label.shots.": "请先标注一些，或不用 label.shots。",
    "The server refuses structured output: {said}": "服务器拒绝结构化输出：{said}",
    "--set label.structured=json_object, or none, asks for less.": "可用 --set label.structured=json_object 或 none 放宽要求。",
    "{url} gave no answer in {tries} tries: {problem}": "{url} 尝试 {tries} 次没有答复：{problem}",
    "Replies that arrived are kept: run again when the server can be reached, and they cost nothing.": (
        "已收到的答复都已保留：服务器恢复后再运行，不会重复花费。"
    ),
    "{url} answered HTTP {status}: {said}": "{url} 返回 HTTP {status}：{said}",
    "Compare the address and the model's name with what the server offers.": "请核对地址和模型名。",
    "{url} does not accept the key (HTTP {status}): {said}": "{url} 不接受该密钥（HTTP {status}）：{said}",
    "{url} asks for a key (HTTP {status}): {said}": "{url} 需要密钥（HTTP {status}）：{said}",
    "Set the variable DANLU_ENDPOINT_KEY to the server's key.": "请把环境变量 DANLU_ENDPOINT_KEY 设为服务器的密钥。",
    "The limit of {limit} is reached: {cost:.4f} spent on {requests} requests": (
        "已到上限 {limit}：{requests} 个请求共花费 {cost:.4f}"
    ),
    "Replies that arrived are kept and cost nothing again: run with a higher --max-cost.": (
        "已收到的答复都已保留，不会重复花费：可提高 --max-cost 再运行。"
    ),
    "documents": "文档",
    "{part} ended its worker {tries} times, with exit code {code}": "{part} 使工作进程 {tries} 次退出，退出码 {code}",
    "Memory may be short: try with fewer workers.": "内存可能不足：请减少工作进程数。",
    # people
    "{path}, {place}: this is not as {tool} writes it: {expected} is missing or of another kind": (
        "{path}，{place}：与 {tool} 的格式不符：{expected} 缺失或类型不对"
    ),
    "Export once more, in the format that --from names.": "请按 --from 所指的格式重新导出。",
    "{path} is no list of tasks of {tool}": "{path} 不是 {tool} 的任务列表",
    "Export as JSON, not as JSON Lines or a converted format.": "请导出为 JSON，而不是 JSON Lines 或转换格式。",
    "Name what the labelling tool exported.": "请给出标注工具导出的文件。",
    "{path} has the columns {columns}": "{path} 的列为 {columns}",
    "It needs `label`, and `doc_id` or `text` to find the document by.": "须有 `label` 列，以及用来找到文档的 `doc_id` 或 `text` 列。",
    "{path} is no CSV in UTF-8: {problem}": "{path} 不是 UTF-8 编码的 CSV：{problem}",
    "No labels to import": "没有可导入的标签",
    "Name a file, or a field of the documents after --field.": "请给出文件，或在 --field 后给出文档的字段。",
    "None of {count} answers could be taken: {reasons}": "{count} 个答案都不能采用：{reasons}",
    "Are these the documents that were labelled?": "这些是当初标注的文档吗？",
    "{path} holds no answers": "{path} 中没有答案",
    "There are no labels to choose from": "没有可供选择的标签",
    "Name them: --set 'label.names=[spam, ham]', or give --labels.": "请用 --set 'label.names=[spam, ham]' 列出，或给出 --labels。",
    "There is nothing to label: people have labelled all {count} documents": "没有要标注的：{count} 篇文档都已人工标注",
    # agreement and errors
    "No document has labels of two annotators: {annotators}": "没有文档由两位标注者标注：{annotators}",
    "Name further folders of labels for the same documents.": "请再给出同一批文档的标签文件夹。",
    "The label {label!r} is no number, as the interval scale needs": "标签 {label!r} 不是数值，而 interval 尺度需要数值",
    "Fewer than 2 labels have {least} documents or more: {sizes}": "达到 {least} 篇文档的标签不足 2 个：{sizes}",
    "A classifier has nothing to compare. --set label.min_documents=10 lowers the bound.": (
        "分类器无从比较。可用 --set label.min_documents=10 降低下限。"
    ),
}

STORED: dict[str, str] = {
    "labels": "标签",
    "tasks": "任务",
    "labelled: {name}": "标为 {name}",
    "no function voted": "没有函数投票",
    "0 votes": "0 票",
    "1 vote": "1 票",
    "no label sure enough": "没有足够确定的标签",
    "probability {value}": "概率 {value}",
    "{count} replies": "{count} 个答复",
    "a label": "一个标签",
    "samples disagree": "多次采样不一致",
    "share {value}": "占比 {value}",
    "reply has no message": "答复中没有消息",
    "model refused": "模型拒答",
    "empty reply": "答复为空",
    "reply cut off": "答复被截断",
    "reply is not the JSON asked for": "答复不是所要求的 JSON",
    "model says that no label fits": "模型认为没有合适的标签",
    "reply is none of the labels": "答复不是任何一个标签",
    "server refused the request": "服务器拒绝该请求",
    "no such document": "没有这篇文档",
    "labels not offered": "未提供的标签",
    "labels that were not offered: {names}": "不在可选标签之中：{names}",
    "no document with this text": "没有文本与此相同的文档",
    "a document of the corpus": "语料中的文档",
    "no text to compare": "没有可核对的文本",
    "text_hash or text": "text_hash 或 text",
    "text changed since it was labelled": "文本在标注后已改变",
    "not answered yet": "尚未标注",
    "an answer": "一个答案",
    "skipped by the annotator": "标注者跳过",
    "empty answer": "答案为空",
    "span outside the text": "区间超出文本",
    "characters {start} to {end}": "第 {start} 至 {end} 个字符",
    "0 to {end}": "0 至 {end}",
    "no label": "没有标签",
    "no field {name}": "没有字段 {name}",
    "a value": "一个值",
    "spans only": "只有区间",
    "no label of the whole text": "没有全文标签",
    "label too rare to judge": "标签太少，无法判断",
    "suspects": "可疑标签",
    # remarks on labelling functions
    "never votes": "从不投票",
    "same votes as {name}": "与 {name} 投票相同",
    "worse than chance": "不如随机",
    "estimate far from known accuracy": "估计值与实测相差较大",
    "few votes": "票数很少",
    "never beside two others: the accuracy is mostly assumed": "从未与另外两个函数同时投票：准确率主要来自假设",
}
