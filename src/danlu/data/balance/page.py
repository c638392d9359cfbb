"""The report as one page: no script from elsewhere, plots as inline SVG, English and Chinese by a switch."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

_STYLE = """
:root{--ink:#1d2733;--soft:#5d6b7a;--bar:#2f6f9f;--mark:#c2571a;--line:#d9e0e7;--paper:#fbfcfd}
@media(prefers-color-scheme:dark){:root{--ink:#e6ebf0;--soft:#9fb0c0;--bar:#5aa4d8;--mark:#f0934d;--line:#334150;--paper:#151b22}}
body{font:15px/1.5 system-ui,"Noto Sans CJK SC",sans-serif;color:var(--ink);background:var(--paper);max-width:62rem;margin:0 auto;padding:1.5rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.05rem;margin:2rem 0 .4rem}p{margin:.3rem 0;color:var(--soft)}
.columns{display:grid;grid-template-columns:repeat(auto-fit,minmax(26rem,1fr));gap:0 2rem}
@media(max-width:30rem){.columns{grid-template-columns:1fr}}
svg{width:100%;max-width:34rem;height:auto;display:block}svg text{font-size:13px;fill:var(--ink)}svg .count{fill:var(--soft)}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25rem .6rem .25rem 0;border-bottom:1px solid var(--line);vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}.scroll{overflow-x:auto}
button{float:right;font:inherit;color:var(--ink);background:none;border:1px solid var(--line);border-radius:4px;padding:.2rem .7rem;cursor:pointer}
[data-lang=en] .zh,[data-lang=zh] .en{display:none}
"""
_SCRIPT = """
const root=document.documentElement;
const show=l=>{root.dataset.lang=l;root.lang=l==='zh'?'zh-CN':'en'};
show(location.hash==='#zh'||(!location.hash&&navigator.language.startsWith('zh'))?'zh':'en');
document.querySelector('button').onclick=()=>show(root.dataset.lang==='en'?'zh':'en');
"""
_MEANS = {
    "sentence_tokens": ("tokens per sentence", "每句词数"),
    "type_token": ("types by tokens", "词种比"),
    "mtld": ("MTLD", "MTLD"),
    "compression": ("compressed by raw size", "压缩比"),
    "question_share": ("questions, share of sentences", "问句占比"),
    "imperative_share": ("imperatives, share of sentences", "祈使句占比"),
    "formality": ("formality, −1 to 1", "正式程度，−1 到 1"),
    "polarity": ("tone, −1 negative to 1 positive", "情感，−1 负面到 1 正面"),
}
_VARIETY = {
    "distinct_1": ("different words by all words", "不同词 / 全部词"),
    "distinct_2": ("different pairs by all pairs", "不同二元组 / 全部二元组"),
    "distinct_3": ("different triples by all triples", "不同三元组 / 全部三元组"),
    "self_overlap_4": ("share of a document's 4-grams that another has", "与其他文档共有的四元组占比"),
    "compression": ("compressed by raw size", "压缩比"),
}
_NAMES = {
    "zh": "中文", "en": "英文", "und": "未知", "instruction": "指导说明", "conversation": "对话", "official": "公文", "narrative": "叙事",
    "news": "新闻", "technical": "技术", "undecided": "未定", "none": "无", "joy": "喜", "anger": "怒", "sadness": "哀", "fear": "惧",
    "surprise": "惊", "(none)": "（无）", "(several)": "（多个）", "female": "女性", "male": "男性",
}  # fmt: skip


def both(english: str, chinese: str) -> str:
    """A text in both languages, of which the page shows one."""
    return f'<span class="en">{escape(english)}</span><span class="zh">{escape(chinese)}</span>'


def page(report: Mapping[str, Any]) -> str:
    """The whole page."""
    counted = both(
        f"{report['documents']:,} documents, {report['tokens']:,} tokens",
        f"{report['documents']:,} 篇文档，{report['tokens']:,} 个词",
    )
    parts = [
        '<div class="columns">',
        *(_plot(report, name, *titles) for name, titles in _PLOTS.items()),
        "</div>",
        _topics(report),
        _means(report["means"]),
        _variety(report),
        _groups(report),
    ]
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>danlu balance</title>'
    title = both("What the corpus consists of", "语料的构成")
    body = f"<button>中文 / English</button><h1>{title}</h1><p>{counted}</p>{''.join(parts)}<script>{_SCRIPT}</script>"
    return f'<!doctype html><html data-lang="en" lang="en"><head>{head}<style>{_STYLE}</style></head><body>{body}</body></html>\n'


_PLOTS = {
    "language": ("Language", "语言"),
    "register": ("Register", "语体"),
    "length": ("Length, tokens per document", "长度（每篇词数）"),
    "emotion": ("Emotion", "情绪"),
    "domain": ("Domain: host or folder", "来源：网站或文件夹"),
}


def _plot(report: Mapping[str, Any], name: str, english: str, chinese: str) -> str:
    return f"<section><h2>{both(english, chinese)}</h2>{bars(list(report[name].items()))}</section>"


def bars(items: Sequence[tuple[str, int]], marks: Sequence[float] = ()) -> str:
    """Horizontal bars with their counts; `marks` are targets, in the unit of the counts."""
    most = max([count for _, count in items] + list(marks) + [1])
    total = sum(count for _, count in items) or 1
    rows = []
    for at, (name, count) in enumerate(items):
        y, width = 24 * at, 240 * count / most
        rows.append(_label(name, y + 16))
        rows.append(f'<rect x="170" y="{y + 4}" width="{width:.1f}" height="15" fill="var(--bar)"/>')
        if at < len(marks):
            x = 170 + 240 * marks[at] / most
            rows.append(
                f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y + 1}" y2="{y + 22}" stroke="var(--mark)" stroke-width="2.5"/>'
            )
        rows.append(
            f'<text class="count" x="{176 + max(width, 240 * (marks[at] if at < len(marks) else 0) / most):.1f}" y="{y + 16}">{count:,} · {count / total:.0%}</text>'
        )
    return f'<svg viewBox="0 0 510 {24 * len(items) + 4}" role="img">{"".join(rows)}</svg>'


def _label(name: str, y: int) -> str:
    chinese = _NAMES.get(name, name)
    texts = (("en", name), ("zh", chinese))
    return "".join(f'<text class="{lang}" x="0" y="{y}">{escape(_cut(text))}</text>' for lang, text in texts)


def _cut(text: str) -> str:
    """The end of a long name says most: the folder, not the root."""
    return text if len(text) <= 22 else f"…{text[-21:]}"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th class="{"n" if at else ""}">{cell}</th>' for at, cell in enumerate(header))
    body = "".join(
        "<tr>" + "".join(f'<td class="{"n" if at else ""}">{cell}</td>' for at, cell in enumerate(row)) + "</tr>"
        for row in rows
    )
    return f'<div class="scroll"><table><tr>{head}</tr>{body}</table></div>'


def _topics(report: Mapping[str, Any]) -> str:
    title = f"<h2>{both('Topics', '主题')}</h2>"
    if not report["topics"]:
        return title + f"<p>{both('too few documents to tell topics apart', '文档太少，无法区分主题')}</p>"
    note = both(f"of a sample of {report['sample']:,} documents", f"取自 {report['sample']:,} 篇样本")
    rows = [(escape(" · ".join(topic["terms"])), f"{topic['documents']:,}") for topic in report["topics"]]
    return f"{title}<p>{note}</p>" + _table((both("terms", "特征词"), both("documents", "文档")), rows)


def _means(means: Mapping[str, Mapping[str, float]]) -> str:
    languages = list(means)
    rows = [
        [both(*titles), *(f"{means[language][name]:.3g}" if name in means[language] else "–" for language in languages)]
        for name, titles in _MEANS.items()
    ]
    header = [both("mean of documents", "文档均值"), *(both(name, _NAMES.get(name, name)) for name in languages)]
    return f"<h2>{both('Words, sentences, tone', '用词、句式与语气')}</h2>" + _table(header, rows)


def _variety(report: Mapping[str, Any]) -> str:
    note = both(
        f"of a sample of {report['sample']:,} documents; compare samples of equal size",
        f"取自 {report['sample']:,} 篇样本；样本大小相同才可比较",
    )
    rows = [
        (both(*titles), "–" if report["variety"][name] is None else f"{report['variety'][name]:.3f}")
        for name, titles in _VARIETY.items()
    ]
    return f"<h2>{both('Variety', '多样性')}</h2><p>{note}</p>" + _table(
        (both("measure", "指标"), both("value", "值")), rows
    )


def _groups(report: Mapping[str, Any]) -> str:
    groups = report["groups"]
    title = f"<h2>{both('Groups by', '分组：')} {escape(report['group_by'])}</h2>"
    note = both("bars: documents; marks: the target", "条：文档数；竖线：目标")
    plot = bars(
        [(group["group"], group["documents"]) for group in groups],
        [group["target"] * report["documents"] for group in groups],
    )
    rows = [
        (
            both(g["group"], _NAMES.get(g["group"], g["group"])),
            f"{g['share']:.1%}",
            f"{g['target']:.1%}",
            f"{g['tokens']:,}",
            _weights(g["weights"]),
        )
        for g in groups
    ]
    header = (
        both("group", "组"),
        both("share", "占比"),
        both("target", "目标"),
        both("tokens", "词数"),
        both("weight", "权重"),
    )
    return f"{title}<p>{note}</p>{plot}" + _table(header, rows) + _left(report) + _association(report["association"])


def _left(report: Mapping[str, Any]) -> str:
    """Which groups keep their share since they are too small."""
    if not report["too_small"]:
        return ""
    named = ", ".join(report["too_small"])
    told = both(
        f"too small to be evened out, so that they keep their share: {named}",
        f"文档太少、不参与平衡而保持原有占比的组：{named}",
    )
    return f"<p>{told}</p>"


def _weights(weights: Mapping[str, float]) -> str:
    return "<br>".join(f"{escape(label)} {weight:.3g}".strip() for label, weight in weights.items())


def _association(value: float | None) -> str:
    if value is None:
        return ""
    return f"<p>{both(f'group and label hang together: Cramér’s V {value:.3f}', f'组与标签的关联：Cramér V {value:.3f}')}</p>"
