"""Chinese for the methods of fine-tuning."""

CHINESE: dict[str, str] = {
    "what is trained: all weights, or one of the adapters (default lora)": "训练什么：全部权重，或某种适配器（默认 lora）",
    "go on from this adapter of the same base, method and settings": "从此适配器继续训练；基础模型、方法和设置须相同",
    "the saved checkpoint is not the model that was trained: logits differ by {found:.2e} where {allowed:.2e} is allowed": (
        "保存的检查点与训练出的模型不一致：logits 相差 {found:.2e}，允许 {allowed:.2e}"
    ),
    "method ia3 does not know the layers of {architecture}": "方法 ia3 不认识 {architecture} 的层",
    "method houlsby does not know the layers of {architecture}": "方法 houlsby 不认识 {architecture} 的层",
    "models built like LLaMA are known; tune this one with method=lora": "只认识结构与 LLaMA 相同的模型；此模型请用 method=lora 微调",
    "method qlora needs the package bitsandbytes": "方法 qlora 需要软件包 bitsandbytes",
    "pip install 'danlu[train,quantize]'": "pip install 'danlu[train,quantize]'",
    "method {method} cannot go on from an adapter": "方法 {method} 不能从适配器继续训练",
    "full trains no adapter, and p_tuning keeps only what its encoder computed: use lora, or prompt": (
        "full 不训练适配器，p_tuning 只保存编码器算出的结果：请用 lora 或 prompt"
    ),
    "{folder} was trained by method {found}, and method {method} is asked for": (
        "{folder} 是用方法 {found} 训练的，而要求的方法是 {method}"
    ),
    "--set finetune.method={found}": "--set finetune.method={found}",
    "{folder} has {name} {found}, and {wanted} is asked for": "{folder} 的 {name} 为 {found}，而要求的是 {wanted}",
    "--set finetune.{name}={found}": "--set finetune.{name}={found}",
    "{folder} is an adapter of another base model: the weights that it was trained on have another hash": (
        "{folder} 是另一个基础模型的适配器：训练它时所用权重的哈希值不同"
    ),
    "{folder} is an adapter of another base model: its weights do not fit this one": (
        "{folder} 是另一个基础模型的适配器：其权重与此模型不符"
    ),
    "name the model that it was trained on after --base": "请在 --base 后写明训练它时所用的模型",
    "{folder} is no adapter: adapter_config.json and adapter_model.safetensors are expected": (
        "{folder} 不是适配器：应有 adapter_config.json 和 adapter_model.safetensors"
    ),
    "name the folder `adapter` of a tuned checkpoint": "请写明微调后检查点中的 `adapter` 文件夹",
    "{folder} is an adapter of the kind {kind}, which danlu does not train": "{folder} 是 {kind} 类适配器，danlu 不训练这一类",
    "known are {known}": "已知的有 {known}",
    "{folder} was tuned by {method}, which is not merged into weights, so nothing can be trained on top of it": (
        "{folder} 是用 {method} 微调的，结果没有并入权重，因此不能在其上再训练"
    ),
    "danlu finetune --base path:{folder}/base --adapter {folder}/adapter goes on with its adapter": (
        "用 danlu finetune --base path:{folder}/base --adapter {folder}/adapter 可继续训练其适配器"
    ),
    "take the adapter's folder again from where it was made": "请从生成处重新复制适配器文件夹",
    "{folder}: the tokenizer gives ids up to {highest} ({token!r}), and the model has embeddings for {count}": (
        "{folder}：分词器给出的编号最大为 {highest}（{token!r}），而模型只有 {count} 个词向量"
    ),
    "take tokenizer.json from the folder that the model comes from; for added tokens the embeddings must be enlarged first": (
        "请使用模型原文件夹中的 tokenizer.json；若新增了词元，须先扩大词向量"
    ),
    "{path} has {count} conversations, and {least} are the least": "{path} 只有 {count} 段对话，至少需要 {least} 段",
    "so few are learnt by heart, and nothing else from them; --set finetune.min_conversations={count} trains all the same": (
        "对话太少只会被背下来，学不到别的；--set finetune.min_conversations={count} 可强制训练"
    ),
    "{path}: conversation {id!r}: {problem}": "{path}：对话 {id!r}：{problem}",
    "correct this conversation: the base model's chat template cannot write it": (
        "请更正这段对话：基础模型的对话模板无法写出它"
    ),
    "{path}: conversation {id!r} has {tokens} tokens, and {limit} are the most": (
        "{path}：对话 {id!r} 有 {tokens} 个词元，最多允许 {limit} 个"
    ),
    "shorten it, raise finetune.sequence_tokens, or --set finetune.long_conversations=split (or leave_out)": (
        "请缩短它，或调高 finetune.sequence_tokens，或设置 --set finetune.long_conversations=split（或 leave_out）"
    ),
    "a tool or a tool call holds the control token {token!r}": "工具或工具调用中含有控制词元 {token!r}",
    "take it out: the template writes tools and calls as they are, and the model would obey it": (
        "请去掉它：模板会原样写出工具和调用，模型会照它行事"
    ),
    "the chat template leaves out the tools {names}": "对话模板漏掉了工具 {names}",
    "take a base model whose template knows tools, or describe them in the system message": (
        "请使用模板支持工具的基础模型，或在系统消息中说明工具"
    ),
    "the chat template does not write the tool call {names} as a reply": "对话模板没有把工具调用 {names} 写成回答",
    "take a base model whose template knows tools, or write the call as the text of the reply": (
        "请使用模板支持工具的基础模型，或把调用写成回答的文字"
    ),
    "the chat template writes tool calls otherwise than replies": "对话模板写工具调用的方式与回答不同",
    "take a base model whose template writes both between the same tokens, such as Qwen's": (
        "请使用把两者写在同样词元之间的基础模型，例如 Qwen"
    ),
    "{where}: tool_calls in a message of role {role}": "{where}：角色为 {role} 的消息中有 tool_calls",
    "{where}: {name} is no list of objects": "{where}：{name} 不是对象列表",
}

STORED: dict[str, str] = {
    "loss {first} to {last} nats per token; at first worse than a guess: does the tokenizer belong to this model?": (
        "损失：每词元 nat 由 {first} 变为 {last}；起初比随机猜测还差：分词器是否属于此模型？"
    ),
    "split conversations": "拆分的对话",
    "exchanges left out": "略去的问答",
    "trained parameters": "训练的参数",
}
