"""Chinese for deduplicate, pairs and repeats."""

CHINESE: dict[str, str] = {
    "keep one document of each set of exact and near duplicates": "完全重复和近似重复的文档，每组只保留一个",
    "show near duplicates side by side, the least similar first": "并排显示近似重复的文档，相似度最低的在前",
    "a folder that `danlu deduplicate` wrote": "`danlu deduplicate` 写出的文件夹",
    "how many; default 10": "显示几对；默认 10",
    "no near duplicates": "没有近似重复的文档",
    "similarity {jaccard}: {removed} was removed for {kept}": "相似度 {jaccard}：保留 {kept}，去掉 {removed}",
    "show the passages and lines that were cut, and where they stay": "显示被剪去的文段和行，以及它们保留在何处",
    "no repeated passages or lines": "没有重复的文段或行",
    "site or folder": "网站或文件夹",
    "line that was cut": "被剪去的行",
    "{tokens} tokens were cut from {cut} and stay in {kept}": "从 {cut} 剪去 {tokens} 个词元，保留在 {kept}",
    "{folder} lists no repeated passages or lines": "{folder} 中没有重复文段或行的记录",
    "Name a folder that `danlu deduplicate` wrote with `--set deduplicate.passage_tokens=50` or `--set deduplicate.folder_lines=cut`.": (
        "请指定由 `danlu deduplicate` 加 `--set deduplicate.passage_tokens=50` 或 `--set deduplicate.folder_lines=cut` 写出的文件夹。"
    ),
    "{folder} lists no duplicates": "{folder} 中没有重复文档的记录",
    "Name a folder that `danlu deduplicate` wrote.": "请指定由 `danlu deduplicate` 写出的文件夹。",
    "Text in languages without spaces has {found:.0f} bytes a token, and at most {most} are plausible: nothing would be found": (
        "不用空格分词的语言，文本平均每个词元 {found:.0f} 字节，而合理的上限是 {most}：这样什么重复也找不到"
    ),
    "Is the text decoded rightly, and in the language that it says? `danlu clean` tells languages and rejects garbled text.": (
        "文本的编码是否正确，语言是否如所标？`danlu clean` 会判断语言并拒收乱码。"
    ),
}

STORED: dict[str, str] = {
    "near duplicate": "近似重复",
    "similarity {jaccard} to {kept}": "与 {kept} 的相似度为 {jaccard}",
    "below {threshold}": "低于 {threshold}",
    "only repeated text": "全文都是重复内容",
    "all of it stands in earlier documents": "全部内容已在前面的文档中出现",
    "some text of its own": "至少有一些自己的内容",
    "repeated line of a site": "同一网站的重复行",
    "repeated line of a folder": "同一文件夹的重复行",
    "repeated paragraph": "重复段落",
    "repeated passage": "重复文段",
    "little beside repeated passages": "除重复文段外所剩无几",
    "{left} of {tokens} tokens are its own": "{tokens} 个词元中只有 {left} 个是自己的",
    "at least {least}": "至少 {least}",
}
