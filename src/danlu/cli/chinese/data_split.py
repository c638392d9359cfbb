"""Chinese for split and take."""

CHINESE: dict[str, str] = {
    "{documents} documents came in, and {sides} are the least: what measures may not be a document that was learnt from": (
        "只有 {documents} 个文档，至少需要 {sides} 个：用于评测的文档不能是学过的文档"
    ),
    "Add documents, or cut a long one into several files.": "请增加文档，或把长文档切成几个文件。",
    "{documents} documents make {groups} groups that must stay together, too few for {sides} sides": (
        "{documents} 个文档归为 {groups} 个不可拆开的组，不足以分成 {sides} 侧"
    ),
    "Name fewer fields in `split.group_by`, leave out validation or test (share 0), or add documents.": (
        "请减少 `split.group_by` 中的字段，或去掉验证集或测试集（比例设为 0），或增加文档。"
    ),
    "The documents are of {times} different times, too few for {sides} sides": (
        "文档只有 {times} 个不同的时间，不足以分成 {sides} 侧"
    ),
    "Leave out `split.time_field`, or leave out validation or test (share 0).": (
        "请去掉 `split.time_field`，或去掉验证集或测试集（比例设为 0）。"
    ),
    "{setting}: no document has the field {name}": "{setting}：没有任何文档带有字段 {name}",
    "Correct the name. The documents have: {fields}.": "请改正字段名。文档带有：{fields}。",
    "No document has a date that can be read in the field {field} of its meta: {example}": (
        "没有任何文档的 meta 字段 {field} 中有可读取的日期：{example}"
    ),
    "{undated} of {documents} documents have no date that can be read in {field} ({example}). {problem}": (
        "{documents} 个文档中有 {undated} 个在 {field} 中没有可读取的日期（{example}）。{problem}"
    ),
    "such as “{value}”": "例如“{value}”",
    "they have no value there": "该字段没有值",
    "ISO 8601 dates, 2024/03/05, 2024年3月5日, years and seconds since 1970 are read: write the dates of these documents so.": (
        "可读取 ISO 8601 日期、2024/03/05、2024年3月5日、年份和自 1970 年起的秒数：请把这些文档的日期写成这样。"
    ),
    "split.validation_share + split.test_share is {measures}": (
        "split.validation_share 与 split.test_share 之和为 {measures}"
    ),
    "Expected more than 0 and less than 1: something must measure and something must train.": (
        "应大于 0 且小于 1：既要有用于评测的文档，也要有用于训练的文档。"
    ),
    "{folder} is not a split corpus: it has no sides.json": "{folder} 不是划分后的语料：其中没有 sides.json",
    "`danlu split IN --out DIR` splits one.": "用 `danlu split IN --out DIR` 划分语料。",
    "The side {side} of the split is empty": "划分中的 {side} 一侧没有文档",
    "part documents into training, validation and test, so that nothing leaks from one into another": (
        "把文档划分为训练、验证和测试三侧，互不泄漏"
    ),
    "a corpus that danlu wrote, or folders or files of documents; referenced, not copied": (
        "danlu 写出的语料，或文档所在的文件夹或文件；只引用，不复制"
    ),
    "make one side of a split a corpus of its own": "把划分的一侧单独做成语料",
    "a folder that `danlu split` wrote": "`danlu split` 写出的文件夹",
    "which side; default train": "取哪一侧；默认 train",
}

STORED: dict[str, str] = {
    "no date": "没有日期",
    "rejected: no date": "拒收（没有日期）",
    "{field} is “{value}”": "{field} 为“{value}”",
    "a date that can be read": "可读取的日期",
    "validation": "验证",
    "test": "测试",
    "documents {side}": "{side} 文档",
    "groups {side}": "{side} 组",
    "side {side}, {field} {value}": "{side}，{field} {value}",
}
