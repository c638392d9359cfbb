"""Chinese for decontaminate."""

CHINESE: dict[str, str] = {
    "it does not say who gave it: add `by`": "未说明由谁批准：请加上 `by`",
    "Two benchmarks are called {name}: {first} and {second}": "有两个评测集都叫 {name}：{first} 和 {second}",
    "Rename one of the two files or folders.": "请给其中一个文件或文件夹改名。",
    "decontaminate.columns: {own}={known}: no column of an evaluation item is called {known}": (
        "decontaminate.columns：{own}={known}：评测题目没有名为 {known} 的列"
    ),
    "Names that are known, nearest first: {names}.": "可识别的列名（最接近的在前）：{names}。",
    "decontaminate.columns: no benchmark has the column {own}": "decontaminate.columns：没有任何评测集带有列 {own}",
    "Correct the name. The benchmarks have: {names}.": "请改正列名。评测集带有：{names}。",
    "Name files or folders of evaluation items after --against.": "请在 --against 之后写出评测题目的文件或文件夹。",
    "{path}: {suffix} files are not read as evaluation items": "{path}：不能从 {suffix} 文件读取评测题目",
    "Convert it to JSON lines, JSON, Parquet, CSV or TSV.": "请转换为 JSON Lines、JSON、Parquet、CSV 或 TSV。",
    "{path} holds no file of evaluation items": "{path} 中没有评测题目的文件",
    "JSON lines, JSON, Parquet, Arrow, CSV and TSV files are read.": (
        "可读取 JSON Lines、JSON、Parquet、Arrow、CSV 和 TSV 文件。"
    ),
    "{path} cannot be read: {problem}": "无法读取 {path}：{problem}",
    "Fetch the file again.": "请重新获取该文件。",
    "Save it as UTF-8 CSV.": "请另存为 UTF-8 编码的 CSV。",
    "has {found} cells, and its header {wanted}": "有 {found} 个单元格，而表头有 {wanted} 个",
    "decontaminate.columns: expected OWN=KNOWN, found {pair}": "decontaminate.columns：应为 OWN=KNOWN，实为 {pair}",
    "For example: --set 'decontaminate.columns=[stem=question, key=answer]'": (
        "例如：--set 'decontaminate.columns=[stem=question, key=answer]'"
    ),
    "{path}, waiver {place}: it names its item by a row": "{path} 第 {place} 条豁免：用行号指定题目",
    "Name it by its SHA-256, which stands in the table of matches.": "请用题目的 SHA-256 指定，它在匹配表中。",
    "find evaluation items in documents and take them out": "在文档中找出评测题目并去除",
    "files or folders of evaluation items (JSON lines, JSON, Parquet, CSV), or a danlu artifact of questions": (
        "评测题目的文件或文件夹（JSON Lines、JSON、Parquet、CSV），或 danlu 的问题产物"
    ),
    "waivers: JSON lines of check, item, reason and by; they stay in sight": (
        "豁免：JSON Lines，每行含 check、item、reason 和 by；豁免的内容仍会列出"
    ),
    "matches shown side by side; default 3": "并排显示的匹配数；默认 3",
    "benchmark": "评测集",
    "items": "题目",
    "found": "找到",
    "rows that are no items": "不是题目的行",
    "{benchmark}:{row} in {source}: {kind}, {overlap:.0%} of its words, {action} (item {item})": (
        "{benchmark}:{row} 出现在 {source}：{kind}，占其词语的 {overlap:.0%}，{action}（题目 {item}）"
    ),
    "  item:     {text}": "  题目：{text}",
    "  document: {text}": "  文档：{text}",
    "  waived by {waiver}": "  豁免：{waiver}",
}

STORED: dict[str, str] = {
    "benchmark item": "评测题目",
    "no item of the benchmarks": "不含评测题目",
    "{benchmark}:{row} {kind}, {share} of its words": "{benchmark}:{row} {kind}，占其词语的 {share}",
    "word for word": "原样",
    "with small edits": "略有改动",
    "in part": "部分",
    "answer alone": "仅答案",
    "document dropped": "已去除文档",
    "paragraphs removed": "已去除段落",
    "reported": "仅报告",
    "waived": "已豁免",
    "items": "题目",
    "items found": "找到的题目",
    "matches {kind}": "匹配（{kind}）",
    "matches waived": "豁免的匹配",
    "waivers that waive nothing: {places}": "没有豁免任何内容的豁免：{places}",
}
