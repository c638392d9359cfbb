"""Text that speaks to a language model instead of to a reader: prompt injection, as far as rules see it.

A document that is quoted cannot make danlu do anything: quotes are chosen by words. A model that reads passages could be told to
by one of them, and so could a program that is handed search results. Such text is not left out of an index, since a page about
such attacks is a source like others: it is marked wherever it is cited, named by `danlu show index`, and never given to a model.

The rules ask for an order about instructions, a role, or the marks of a chat template; they know English and Chinese. Most attacks
are put into other words: a mark says something, no mark says nothing (benchmarks/retrieve_instructions.py has the shares).
"""

import re

from danlu.text.segment import fold

_BEFORE = r"(?:(?:all|any|the|your|my|these|those|of|every(?:thing)?|other|previous|prior|above|earlier|preceding|former|past|system|original|safety|initial)\s+){1,5}"
_THEM = r"(?:instructions?|prompts?|directions?|commands?|rules|guidelines|guardrails|constraints|restrictions|messages?|context|polic(?:y|ies)|programming|filters?)"
_ENGLISH = (
    rf"\b(?:ignore|disregard|forget|bypass|override|overrule|skip|discard|dismiss|circumvent)\b\s+{_BEFORE}{_THEM}\b",
    rf"\b{_THEM}\b[^.!?\n]{{0,30}}?\b(?:are|is|have been|has been)\s+(?:now\s+)?(?:cancell?ed|void|suspended|lifted|superseded|overridden|revoked)\b",
    rf"\b(?:new|following|updated)\s+{_THEM}\s+(?:supersede|override|overrule|take precedence)",
    r"\b(?:instructions?|prompt|safety)[ _-](?:override|injection|bypass)\b\s*[\]:!]",
    r"\b(?:ignore|disregard|forget)\b\s+(?:everything|all|anything)\s+(?:above|before|you (?:were|have been) told|said|that was said)\b",
    rf"\b(?:reveal|print|show|output|repeat|leak|expose|display|disclose|dump|tell me)\b\s+(?:me\s+)?(?:your|the|all)\s+(?:\w+\s+){{0,3}}?(?:system\s+(?:prompt|message|instructions?)|(?:hidden|initial|original|secret|internal)\s+{_THEM}|prompt)\b",
    r"\byou are (?:now|no longer)\s+(?:a|an|in|bound|the|my|under|restricted|acting|DAN|free|unrestricted|jailbroken|operating)\b",
    r"\b(?:from now on|starting now),?\s+(?:you|act|respond|answer|ignore|your)\b",
    r"\b(?:act|pretend|behave|respond|roleplay)\s+(?:as\s+(?:if|though)\s+)?(?:you\s+(?:are|were|have)\s+)?(?:as\s+)?(?:an?\s+)?(?:unrestricted|uncensored|unfiltered|jailbroken|evil|no (?:rules|restrictions|limits)|without (?:any )?(?:rules|restrictions|filters|limits))",
    r"\b(?:enter|enable|activate|switch (?:to|into))\s+(?:\w+\s+){0,2}(?:developer|debug|god|jailbreak|unrestricted|DAN|admin|sudo|maintenance)\s+mode\b",
    r"\bdo not (?:tell|inform|mention (?:this )?to|let) the user\b",
    r"\bnew (?:system )?instructions?\s*:",
)
_CHINESE = (
    r"(?:忽略|无视|忘记|忘掉|绕过|跳过|抛开|不要理会|不必遵守|不要遵守|覆盖)[^。！？\n]{0,8}?(?:之前|以上|上述|上面|前面|先前|此前|原有|所有|系统)[^。！？\n]{0,6}?(?:指令|指示|提示词?|规则|要求|命令|限制|设定|内容|约束)",
    r"(?:输出|显示|告诉我|泄露|打印|重复|透露)[^。！？\n]{0,6}?(?:系统提示|提示词|初始指令|隐藏指令|内部指令)",
    r"(?:从现在(?:起|开始)|现在起)[，,]?\s*(?:你|请你|您)(?:就)?(?:是|将|要|必须|不再|只能)",
    r"你(?:现在)?(?:不再受|不受)[^。！？\n]{0,10}?(?:限制|约束|规则)",
    r"(?:进入|开启|切换到?|启用)[^。！？\n]{0,4}?(?:开发者|越狱|无限制|调试|上帝)模式",
    r"不要(?:告诉|告知|让)用户",
    r"新的?(?:系统)?指令\s*[:：]",
)
_TEMPLATE = (
    r"<\|(?:im_start|im_end|system|user|assistant|endoftext|eot_id|start_header_id|end_header_id)\|>",
    r"\[/?INST\]|<</?SYS>>|</?s>\s*\[INST\]",
    r"^\s*#{2,3}\s*(?:system|instruction|assistant)\s*:",
)
_SPEAKS = re.compile("|".join((*_ENGLISH, *_CHINESE, *_TEMPLATE)), re.IGNORECASE | re.MULTILINE)


def speaks_to_models(text: str) -> str:
    """The first words of a text that speak to a language model, width and case folded; empty where none are found."""
    found = _SPEAKS.search(fold(text))
    return found[0] if found else ""
