"""Chinese for deduplicate and pairs."""

CHINESE: dict[str, str] = {
    "keep one document of each set of exact and near duplicates": "完全重复和近似重复的文档，每组只保留一个",
    "show near duplicates side by side, the least similar first": "并排显示近似重复的文档，相似度最低的在前",
    "a folder that `danlu deduplicate` wrote": "`danlu deduplicate` 写出的文件夹",
    "how many; default 10": "显示几对；默认 10",
    "no near duplicates": "没有近似重复的文档",
    "similarity {jaccard}: {removed} was removed for {kept}": "相似度 {jaccard}：保留 {kept}，去掉 {removed}",
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
    "repeated paragraph": "重复段落",
}
