"""Chinese of `danlu forget`, and of what `danlu why` says of documents."""

CHINESE: dict[str, str] = {
    # options
    "forget a document: at once in every answer; list what still holds it and what learnt from it": (
        "遗忘一个文档：立即从所有回答中消失；列出仍含有它的地方和从它学到东西的产物"
    ),
    "its name as citations show it, its id, or the path of a source file; a file with everything in it": (
        "引文中显示的名称、文档 id，或源文件的路径；文件连同其中的全部内容"
    ),
    "then make everything that used it anew, as `danlu run` does": "然后像 `danlu run` 那样重新生成用过它的一切",
    "then delete the artifacts that used it; the current release must not be one of them": (
        "然后删除用过它的产物；当前发布版不得在其中"
    ),
    "take the order back: the next run reads it again": "撤回命令：下次运行会重新读取它",
    "list the orders and what became of them": "列出各条命令及其结果",
    "check the records: hashes, signatures, and that nothing came back": "核对记录：哈希、签名，以及没有内容又回来",
    "lead an answer back to its sources, or a document to all that used it, hashes verified": (
        "把回答追溯到来源，或把文档追踪到用过它的一切，并核对哈希"
    ),
    "the id that `ask` or the server printed; or a document, by name, id or path": (
        "`ask` 或服务器显示的 id；或文档的名称、id 或路径"
    ),
    # what is printed of an order
    "forgotten: {name} (record {record})": "已遗忘：{name}（记录 {record}）",
    "written by": "由模型写成",
    "changes of the index since": "此后索引的变化次数",
    "index made again since": "此后索引已重建",
    "put by a refresh": "由 refresh 放入",
    "it had been cut off: what it took out before that is not counted": "它中断过：中断前已移除的内容没有计入",
    "It is gone, or must not be opened: look at its folder and at its rights, then try again.": (
        "它不见了，或不允许打开：请检查它所在的文件夹和权限，然后再试。"
    ),
    "its words may be left in {name}, which cannot be used ({problem}): no answer shows them; delete that file": (
        "其文字可能仍留在 {name} 中，该文件无法使用（{problem}）：任何回答都不会显示；请删除该文件"
    ),
    "Hidden from every answer from now on: {names}. The rest of the order waits, since another danlu run is writing to {folder}": (
        "从现在起在所有回答中隐藏：{names}。命令的其余部分在等待，因为另一个 danlu 运行正在写入 {folder}"
    ),
    "When that has ended: danlu forget {name}": "等它结束后：danlu forget {name}",
    "signed by a new key, {key}…: the one that signed the records before, {before}…, is not in .danlu/state/signing.key any more. Put it back from a copy if you have one, and find out who took it": (
        "由新密钥 {key}… 签名：签署此前记录的密钥 {before}… 已不在 .danlu/state/signing.key 中。若有副本请放回，并查明是谁取走的"
    ),
    "signed by the key {key}…, which is not in .danlu/state/signing.key any more: {numbers}": (
        "由密钥 {key}… 签名，该密钥已不在 .danlu/state/signing.key 中：{numbers}"
    ),
    "Ask again.": "请再问一次。",
    "The model was closed: another release is current": "模型已关闭：另一个发布版已成为当前版",
    "Look at its folder and at its rights, then try again.": "请检查它所在的文件夹和权限，然后再试。",
    "An order that was cut off is finished:": "先完成一条中断的命令：",
    "The order to forget {name} was cut off": "遗忘 {name} 的命令中断过",
    "`danlu forget {name}` finishes it.": "`danlu forget {name}` 会把它完成。",
    "The order to forget {name} was cut off: `danlu forget {name}` finishes it": (
        "遗忘 {name} 的命令中断过：`danlu forget {name}` 会把它完成"
    ),
    "its words may be left in the log of {name}, since somebody read there all the time: the next order to forget, or refresh, empties it": (
        "因为一直有程序在读取，其文字可能仍留在 {name} 的日志中：下一条遗忘命令或 refresh 会清空它"
    ),
    "{path} is gone, and there are records of what was forgotten": "{path} 不见了，而遗忘记录仍在",
    "forgotten already, at {at} (record {record})": "此前已遗忘，时间 {at}（记录 {record}）",
    "and with it, since they say the same: {names}": "内容相同、一并遗忘的有：{names}",
    "taken out at once: {passages} passages of the live index; the words of {answers} recorded answers": (
        "已立即移除：在线索引中的 {passages} 个段落；{answers} 条回答记录中的文字"
    ),
    "what the project has of it": "项目中与它有关的产物",
    "The current release {id} used it. It goes on answering by quotes, without this document; its models that learnt from it are not served again. `danlu forget --rebuild` or `danlu run` makes a release without it.": (
        "当前发布版 {id} 用过它。引用式回答照常进行，但不再含这个文档；从它学到东西的模型不再提供服务。`danlu forget --rebuild` 或 `danlu run` 会生成不含它的发布版。"
    ),
    "holds its text": "含有其文字",
    "learnt from it": "从它学到",
    "measured on it": "用它测量",
    "names it": "列有其名称",
    "has parts that used it": "有部件用过它",
    "where it still lies": "仍存有它的地方",
    "place": "位置",
    "source file": "源文件",
    "artifact": "产物",
    "file": "文件",
    "cache": "缓存",
    "job": "作业",
    "remote": "远程",
    "name": "名称",
    "why": "原因",
    "documents that stay and hold half of its text or more": "保留下来、并含有其一半以上文字的文档",
    "document": "文档",
    "not proven by this record": "这条记录不能证明的事",
    # lists, records
    "nothing was forgotten": "没有遗忘过任何文档",
    "forgotten": "已遗忘",
    "rebuilt": "已重建",
    "deleted": "已删除",
    "no longer forgotten": "不再遗忘",
    "record": "记录",
    "time": "时间",
    "what": "事项",
    "order": "命令",
    "purged for the orders": "为执行这些命令而删除",
    "held against today's extraction": "已与今天的提取文本核对",
    "by": "操作者",
    "deleted {stage} {id}": "已删除 {stage} {id}",
    "nothing to delete: no artifact has more of a forgotten document than its name": (
        "没有可删除的：没有产物含有已遗忘文档除名称之外的内容"
    ),
    "rebuilt without what record {order} forgot (record {record})": "已重建，不含记录 {order} 所遗忘的内容（记录 {record}）",
    "no longer forgotten: {names} (record {record}). The next `danlu refresh` or `danlu run` reads it again.": (
        "不再遗忘：{names}（记录 {record}）。下次 `danlu refresh` 或 `danlu run` 会重新读取。"
    ),
    "records: {count}; each holds the hash of the one before it": "记录 {count} 条；每条都含有前一条的哈希",
    "the last one has the SHA-256 {hash}: keep it elsewhere, and a chain that was cut off is seen": (
        "最后一条的 SHA-256 是 {hash}：请另行保存，链条若被截断便能发现"
    ),
    "not signed, for the package cryptography was not installed: {numbers}": "未签名，因为没有安装软件包 cryptography：{numbers}",
    "the list of forgotten documents was not what the records say: written again from them": (
        "遗忘清单与记录不符：已根据记录重新写出"
    ),
    "record {number}: {problem}": "记录 {number}：{problem}",
    "{name} is not served: it learnt from forgotten documents: {names}": "{name} 不提供服务：它从已遗忘的文档学到过东西：{names}",
    # `danlu why`
    "{count} of {links} links do not hold: {broken}": "{links} 环中有 {count} 环不成立：{broken}",
    "A source that was moved or changed on purpose: `danlu run`, then ask again. Else somebody changed what danlu keeps.": (
        "若来源是有意移动或修改的：运行 `danlu run` 后重新提问。否则是有人改动了 danlu 保存的内容。"
    ),
    "forgotten at": "遗忘于",
    "how": "方式",
    "documents learnt from": "学过的文档",
    "pairs learnt": "学过的问答对",
    "pairs of the cited documents": "所引文档的问答对",
    # errors
    "No document is called {name}": "没有名为 {name} 的文档",
    "The nearest names: {names}. A name is one that citations show, a document's id, or the path of a source file.": (
        "最接近的名称：{names}。名称可以是引文中显示的名称、文档 id 或源文件的路径。"
    ),
    "This project has no documents": "这个项目没有文档",
    "`danlu run` reads them; danlu.yaml says where they lie.": "`danlu run` 会读取文档；danlu.yaml 说明它们在哪里。",
    "No document is named": "没有给出文档",
    "Name it as citations show it: danlu forget docs/contracts/2019.pdf. `danlu forget --list` shows earlier orders.": (
        "请按引文中显示的名称给出：danlu forget docs/contracts/2019.pdf。`danlu forget --list` 显示以前的命令。"
    ),
    "--{name} goes alone": "--{name} 只能单独使用",
    "Give the options one at a time: danlu forget --list": "请一次只用一个选项：danlu forget --list",
    "{name} is not forgotten": "{name} 没有被遗忘",
    "`danlu forget --list` shows what is.": "`danlu forget --list` 显示已遗忘的文档。",
    "`danlu forget --verify` writes it again from the records. Until then nothing is answered and nothing runs.": (
        "`danlu forget --verify` 会根据记录重新写出。在此之前不作任何回答，也不运行。"
    ),
    "The list of forgotten documents names the order {number}, and its record is gone": (
        "遗忘清单提到命令 {number}，但它的记录不见了"
    ),
    "Put the file back from a copy. `danlu forget --verify` shows what is missing.": (
        "请从副本恢复该文件。`danlu forget --verify` 会显示缺少什么。"
    ),
    "Put it back from a copy. `danlu forget --verify` says which records of the chain still hold.": (
        "请从副本恢复。`danlu forget --verify` 会说明链条中哪些记录仍然有效。"
    ),
    "{path} is no Ed25519 key": "{path} 不是 Ed25519 密钥",
    "Put the project's key back there, in PEM without a password.": "请把项目的密钥放回原处：PEM 格式，不带密码。",
    "The records of what was forgotten do not hold: record {number}: {problem}": "遗忘记录不成立：记录 {number}：{problem}",
    "Put the files of .danlu/state/forgotten back from a copy.": "请从副本恢复 .danlu/state/forgotten 中的文件。",
    "{name} holds the text that record {record} forgot": "{name} 含有记录 {record} 所遗忘的文字",
    "danlu forget {name}": "danlu forget {name}",
    "The release {id} is not made current: it used documents that were forgotten ({names})": (
        "发布版 {id} 没有设为当前版本：它用过已遗忘的文档（{names}）"
    ),
    "`danlu run` makes one without them; `danlu forget --list` shows the orders.": (
        "`danlu run` 会生成不含它们的发布版；`danlu forget --list` 显示各条命令。"
    ),
    "The release {id} is not made current: {names} holds the text of a forgotten document": (
        "发布版 {id} 没有设为当前版本：{names} 含有已遗忘文档的文字"
    ),
    "`danlu forget` it too, under this name, or `danlu forget --lift` the earlier order.": (
        "请以这个名称也 `danlu forget` 它，或用 `danlu forget --lift` 撤回先前的命令。"
    ),
    "The current release {id} used a forgotten document, and nothing is deleted that is still served": (
        "当前发布版 {id} 用过已遗忘的文档，而仍在服务的内容不会被删除"
    ),
    "{stage} {id} is not sent: it used a document that was forgotten": "{stage} {id} 没有发送：它用过已遗忘的文档",
    "`danlu forget --rebuild --purge` makes what did not, and deletes what did. `danlu forget --list` shows the orders.": (
        "`danlu forget --rebuild --purge` 会生成没用过它的产物，并删除用过它的。`danlu forget --list` 显示各条命令。"
    ),
    "First make one without it: danlu forget --rebuild": "请先生成不含它的发布版：danlu forget --rebuild",
}

STORED: dict[str, str] = {
    # rejects
    "by its name": "按名称",
    "same text as a forgotten document": "与已遗忘的文档文字相同",
    "same bytes as a forgotten file": "与已遗忘的文件字节相同",
    "no order to forget it": "没有遗忘它的命令",
    # counts of what used a document
    "files": "文件",
    "train pairs": "训练问答对",
    "held-out pairs": "留出问答对",
    "questions": "问题",
    "train questions": "训练问题",
    "train pairs that were not reached": "训练未用到的问答对",
    "texts of removed duplicates": "已删除重复文档的文字",
    "blind documents": "盲测文档",
    "blind passages": "盲测段落",
    # places
    "your own file: danlu does not delete it": "您自己的文件：danlu 不会删除",
    "not searched: nothing here knows its text any more": "未搜索：这里已没有任何地方知道它的文字",
    "not searched: every sentence of it stands in another document too": "未搜索：它的每个句子也见于其他文档",
    "was sent this project: not looked into": "曾收到此项目：未查看其中内容",
    "could not be asked: it may hold what was pushed": "无法询问：可能存有推送过的内容",
    "was pushed there": "曾推送到那里",
    # what a record does not prove
    "the sources themselves: danlu never deletes a user's own files": "源文件本身：danlu 从不删除用户自己的文件",
    "backups, and copies that anybody made outside of this project: exports, downloads, logs of other programs": (
        "备份，以及任何人在项目之外留下的副本：导出、下载、其他程序的日志"
    ),
    "what was sent to others: remotes, jobs on other machines, paid models": "发给他方的内容：远程存储、其他机器上的作业、付费模型",
    "that a model which learnt from it would not say it: only a model made without it does not know it": (
        "学过它的模型不会说出它：只有不含它而生成的模型才不知道它"
    ),
    "blocks of the disk that the file system gave back: danlu overwrites what it deletes in its databases, not below them": (
        "文件系统已释放的磁盘块：danlu 会覆写其数据库中删除的内容，但不涉及更底层"
    ),
    # problems of records
    "the record is missing": "记录缺失",
    "the record is damaged": "记录已损坏",
    "the record before it was changed": "它之前的记录被改动",
    "the record has another number": "记录的编号不符",
    "signed by another key than the records before it": "签名密钥与之前的记录不同",
    "the record was changed after it was signed": "记录在签名之后被改动",
    # links
    "tuned model": "微调模型",
}
