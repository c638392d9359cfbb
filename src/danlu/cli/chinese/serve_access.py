"""What keys, the audit log, limits and measurements say in Chinese."""

CHINESE: dict[str, str] = {
    "check and read the server's log of who asked what model": "校验并查看服务的审计日志：谁问了哪个模型",
    "check that no record was changed, removed or put in": "校验记录没有被修改、删除或插入",
    "the last record of an earlier check, which has to be there still": "之前某次校验得到的最后一条记录，它必须仍在",
    "print every record as one line of JSON": "逐条打印记录，每条一行 JSON",
    "write what Prometheus and Grafana need to watch the server: scrape configuration, alerts, dashboard": (
        "生成 Prometheus 和 Grafana 监控所需的文件：采集配置、告警规则、仪表盘"
    ),
    "folder to write the files to": "写入文件的文件夹",
    "where the server is (default 127.0.0.1:8000)": "服务所在地址（默认 127.0.0.1:8000）",
    "user asks models (default); monitor also reads measurements; admin also reads feedback": (
        "user 可提问（默认）；monitor 另可读取监控指标；admin 另可读取反馈"
    ),
    "a model that it may use, * for any ending; may be repeated (default: all)": (
        "可使用的模型，* 代表任意结尾；可重复给出（默认：全部）"
    ),
    "days after which it stops working (default: never)": "多少天后失效（默认：永不失效）",
    "a limit of its own, such as tokens_per_day=100000; may be repeated": "单独的限额，例如 tokens_per_day=100000；可重复给出",
    "ends": "失效",
    "role": "角色",
    "models": "模型",
    "limits": "限额",
    "revoked {at}": "{at} 吊销",
    "--days is {days}": "--days 是 {days}",
    "Give a number above 0, up to 36500.": "请给出大于 0、不超过 36500 的数。",
    "--limit is {found}": "--limit 是 {found}",
    "Give NAME=NUMBER; the names are: {names}.": "请给出 名称=数值；可用的名称：{names}。",
    "the limit {name} is {value}": "限额 {name} 是 {value}",
    "{count} records, none changed or missing": "共 {count} 条记录，没有被修改或缺失的",
    "Note this elsewhere, for `--head` of a later check: {head}": "请把这一行另存他处，供以后校验时用于 `--head`：{head}",
    "--head is {found}": "--head 是 {found}",
    "Give NUMBER:HASH as `danlu audit verify` printed it.": "请按 `danlu audit verify` 打印的形式给出 编号:哈希。",
    "Put a key of `danlu keys create --role monitor` into danlu.key beside prometheus.yaml.": (
        "请把 `danlu keys create --role monitor` 得到的密钥存入 prometheus.yaml 旁的 danlu.key。"
    ),
    "Give another folder.": "请换一个文件夹。",
    "Give another file, or `-`.": "请换一个文件，或用 `-`。",
    "Move it away: a new one is made, without what this one counted.": "请把它移走：会新建一个，其中没有它所记的用量。",
    "{path} could not be written for too long": "{path} 长时间无法写入",
    "Make room on the disk.": "请腾出磁盘空间。",
    "{path} is not there": "{path} 不存在",
    "The gateway makes it at its first start.": "服务首次启动时会创建它。",
    "It was damaged or is of another program: put the copy of a backup in its place.": "它已损坏或属于其他程序：请用备份替换。",
    "The audit log is not what was written: record {number} {how}": "审计日志与当初写入的不符：第 {number} 条记录{how}",
    "Records before it are as they were. Compare the file with its backups.": "在它之前的记录都未变。请与备份比对。",
    "is missing": "缺失",
    "was changed": "被修改",
    "is not the one that was noted": "不是当时记下的那一条",
    "`NAME: NUMBER` lines": "若干 `名称: 数值` 行",
    "`models:`, `limits:`, `guards:` and `observe:`": "`models:`、`limits:`、`guards:` 和 `observe:`",
    "`log:`, `texts:`, `traces:` and `durable:`": "`log:`、`texts:`、`traces:` 和 `durable:`",
    "who makes the content, such as the name or the credit code of the organisation": (
        "内容的制作者，例如组织名称或统一社会信用代码"
    ),
    "mask or keep: whether personal data is masked before it leaves": "mask 或 keep：个人信息在发出前是否遮盖",
    "{where}: `personal` is {found!r}": "{where}：`personal` 是 {found!r}",
    "let a suspended key ask again": "恢复被暂停的密钥",
    "{id} may ask again": "{id} 可以继续提问",
    "`label:`": "`label:`",
    "`keep_days:`": "`keep_days:`",
    "days for which answers are kept to be judged": "为收集反馈而保存回答的天数",
    "danlu.yaml: serve.feedback: `keep_days` is {days:g}": "danlu.yaml: serve.feedback：`keep_days` 是 {days:g}",
    "Give a number of days from 1 to 3650.": "请给出 1 到 3650 之间的天数。",
    "Is it the file of a gateway?": "它是网关的文件吗？",
    "read what people think of answers, and learn from it": "查看人们对回答的评价，并用于学习",
    "show what people think of answers": "显示人们对回答的评价",
    "write corrections, preferences and ratings as rows to train on": "把更正、偏好和评分写成训练数据",
    "{count} answers judged: {up} good, {down} bad, {corrected} corrected": "{count} 个回答有评价：{up} 个好，{down} 个差，{corrected} 个有更正",
    "rating": "评分",
    "when": "时间",
    "tags": "标签",
    "the header {name} cannot be sent: it holds line breaks or other controls": "标头 {name} 无法发送：含有换行或其他控制字符",
    "Look at where its value comes from.": "请检查它的值从何而来。",
    "correction or comment": "更正或评论",
    "{path}: {count} rows": "{path}：{count} 行",
    "a number above 0": "大于 0 的数",
    "a whole number above 0": "大于 0 的整数",
    "the path of a file, or `-` for the terminal": "文件路径，或用 `-` 表示终端",
    "the address of an OpenTelemetry collector, such as http://127.0.0.1:4318": (
        "OpenTelemetry 采集器的地址，例如 http://127.0.0.1:4318"
    ),
}
