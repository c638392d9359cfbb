"""What repairing and cleaning say in Chinese."""

CHINESE: dict[str, str] = {
    "{setting}: {code} is no code of a language here; did you mean {meant}?": "{setting}：{code} 不是语言代码；是否指 {meant}？",
    "Codes are those of ISO 639-1, such as zh and en; `und` stands for texts whose language cannot be told.": (
        "语言代码采用 ISO 639-1，如 zh、en；`und` 表示无法判定语言的文本。"
    ),
    "The documents are in other languages than `clean.languages` keeps: name theirs, or leave it out to keep all.": (
        "文档的语言不在 `clean.languages` 所保留的范围内：请写出文档的语言，或去掉该设置以全部保留。"
    ),
    "and {count} more: --json prints them all": "还有 {count} 条：加 --json 可全部输出",
    "changed by": "修改阶段",
    "changes": "修改次数",
    "examples of good and bad text: one {text, label: good or bad} per line": "好文本和坏文本的样例：每行一个 {text, label: good or bad}",
    "{part} ended its worker {tries} times, with exit code {code}": "{part} 使工作进程结束了 {tries} 次，退出码 {code}",
    "Memory may be short: try with fewer workers.": "可能内存不足：请减少工作进程。",
    "{rule} {count}": "{rule} {count}",
    "{stage} kept none of {input} documents. By rule: {reasons}": "{stage} 未保留 {input} 篇文档中的任何一篇。按规则：{reasons}",
    "The rules are explained in docs/data; a setting of the stage may fit these documents better.": (
        "各规则的说明见 docs/data；换一个该阶段的设置也许更适合这些文档。"
    ),
    "The rules `{rules}` kept none of {input} documents. By rule: {reasons}. For example: {examples}": (
        "规则 `{rules}` 未保留 {input} 篇文档中的任何一篇。按规则：{reasons}。例如：{examples}"
    ),
    "{source}: {rule} {value} (bound {threshold})": "{source}：{rule} {value}（界限 {threshold}）",
    "Is the text what you expect? `manual` rejects only what nobody can read.": (
        "文本内容是否正常？`manual` 只拒收无法阅读的文档。"
    ),
    "`--set clean.rules=manual` rejects only what nobody can read; docs/data/clean.md says whom each set of rules is for.": (
        "`--set clean.rules=manual` 只拒收无法阅读的文档；各规则集适用于什么，见 docs/data/clean.zh.md。"
    ),
    "The examples do not tell good from bad: area under the curve {area:.2f} on held-out ones, and 0.5 is chance": (
        "这些样例分不出好坏：留出样例的曲线下面积为 {area:.2f}，随机为 0.5"
    ),
    "Give more examples, or check their labels (`danlu label errors` finds wrong ones).": (
        "请提供更多样例，或检查标签（`danlu label errors` 可找出错误的标签）。"
    ),
    "{path}, line {number}: expected a text and a label, good or bad": "{path} 第 {number} 行：应有文本和标签（good 或 bad）",
    'Write one {{"text": "...", "label": "good"}} per line.': '每行写一个 {{"text": "...", "label": "good"}}。',
    "{path} has {good} good and {bad} bad examples": "{path} 中有 {good} 个好样例、{bad} 个坏样例",
    "At least {least} of each are needed; a few hundred are better.": "每种至少需要 {least} 个，几百个更好。",
}

STORED: dict[str, str] = {
    "endless word": "超长无空白字符串",
    "wrong encoding": "编码错误",
    "look-alike spelling": "形近字符拼写",
    "language": "语言不符",
    "no rule set for this language": "没有适用于该语言的规则集",
    "dup_para_frac": "重复段落过多",
    "dup_para_char_frac": "重复段落字符过多",
    "dup_line_frac": "重复行过多",
    "dup_line_char_frac": "重复行字符过多",
    "top_{n}_gram": "{n} 元组过于集中",
    "duplicated_{n}_n_grams": "{n} 元组重复过多",
    "gopher_short_doc": "文档过短",
    "gopher_long_doc": "文档过长",
    "gopher_below_avg_threshold": "平均词长过短",
    "gopher_above_avg_threshold": "平均词长过长",
    "gopher_too_many_hashes": "# 号过多",
    "gopher_too_many_ellipsis": "省略号过多",
    "gopher_too_many_bullets": "项目符号过多",
    "gopher_too_many_end_ellipsis": "省略号结尾的行过多",
    "gopher_below_alpha_threshold": "文字过少",
    "gopher_enough_stop_words": "停用词过少",
    "lorem_ipsum": "占位文本",
    "curly_bracket": "含花括号",
    "too_few_sentences": "句子过少",
    "line_punct_ratio": "以标点结尾的行过少",
    "short_line_ratio": "短行过多",
    "char_dup_ratio": "重复行字符过多",
    "list_ratio": "换行过多",
    "longest line": "最长行过长",
    "mean line length": "平均行长过长",
    "few letters and digits": "文字和数字过少",
    "quality": "质量过低",
    "composed characters": "组合字符",
    "width of letters": "全角字母数字",
    "look-alike letters": "形近字母",
    "pinyin notes": "拼音注音",
    "citation marks": "引用标记",
    "line with an endless word": "含超长词的行",
    "line without an end mark": "没有句末标点的行",
    "line of few words": "词过少的行",
    "line about JavaScript": "关于 JavaScript 的行",
    "line about terms or cookies": "关于条款或 Cookie 的行",
}
