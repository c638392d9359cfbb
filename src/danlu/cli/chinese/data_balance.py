"""Chinese of `danlu balance`."""

CHINESE: dict[str, str] = {
    "report what a corpus consists of; even out groups; add counterfactuals": "报告语料的构成；平衡各组；增添反事实变体",
    "language, source, licence, a field of meta, or gender (default: language)": "language、source、licence、meta 中的字段，或 gender（默认 language）",
    "a field of meta with labels: weights make it independent": "meta 中的标签字段：权重使其与分组无关",
    "groups by word lists instead: group: [word, ...]": "改用词表分组：组名: [词, ...]",
    "share that a group should have, again for each group (default: equal shares)": "某组应占的比例，每组写一次（默认各组相等）",
    "write a corpus that has these shares, not a report": "写出符合这些比例的语料，而不是报告",
    "write a corpus with counterfactuals instead, of: gender,names,places": "改为写出带反事实变体的语料，可选：gender,names,places",
    "the whole report: {file}": "完整报告：{file}",
    "group": "组",
    "too small to be evened out, so that they keep their share: {groups}": "文档太少、不参与平衡而保持原有占比的组：{groups}",
    "target": "目标",
    "tokens": "词数",
    "--target {pair}: expected GROUP=SHARE": "--target {pair}：应为 组=比例",
    "For example: --target zh=0.5": "例如：--target zh=0.5",
    "No document is in the group {group}; the groups are: {groups}": "没有文档属于 {group} 组；已有的组：{groups}",
    "Correct balance.targets, or the field in balance.group_by.": "请改正 balance.targets，或 balance.group_by 中的字段。",
    "There is no document to measure": "没有可供测量的文档",
    "Name a corpus that has documents.": "请给出含有文档的语料。",
    "Name a YAML file with word lists after --words.": "请在 --words 之后给出词表的 YAML 文件。",
    "{path} holds no word lists": "{path} 中没有词表",
    "Write one group per line, such as:  nurses: [nurse, 护士]": "每行写一组，例如：  nurses: [nurse, 护士]",
}

STORED: dict[str, str] = {
    "group over its share": "所在组超出比例",
    "nothing to swap": "没有可替换之处",
    "0 words": "0 个词",
    "1 word": "1 个词",
    "zh, en": "中文、英文",
    "swapped {kind}": "替换{kind}",
    "gender": "性别",
    "names": "人名",
    "places": "地名",
    "groups": "组",
}
