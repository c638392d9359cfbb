"""How the two hubs, `hf` (Hugging Face) and `ms` (ModelScope), are reached: by the variables of the hubs' own clients.

huggingface_hub documents HF_ENDPOINT, HF_TOKEN, HF_HOME; ModelScope's client has MODELSCOPE_ENDPOINT and MODELSCOPE_API_TOKEN,
and in other releases MODELSCOPE_DOMAIN, which has no scheme, and MODELSCOPE_TOKEN.
"""

from collections.abc import Mapping
from pathlib import Path

HOMES: Mapping[str, str] = {"hf": "https://huggingface.co", "ms": "https://www.modelscope.cn"}


def endpoints(environment: Mapping[str, str]) -> dict[str, str]:
    """The address of each hub, or of the mirror that is named."""
    domain = environment.get("MODELSCOPE_DOMAIN", "")
    model_scope = environment.get("MODELSCOPE_ENDPOINT") or (f"https://{domain}" if domain else "")
    named = {"hf": environment.get("HF_ENDPOINT", ""), "ms": model_scope}
    return {scheme: (named[scheme] or home).rstrip("/") for scheme, home in HOMES.items()}


def tokens(environment: Mapping[str, str]) -> dict[str, str]:
    """The access token for each hub that has one: from the environment, or as Hugging Face's own client stored it."""
    home = Path(environment.get("HF_HOME") or Path(environment.get("HOME", "~")).expanduser() / ".cache/huggingface")
    stored = (home / "token").read_text(encoding="utf-8").strip() if (home / "token").is_file() else ""
    named = {
        "hf": environment.get("HF_TOKEN") or stored,
        "ms": environment.get("MODELSCOPE_API_TOKEN") or environment.get("MODELSCOPE_TOKEN") or "",
    }
    return {scheme: token for scheme, token in named.items() if token}


def headers(scheme: str, token: str) -> dict[str, str]:
    """What a request carries of a user's access token; nothing where it is empty."""
    if not token:
        return {}
    cookie = {"Cookie": f"m_session_id={token}"} if scheme == "ms" else {}
    return {**cookie, "Authorization": f"Bearer {token}"}
