"""Evaluation on questions of the user's own, in Chinese."""

CHINESE = {
    "95 % interval": "95% 区间",
    "refused: {kind}": "已拒答：{kind}",
    "citations verbatim": "引文逐字一致",
    "retrieval: a passage that holds the known answer": "检索：含有已知答案的段落",
    "{count} answers stand in no passage of the index: not in the documents, or written otherwise in the questions": (
        "{count} 个答案不在索引的任何段落里：文档中没有，或问题文件里的写法不同"
    ),
    "{path}, line {number}: {problem}": "{path} 第 {number} 行：{problem}",
    "not a question": "不是问题",
    "--out is for --data: a project's own report is kept as its artifact": "--out 用于 --data：项目自己的报告作为产物保存",
    "Leave it out, or name --data; `danlu evaluate --json` prints the report.": (
        "请去掉它，或指定 --data；`danlu evaluate --json` 会打印报告。"
    ),
    "`kind` is for a question that should be refused": "`kind` 用于应当拒答的问题",
    "unknown field {field}; the fields are {fields}": "未知字段 {field}；可用字段有 {fields}",
    "`file` and `quote` belong together": "`file` 和 `quote` 要同时给出",
    "`conflict` is for a question with `file` and `quote`": "`conflict` 只用于带有 `file` 和 `quote` 的问题",
    "`{field}` is {value}": "`{field}` 是 {value}",
    "--data is needed to measure {path}": "评测 {path} 需要 --data",
    "For an index {{question, file, quote}} per line, for a model conversations; see `danlu evaluate --help`.": (
        "索引用每行 {{question, file, quote}}，模型用对话；见 `danlu evaluate --help`。"
    ),
    "--out is needed with --data": "使用 --data 时需要 --out",
    "Name a new folder for the report, such as --out report.": "请给报告一个新文件夹，例如 --out report。",
    "an index folder, or a model checkpoint; without it, the index of this project's release": (
        "索引文件夹或模型检查点；省略时为本项目发布版的索引"
    ),
    "for an index: {question, file, quote} per line; for a model: {id, messages: [...]}; "
    "without it, this project's own held-out questions": (
        "索引：每行 {question, file, quote}；模型：{id, messages: [...]}；省略时用本项目自己的留出问题"
    ),
}

STORED = {
    "served": "实际使用",
    "follow-ups: answer quoted": "追问：引到答案",
    "contradictions shown": "矛盾已指出",
    "contradictions shown where none is known": "没有已知矛盾而指出矛盾",
}
