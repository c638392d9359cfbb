"""Chinese for what is said of rows of conversations."""

CHINESE: dict[str, str] = {
    # kinds of JSON values
    "null": "null",
    "true or false": "true 或 false",
    "0 or 1": "0 或 1",
    "a number": "数字",
    "a text": "文本",
    "a list": "列表",
    # one message
    "{where}: {field} is {value!r}, expected {known}": "{where}：{field} 是 {value!r}，应为 {known}",
    "a reply is learnt, or it is context only: nothing in between": "一条回答要么被学习，要么只作上文，没有中间情况",
    "{where}: {fields} contradict each other": "{where}：{fields} 互相矛盾",
    "leave one of them": "请只保留其中之一",
    "{where}: {fields} asks to learn a message of role {role}": "{where}：{fields} 要求学习角色为 {role} 的消息",
    "only what the assistant says is learnt: take the field out": "只学习 assistant 所说的内容：请去掉此字段",
    "{where}: the field {field} says something of what is taught, and danlu does not learn from it": (
        "{where}：字段 {field} 涉及所教的内容，而 danlu 不会从中学习"
    ),
    "take the field out, or write what it says into the messages": "请去掉此字段，或把它的内容写进消息",
    "{where}: reasoning_content is {kind}, expected text": "{where}：reasoning_content 是{kind}，应为文本",
    "{where}: reasoning_content in a message of role {role}": "{where}：角色为 {role} 的消息中有 reasoning_content",
    "{where}: content has a part that is no text, of type {kind}": "{where}：内容中有不是文本的部分，类型为 {kind}",
    "images, audio and files cannot be learnt from: leave this conversation out, or say in words what they show": (
        "无法从图片、音频和文件中学习：请略去这段对话，或用文字说明其内容"
    ),
    # one row
    "{where}: every reply is switched off, so nothing is learnt": "{where}：所有回答都被关闭，没有内容可学",
    "leave the conversation out, or switch one on": "请略去这段对话，或打开其中一条回答",
    "{where}: system says one thing, and a system message among the messages another": (
        "{where}：system 与消息中的系统消息说法不同"
    ),
    "{where}: system is {kind}, expected text": "{where}：system 是{kind}，应为文本",
    "{where}: label false marks a reply that is to be avoided": "{where}：label 为 false，表示这条回答应当避免",
    "{path}: conversation {id!r}: none of its replies is learnt": "{path}：对话 {id!r}：没有一条回答会被学习",
    "leave it out, or end it after a reply that is to be learnt": "请略去它，或让它在一条要学习的回答之后结束",
    "{remedy}": "{remedy}",
    # thoughts
    "reasoning_content, or the reply beside it, holds the control token {token!r}": (
        "reasoning_content 或它旁边的回答含有控制词元 {token!r}"
    ),
    "take it out: the template writes both as they are, and the model would obey it": (
        "请去掉它：模板会原样写出两者，模型会照它行事"
    ),
    "the chat template leaves out the reasoning_content of a reply": "对话模板漏掉了回答的 reasoning_content",
    "take a base model whose template writes thoughts, such as Qwen3's, or take the field out, or write the thought into the content": (
        "请使用模板会写出思考的基础模型（例如 Qwen3），或去掉此字段，或把思考写进 content"
    ),
    "the chat template puts a control token between the reasoning_content and the reply": (
        "对话模板在 reasoning_content 与回答之间放了控制词元"
    ),
    # how far a training reaches
    "{dropped} of {count} conversations are not reached: finetune.max_train_tokens={limit} ends the training before. "
    "All of them once are {once} tokens, and {passes} times (finetune.max_epochs) {whole}: "
    "--set finetune.max_train_tokens={whole} learns from all": (
        "{count} 段对话中有 {dropped} 段学不到：finetune.max_train_tokens={limit} 使训练提前结束。"
        "全部对话一遍是 {once} 个词元，{passes} 遍（finetune.max_epochs）是 {whole} 个："
        "--set finetune.max_train_tokens={whole} 可全部学到"
    ),
}

STORED: dict[str, str] = {
    "identical to an earlier one": "与前面某段相同",
    "ids used again": "重复使用的 id",
}
