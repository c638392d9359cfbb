"""The report of a cleaning run as one HTML page: no network, no scripts but a switch of language, plots as inline SVG."""

from html import escape
from typing import Any

from danlu.data.rule_words import MEANINGS

_WIDTH, _HEIGHT, _AXIS = 420, 110, 18
_STYLE = """
:root { color-scheme: light dark; --ink: #1c1c1c; --soft: #6b6b6b; --line: #ddd; --kept: #3d7ea6; --cut: #c8553d; --back: #fff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8e8; --soft: #9a9a9a; --line: #3a3a3a; --back: #17181a; } }
body { font: 15px/1.55 system-ui, "Noto Sans CJK SC", sans-serif; color: var(--ink); background: var(--back); max-width: 1000px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.05rem; margin: 0; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
section { border-top: 1px solid var(--line); padding: 1rem 0; display: grid; grid-template-columns: 430px 1fr; gap: 1rem; }
@media (max-width: 800px) { section { grid-template-columns: 1fr; } }
.soft { color: var(--soft); font-size: .87rem; } .kept { color: var(--kept); } .cut { color: var(--cut); }
.bar { background: var(--cut); height: .7rem; display: inline-block; min-width: 1px; }
blockquote { margin: .2rem 0 .6rem; padding-left: .6rem; border-left: 3px solid var(--line); font-size: .87rem; overflow-wrap: anywhere; }
details summary { cursor: pointer; }
html[lang=en] [lang=zh]:not(html), html[lang=zh] [lang=en]:not(html) { display: none; }
button { float: right; }
"""
_SWITCH = """
const page = document.documentElement, other = { en: "zh", zh: "en" };
if (navigator.language.startsWith("zh")) page.lang = "zh";
document.querySelector("button").onclick = () => { page.lang = other[page.lang]; };
"""


def page(report: dict[str, Any]) -> str:
    """The whole page."""
    cuts = [cut for cut in report["cuts"] if cut["measured"]]
    shown = [cut for cut in cuts if cut["broken"]]
    quiet = [cut for cut in cuts if not cut["broken"]]
    body = [
        "<button>中文 / English</button>",
        f"<h1>{_both('What cleaning rejected, and why', '清洗拒收了什么，为什么')}</h1>",
        _summary(report),
        *map(_before, report["before"]),
        *map(_section, shown),
        f"<details><summary>{_both(f'{len(quiet)} rules that no document breaks', f'{len(quiet)} 条规则没有文档违反')}</summary>",
        *map(_section, quiet),
        "</details>",
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>danlu clean</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(body)
        + f"\n<script>{_SWITCH}</script></body></html>\n"
    )


def _both(english: str, chinese: str) -> str:
    return f'<span lang="en">{escape(english)}</span><span lang="zh">{escape(chinese)}</span>'


def _summary(report: dict[str, Any]) -> str:
    counts = report["counts"]
    rules = _both(f" Rules: {report['rules']}.", f"规则：{report['rules']}。")
    return f"<p>{_totals(counts)}{rules}</p>{_rejected(counts)}"


def _before(stage: dict[str, Any]) -> str:
    """What an earlier stage rejected and changed, folded away."""
    name, counts = stage["stage"], stage["counts"]
    changed = "".join(
        f'<tr><td><code>{escape(rule)}</code></td><td class="n">{changes:,}</td><td class="n">{documents:,}</td></tr>'
        for rule, (changes, documents) in stage["changed"].items()
    )
    header = (
        f'<tr><th>{_both("changed by rule", "按规则修改")}</th><th class="n">{_both("changes", "修改次数")}</th>'
        f'<th class="n">{_both("documents", "文档数")}</th></tr>'
    )
    return (
        f"<details><summary><b>{_both(f'Before, {name}', f'此前，{name}')}</b>: {_totals(counts)}</summary>"
        + _rejected(counts)
        + (f"<table>{header}{changed}</table>" if changed else "")
        + "</details>"
    )


def _totals(counts: dict[str, int]) -> str:
    total = counts["input"]
    return _both(
        f"{total:,} documents read, {counts['kept']:,} kept, {counts['rejected']:,} rejected ({_share(counts['rejected'], total)}).",
        f"读入 {total:,} 篇文档，保留 {counts['kept']:,} 篇，拒收 {counts['rejected']:,} 篇（{_share(counts['rejected'], total)}）。",
    )


def _rejected(counts: dict[str, int]) -> str:
    """The rules that rejected documents, the one that took most first."""
    total = counts["input"]
    taken = sorted(
        ((name.removeprefix("rejected: "), count) for name, count in counts.items() if name.startswith("rejected: ")),
        key=lambda item: (-item[1], item[0]),
    )
    most = max((count for _, count in taken), default=1)
    rows = "".join(
        f'<tr><td><code>{escape(rule)}</code></td><td>{_meaning(rule)}</td><td class="n">{count:,}</td>'
        f'<td class="n">{_share(count, total)}</td><td><span class="bar" style="width:{200 * count / most:.0f}px"></span></td></tr>'
        for rule, count in taken
    )
    header = (
        f"<tr><th>{_both('rule', '规则')}</th><th>{_both('measures', '衡量')}</th>"
        f'<th class="n">{_both("taken first", "首先拒收")}</th><th class="n">%</th><th></th></tr>'
    )
    return f"<table>{header}{rows}</table>" if rows else ""


def _share(part: int, whole: int) -> str:
    return f"{part / max(whole, 1):.1%}"


def _meaning(rule: str) -> str:
    return _both(*MEANINGS[rule]) if rule in MEANINGS else ""


def _section(cut: dict[str, Any]) -> str:
    least = cut["bound_is"] == "least"
    bound = _both(
        f"{'at least' if least else 'at most'} {cut['bound']:g} is kept",
        f"{'不小于' if least else '不大于'} {cut['bound']:g} 则保留",
    )
    figures = _both(
        f"{cut['broken']:,} of {cut['measured']:,} break it, {cut['first']:,} break it first",
        f"{cut['measured']:,} 篇中 {cut['broken']:,} 篇违反，其中 {cut['first']:,} 篇首先违反此规则",
    )
    return (
        f"<section><div><h2><code>{escape(cut['rule'])}</code> <span class=soft>{escape(cut['set'])}</span></h2>"
        f"<div class=soft>{_meaning(cut['rule'])} · {bound}<br>{figures}</div>{_plot(cut)}</div>"
        f"<div>{_examples(cut, 'rejected')}{_examples(cut, 'kept')}</div></section>"
    )


def _examples(cut: dict[str, Any], side: str) -> str:
    found = cut["examples"][side]
    if not found:
        return ""
    title = _both("just rejected", "刚好拒收") if side == "rejected" else _both("just kept", "刚好保留")
    quotes = "".join(
        f"<div class=soft>{escape(example['source'])} · {example['value']:.4g}</div><blockquote>{escape(example['excerpt'])}</blockquote>"
        for example in found
    )
    return f'<b class="{"cut" if side == "rejected" else "kept"}">{title}</b>{quotes}'


def _plot(cut: dict[str, Any]) -> str:
    """A histogram with the bound as a line; square roots, so that the few beside the bound can be seen beside the many."""
    edges, counts = cut["histogram"]["edges"], cut["histogram"]["counts"]
    low, high, most = edges[0], edges[-1], max(counts) ** 0.5

    def x(value: float) -> float:
        return float((value - low) / (high - low) * _WIDTH)

    bars = "".join(
        f'<rect x="{x(left):.1f}" y="{_HEIGHT - _HEIGHT * count**0.5 / most:.1f}" width="{max(x(right) - x(left) - 1, 0.5):.1f}" '
        f'height="{_HEIGHT * count**0.5 / most:.1f}" fill="var(--{_side(cut, (left + right) / 2)})"/>'
        for left, right, count in zip(edges, edges[1:], counts, strict=False)
        if count
    )
    at = x(cut["bound"])
    return (
        f'<svg viewBox="-4 -4 {_WIDTH + 8} {_HEIGHT + _AXIS + 8}" width="100%" role="img">{bars}'
        f'<line x1="{at:.1f}" x2="{at:.1f}" y1="-4" y2="{_HEIGHT}" stroke="var(--ink)" stroke-dasharray="4 3"/>'
        f'<g font-size="11" fill="var(--soft)"><text x="0" y="{_HEIGHT + 14}">{low:.3g}</text>'
        f'<text x="{_WIDTH}" y="{_HEIGHT + 14}" text-anchor="end">{high:.3g}</text></g></svg>'
    )


def _side(cut: dict[str, Any], value: float) -> str:
    is_kept = value >= cut["bound"] if cut["bound_is"] == "least" else value <= cut["bound"]
    return "kept" if is_kept else "cut"
