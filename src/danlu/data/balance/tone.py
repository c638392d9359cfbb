"""Register, formality, tone and emotion of a text, by small word lists in Chinese and English.

Rates per hundred tokens of words that mark a manner of writing (Biber 1988 for the idea); polarity by counting with
negation (as in Turney 2002 and the lexicon tradition after it). Small lists tell corpora apart, not single sentences: a document
with fewer than three marks is left undecided.
"""

import re
from collections.abc import Sequence

VERSION = 1

REGISTERS: dict[str, dict[str, str]] = {
    "instruction": {
        "en": "click press select type enter choose run install open use add set see make sure must should can you your step following",
        "zh": "请 点击 选择 输入 按 打开 运行 安装 设置 使用 执行 您 您的 必须 可以 应 步骤 如下 以下 命令 即可 按照",
    },
    "conversation": {
        "en": "i i'm i've me my yeah ok okay hi hello thanks please well oh you're don't can't it's that's really just lol",
        "zh": "我 你 咱们 吗 吧 呢 啊 呀 哦 嗯 哈哈 谢谢 你好 真的 觉得 啦 嘛 怎么 什么 挺",
    },
    "official": {
        "en": "shall hereby pursuant herein thereof provision article law regulation act committee council party accordance agreement",
        "zh": "应当 规定 依法 本法 条例 办法 予以 不得 有关 部门 机关 依照 按照 委员会 会议 贯彻 落实 工作 单位 决定",
    },
    "narrative": {
        "en": "said was were had went came told looked thought felt asked knew then when once day night eyes face man woman",
        "zh": "说 说道 了 着 那天 后来 突然 看着 走 笑 心里 眼睛 一天 晚上 早晨 起来 他 她 孩子 时候",
    },
    "news": {
        "en": "percent million government president minister according reported officials announced year company market police today",
        "zh": "记者 报道 日电 新华社 消息 发布 表示 介绍 据 今年 亿元 万元 总理 主席 举行 同比 增长 市场 政府 近日",
    },
    "technical": {
        "en": "function returns parameter value type array class object default string file data method argument error version model input output",
        "zh": "参数 函数 返回 数据 文件 系统 类型 默认 版本 模型 接口 配置 变量 错误 对象 方法 服务器 程序 软件包 目录",
    },
}
FORMAL: dict[str, str] = {
    "en": "therefore however moreover furthermore thus hence whereas consequently nevertheless regarding concerning upon shall",
    "zh": "因此 然而 此外 从而 以及 及其 与 之 其 均 予以 进行 该 若 亦 并且 鉴于 综上 其中 即",
}
INFORMAL: dict[str, str] = {
    "en": "don't can't it's i'm you're gonna wanna kinda stuff lots okay ok yeah hey cool awesome guys really",
    "zh": "吧 啊 呢 嘛 啦 哦 呀 哈 挺 超 特别 真的 咋 啥 搞 蛮 就是 这个 那个 东西",
}
POSITIVE: dict[str, str] = {
    "en": "good great excellent best better love loved nice happy wonderful perfect easy useful helpful fast beautiful enjoy recommend success",
    "zh": "好 很好 不错 喜欢 满意 优秀 漂亮 精彩 高兴 快乐 方便 舒服 推荐 值得 成功 美丽 感谢 实用 完美 热情",
}
NEGATIVE: dict[str, str] = {
    "en": "bad worst worse poor hate hated terrible awful sad angry slow broken fail failed error wrong problem useless disappointed ugly",
    "zh": "差 坏 糟 糟糕 失望 讨厌 难受 生气 悲伤 慢 错误 失败 问题 不好 垃圾 麻烦 后悔 脏 吵 贵",
}
EMOTIONS: dict[str, dict[str, str]] = {
    "joy": {"en": "happy joy love smile laugh delighted glad enjoy fun", "zh": "高兴 快乐 开心 喜欢 笑 幸福 愉快 欢乐 喜悦"},
    "anger": {"en": "angry anger furious hate rage annoyed outrage mad", "zh": "生气 愤怒 恼火 讨厌 气愤 怒 恨 可恶 不满"},
    "sadness": {"en": "sad cry tears grief sorrow lonely regret unhappy miss", "zh": "悲伤 难过 伤心 哭 眼泪 孤独 遗憾 痛苦 失望"},
    "fear": {"en": "afraid fear scared worry worried danger terrified panic", "zh": "害怕 恐惧 担心 危险 紧张 惊慌 可怕 不安 怕"},
    "surprise": {"en": "surprised suddenly amazing unexpected astonished wow shock", "zh": "惊讶 突然 竟然 居然 意外 吃惊 震惊 没想到"},
}  # fmt: skip
NEGATIONS = frozenset(
    "not no never hardly without isn't don't doesn't didn't can't won't 不 没 没有 别 无 未 不是 不太 并不".split()
)
_FEW = 3
_LEAST_RATE = 0.5
"""Marks per hundred tokens: fewer decide nothing."""
_IMPERATIVE = re.compile(
    r"\s*(?:[-*•\d.)]+\s*)?(?:(?:please\s+)?(?:click|press|select|type|enter|choose|run|install|open|use|add|set|see|make|check|do|go"
    r"|keep|let|note|remember|try|read|write|create|remove|delete|copy|call|ensure|consider|do not|don't)\b|请|勿|不要|切勿|务必)",
    re.IGNORECASE,
)


def _marks(words: dict[str, str]) -> frozenset[str]:
    return frozenset(word for text in words.values() for word in text.split())


_REGISTER_MARKS = {name: _marks(words) for name, words in REGISTERS.items()}
_EMOTION_MARKS = {name: _marks(words) for name, words in EMOTIONS.items()}
_FORMAL, _INFORMAL, _POSITIVE, _NEGATIVE = _marks(FORMAL), _marks(INFORMAL), _marks(POSITIVE), _marks(NEGATIVE)


def register_of(tokens: Sequence[str]) -> str:
    """The register whose marks are the densest; `undecided` with few of them."""
    found = {name: sum(token in marks for token in tokens) for name, marks in _REGISTER_MARKS.items()}
    best = max(sorted(found), key=lambda name: found[name])
    return best if found[best] >= _FEW and found[best] * 100 >= _LEAST_RATE * len(tokens) else "undecided"


def formality(tokens: Sequence[str]) -> float | None:
    """-1 (informal) to 1 (formal): of the marks of either kind, how many more are formal; None with fewer than three."""
    return _lean(sum(token in _FORMAL for token in tokens), sum(token in _INFORMAL for token in tokens))


def polarity(tokens: Sequence[str]) -> float | None:
    """-1 (negative) to 1 (positive); a mark within two tokens after a negation counts for the other side."""
    positive = negative = 0
    for at, token in enumerate(tokens):
        good, bad = token in _POSITIVE, token in _NEGATIVE
        if good or bad:
            turned = any(before in NEGATIONS for before in tokens[max(at - 2, 0) : at])
            positive += good != turned
            negative += good == turned
    return _lean(positive, negative)


def emotion_of(tokens: Sequence[str]) -> str:
    """The emotion with the most marks; `none` with fewer than three."""
    found = {name: sum(token in marks for token in tokens) for name, marks in _EMOTION_MARKS.items()}
    best = max(sorted(found), key=lambda name: found[name])
    return best if found[best] >= _FEW else "none"


def is_imperative(sentence: str) -> bool:
    """Whether a sentence begins as an order or a request does."""
    return _IMPERATIVE.match(sentence) is not None


def _lean(more: int, less: int) -> float | None:
    return round((more - less) / (more + less), 3) if more + less >= _FEW else None
