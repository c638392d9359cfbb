"""Chinese for fetch."""

CHINESE: dict[str, str] = {
    "{rule} ({count})": "{rule}（{count}）",
    "{before}, {next}": "{before}、{next}",
    "it is empty": "来源为空",
    "Left out by a bound: raise {settings} with --set if it should come.": "部分内容因上限略去：如需获取，请用 --set 提高 {settings}。",
    "{new} new, {kept} kept from before.": "新增 {new} 项，原有 {kept} 项保留。",
    "Nothing new: {kept} asked again and unchanged.": "没有新内容：已重新核对 {kept} 项，均无变化。",
    "Nothing new: {kept} kept from before. --refresh asks again.": "没有新内容：原有 {kept} 项保留。加 --refresh 可重新核对。",
    "{endpoint} does not answer as a hub does: {start}": "{endpoint} 的应答不像数据集平台：{start}",
    "Check {variable}_ENDPOINT and the proxy.": "请检查 {variable}_ENDPOINT 和代理设置。",
    "{reason}: {value}": "{reason}：{value}",
    "{crawl} has the {kind} files 0 to {last}": "{crawl} 的 {kind} 文件编号为 0 至 {last}",
    "Name a range among them.": "请指定其中的范围。",
    "{failed} of {count} records of {label} failed": "{label} 的 {count} 条记录中有 {failed} 条失败",
    "What was fetched is kept: the same command asks for the rest again; fetch.jsonl says why.": (
        "已获取的部分保留：再次运行同一命令会重取其余部分；原因见 fetch.jsonl。"
    ),
    "{crawl} has no pages for {url}": "{crawl} 中没有符合 {url} 的网页",
    "A host and all below it is written *.example.org/*": "某主机及其下所有网页写作 *.example.org/*",
    "{source} names nothing of Common Crawl": "{source} 不是 Common Crawl 的内容",
    "For example cc:CC-MAIN-2026-10?url=*.example.org/*&limit=100 (in quotes), or cc:CC-MAIN-2026-10/wet/00000-00001.": (
        "例如 cc:CC-MAIN-2026-10?url=*.example.org/*&limit=100（加引号），或 cc:CC-MAIN-2026-10/wet/00000-00001。"
    ),
    "The list of paths of {crawl} is damaged: {error}": "{crawl} 的路径列表已损坏：{error}",
    "{url} cannot be had: {problem}": "无法获取 {url}：{problem}",
    "Try again later, or name a mirror with --set common_crawl.data_url=... and common_crawl.index_url=...": (
        "请稍后再试，或用 --set common_crawl.data_url=... 和 common_crawl.index_url=... 指定镜像"
    ),
    "Common Crawl has nothing at {url}": "Common Crawl 在 {url} 没有内容",
    "Check the crawl's name and the query.": "请检查抓取批次名称和查询条件。",
    "{folder} holds {held} already, and not {asked}": "{folder} 中已有 {held}，而不是 {asked}",
    "Name a new folder after --out, or ask for the same as before.": "请在 --out 后指定新文件夹，或请求与之前相同的内容。",
    "A key of type {kind} cannot be read by": "不能按 {kind} 类型的键读取",
    "Choose a --key-column of numbers, text or dates.": "请用 --key-column 选择数字、文本或日期列。",
    "The database broke off at row {rows} of {label}: {problem}": "数据库在 {label} 第 {rows} 行处中断：{problem}",
    "What was read is kept: the same command goes on behind the last key.": "已读取的部分保留：再次运行同一命令会从最后一个键之后继续。",
    "{text} is no source that danlu can fetch": "danlu 无法获取 {text} 这种来源",
    "Sources begin with {schemes}. Files that you have already need no fetch: danlu clean FOLDER. Did you mean {near}?": (
        "来源须以 {schemes} 开头。已有的文件无需获取：danlu clean FOLDER。您是否想用 {near}？"
    ),
    "Sources begin with {schemes}. Files that you have already need no fetch: danlu clean FOLDER.": (
        "来源须以 {schemes} 开头。已有的文件无需获取：danlu clean FOLDER。"
    ),
    "{id} has no configuration {config}": "{id} 没有配置 {config}",
    "Did you mean {near}? It has: {known}.": "您是否想用 {near}？可选：{known}。",
    "{id} has no data files for {part}": "{id} 没有 {part} 的数据文件",
    "It has: {paths}": "其中有：{paths}",
    "{source} does not name a data set": "{source} 不是数据集名称",
    "The form is {scheme}:owner/name, with :configuration, @revision and /split behind it where needed.": (
        "格式为 {scheme}:owner/name，需要时在后面加 :配置、@版本 和 /子集。"
    ),
    "{id} is private, gated, or not there: status {status}": "{id} 为私有、受限或不存在：状态码 {status}",
    "Accept its terms on its page, then set {variable}_TOKEN to your access token.": (
        "请在其页面接受条款，然后将 {variable}_TOKEN 设为您的访问令牌。"
    ),
    "{endpoint} has no data set {id}, or not that revision": "{endpoint} 上没有数据集 {id} 或该版本",
    "Check the name on its page.": "请在其页面核对名称。",
    "{endpoint} answered with status {status}": "{endpoint} 返回状态码 {status}",
    "Try again later.": "请稍后再试。",
    "{endpoint} cannot be reached: {problem}": "无法连接 {endpoint}：{problem}",
    "Without the internet: set {variable}_ENDPOINT to a mirror in your network (with --allow-private), or copy"
    " the files by hand and name their folder: danlu clean FOLDER --out corpus.": (
        "没有互联网时：将 {variable}_ENDPOINT 设为内网镜像（并加 --allow-private），或手工复制文件后指定其文件夹："
        "danlu clean FOLDER --out corpus。"
    ),
    "C4 has {found} of the {count} shards of {part} that were asked for": "所请求的 {part} 的 {count} 个分片中，C4 只有 {found} 个",
    "Its parts are: {known}.": "可选部分：{known}。",
    "The Pile has the shards 00 to 29": "The Pile 的分片编号为 00 至 29",
    "For example pile:00-02.": "例如 pile:00-02。",
    "{source} names no shards": "{source} 没有指明分片",
    "For example c4:en/00000-00003, c4:zh/00000, pile:00-02.": "例如 c4:en/00000-00003、c4:zh/00000、pile:00-02。",
    "There is no column {name}": "没有列 {name}",
    "Did you mean {near}? The columns are: {known}.": "您是否想用 {near}？现有列：{known}。",
    "No such database file: {path}": "数据库文件不存在：{path}",
    "Write sql:sqlite:///FILE.": "请写作 sql:sqlite:///FILE。",
    "Which column is the text?": "哪一列是正文？",
    "Add --text-column; the columns are: {known}.": "请加 --text-column；现有列：{known}。",
    "There is no primary key to read by": "没有可供读取的主键",
    "Add --key-column with a column that is unique (several: repeat it); the columns are: {known}.": (
        "请用 --key-column 指定取值唯一的列（多列则重复该选项）；现有列：{known}。"
    ),
    "{count} rows have no {key}": "{count} 行没有 {key}",
    "A key must be filled in every row: choose another --key-column.": "键在每一行都须有值：请换一个 --key-column。",
    "Several rows have {key} = {value}": "多行的 {key} 均为 {value}",
    "A key must be unique: add another --key-column.": "键须唯一：请再加一个 --key-column。",
    "The database has no table {name}": "数据库中没有表 {name}",
    "A database needs a table or a query": "读取数据库须指定表或查询",
    "Add either --table NAME or --query 'SELECT ...'.": "请加 --table NAME 或 --query 'SELECT ...' 之一。",
    "sql: is followed by no database URL": "sql: 之后不是数据库地址",
    "For example sql:sqlite:///handbook.db or sql:postgresql://reader@db.example.org/handbook": (
        "例如 sql:sqlite:///handbook.db 或 sql:postgresql://reader@db.example.org/handbook"
    ),
    "The driver for {kind} is not installed": "未安装 {kind} 的驱动",
    "Install the driver, such as psycopg[binary] or pymysql, or name another one: postgresql+DRIVER://...": (
        "请安装驱动，如 psycopg[binary] 或 pymysql，或指定其他驱动：postgresql+DRIVER://..."
    ),
    "{database} refuses: {problem}": "{database} 拒绝：{problem}",
    "Correct --table or --query.": "请改正 --table 或 --query。",
    "{database} cannot be read: {problem}": "无法读取 {database}：{problem}",
    "{database} cannot be reached: {problem}": "无法连接 {database}：{problem}",
    "Check host, port, name and password; then run again.": "请检查主机、端口、库名和密码，然后再次运行。",
    "{label} is {total} bytes, and {max_bytes} are allowed": "{label} 共 {total} 字节，上限为 {max_bytes} 字节",
    "Ask for a part of it (a configuration, a split, a range of files), or raise download.max_bytes with --set.": (
        "请只取一部分（某个配置、子集或文件范围），或用 --set 提高 download.max_bytes。"
    ),
    "{failed} of {count} files of {label} failed; first {path}: {reason}, {value}": (
        "{label} 的 {count} 个文件中有 {failed} 个失败；首个为 {path}：{reason}，{value}"
    ),
    "What was fetched is kept: the same command continues there.": "已获取的部分保留：再次运行同一命令会继续。",
    "Every address with what became of it: {path}": "每个地址的结果见：{path}",
    "Next: danlu clean {out} --out corpus": "下一步：danlu clean {out} --out corpus",
    "danlu fetch needs the package {package}": "danlu fetch 需要软件包 {package}",
    "Install it: pip install 'danlu[fetch]'": "请安装：pip install 'danlu[fetch]'",
    "source": "来源",
    "reason": "原因",
    "fetch": "获取",
    "fetch documents from outside into a folder that other commands read": "从外部获取文档，存入其他命令可读取的文件夹",
    "https://SITE/FOLDER/, sql:DATABASE-URL, hf:OWNER/NAME, ms:OWNER/NAME, c4:en/00000, pile:00,"
    " cc:CRAWL?url=PATTERN, url:FILE-URL": (
        "https://SITE/FOLDER/、sql:DATABASE-URL、hf:OWNER/NAME、ms:OWNER/NAME、c4:en/00000、pile:00、"
        "cc:CRAWL?url=PATTERN、url:FILE-URL"
    ),
    "folder for what is fetched; the same command goes on there": "存放结果的文件夹；再次运行同一命令会在此继续",
    "table or view of a database": "数据库的表或视图",
    "a SELECT instead of a table": "用 SELECT 查询代替表",
    "column with the text (several: repeat it)": "正文所在的列（多列则重复该选项）",
    "unique column to read by; default: the table's primary key": "按哪个取值唯一的列读取；默认为表的主键",
    "column with the title": "标题所在的列",
    "ask again for what is finished: only what changed is fetched": "重新核对已完成的来源：只获取有变化的部分",
    "allow addresses that are not public, such as an intranet's": "允许非公网地址，例如内网地址",
    "url:{url} names no file": "url:{url} 没有指明文件",
    "For example url:https://example.org/data/part-00.jsonl.zst": "例如 url:https://example.org/data/part-00.jsonl.zst",
    "{source} leads to an address that is not public": "{source} 指向非公网地址",
    "Add --allow-private if that is meant: an intranet, a site on this machine, a proxy with addresses of its own.": (
        "如确需如此（内网、本机站点、使用自有地址的代理），请加 --allow-private。"
    ),
    "Nothing was fetched from {source}: {reasons}; first {item}: {value}": (
        "未能从 {source} 获取任何内容：{reasons}；首个为 {item}：{value}"
    ),
    "fetch.jsonl names every address with its reason.": "每个地址及原因见 fetch.jsonl。",
    "{source} was given up after {count}: {reasons}": "{source} 在获取 {count} 项后放弃：{reasons}",
    "The same command goes on where it stopped; later may be better.": "再次运行同一命令会从停下处继续；不妨稍后再试。",
    "{url} is no web address": "{url} 不是网址",
    "For example https://www.example.org/docs/": "例如 https://www.example.org/docs/",
}

STORED: dict[str, str] = {
    "unknown": "未知",
    "fetched": "已获取",
    "skipped": "已跳过",
    "failed": "失败",
    "not refreshed, kept as it was": "未能更新，保留原样",
    "another host": "属于其他主机",
    "private address": "非公网地址",
    "robots.txt forbids": "robots.txt 禁止",
    "robots.txt cannot be had": "无法获取 robots.txt",
    "robots.txt asks to wait": "robots.txt 要求的间隔过长",
    "reserved against training": "声明保留训练权利",
    "noindex": "要求不收录（noindex）",
    "canonical elsewhere": "规范网址在别处",
    "redirects": "重定向",
    "redirects away": "重定向到范围之外",
    "redirect loop": "循环重定向",
    "too many redirects": "重定向过多",
    "same content": "内容相同",
    "content type": "内容类型不符",
    "content encoding": "内容编码无法解读",
    "too large": "过大",
    "too deep": "层级过深",
    "too many variants": "同一路径的变体过多",
    "URL too long": "网址过长",
    "path repeats itself": "路径反复重复",
    "page limit": "达到页数上限",
    "size limit": "达到大小上限",
    "server busy": "服务器繁忙",
    "server error": "服务器出错",
    "HTTP status": "HTTP 状态",
    "{reason}, HTTP status {status}": "{reason}，HTTP 状态 {status}",
    "timed out": "超时",
    "no connection": "无法连接",
    "connection broke": "连接中断",
    "host given up": "已放弃该主机",
    "not a URL": "不是网址",
    "checksum differs": "校验和不符",
    "unsafe name": "不安全的文件名",
    "no data file": "不是数据文件",
    "not asked for": "未请求",
    "index line damaged": "索引行已损坏",
    "record damaged": "记录已损坏",
}
