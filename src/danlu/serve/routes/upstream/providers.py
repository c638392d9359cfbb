"""Providers by name: where their OpenAI-compatible interface is, and the variable that holds the key by their own custom.

From their documentation: platform.openai.com, docs.bigmodel.cn, cloud.baidu.com/doc/qianfan, help.aliyun.com/zh/model-studio,
api-docs.deepseek.com.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Provider:
    """One of them."""

    url: str
    key_variable: str
    newer_limit: bool = False
    """Wants `max_completion_tokens`."""


PROVIDERS = {
    "openai": Provider("https://api.openai.com/v1", "OPENAI_API_KEY", newer_limit=True),
    "zhipu": Provider("https://open.bigmodel.cn/api/paas/v4", "ZHIPU_API_KEY"),
    "qianfan": Provider("https://qianfan.baidubce.com/v2", "QIANFAN_API_KEY"),
    "dashscope": Provider("https://dashscope.aliyuncs.com/compatible-mode/v1", "DASHSCOPE_API_KEY"),
    "deepseek": Provider("https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"),
}
