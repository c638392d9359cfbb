"""Chinese for the comparison of two checkpoints."""

CHINESE: dict[str, str] = {
    "made from": "来源",
    "same": "相同",
    "differs": "不同",
    "setting": "设置",
    "training": "训练",
    "architecture": "结构",
    "adapter": "适配器",
    "made from other inputs: {names}": "输入不同：{names}",
    "made from the same inputs": "输入相同",
    "other architecture: {names}": "结构不同：{names}",
    "same architecture": "结构相同",
    "same tokenizer and chat template": "词表和对话模板相同",
    "other tokenizer or chat template: {one} tokens only in the first, {other} only in the second, {moved} with another id": (
        "词表或对话模板不同：{one} 个词元只在第一个中，{other} 个只在第二个中，{moved} 个编号不同"
    ),
    "no weights can be compared: names or shapes differ": "没有可比较的权重：名称或形状不同",
    "all weights are equal": "所有权重相同",
    "the weights differ by {share} of their length, most in {part} ({most})": (
        "权重之差为其长度的 {share}，最大处在 {part}（{most}）"
    ),
    "{count} tensors cannot be compared: one model lacks them, or they have another shape": (
        "{count} 个张量无法比较：其中一个模型没有它们，或形状不同"
    ),
    "only one of them has an adapter": "只有其中一个有适配器",
    "adapters: their numbers differ by {share} of their length": "适配器：数值之差为其长度的 {share}",
    "adapters: updates of length {one} and {other}, which lie {share} apart": (
        "适配器：更新的长度为 {one} 和 {other}，两者相距 {share}"
    ),
    "weights of": "权重所属",
    "numbers": "个数",
    "relative difference": "相对差",
    "other shape": "形状不同",
}
