"""Models of ModelScope, as its own client asks for them: modelscope/hub/api.py and file_download.py of github.com/modelscope/modelscope."""

from typing import Any
from urllib.parse import quote, urlencode

from danlu.core.errors import DanluError, UserError
from danlu.core.licence_card import licence_of_card
from danlu.model.hub_files import HubFile, Listing, chosen
from danlu.model.hub_web import Hub

_BRANCH = "master"


def list_model_scope(hub: Hub, model_id: str, revision: str) -> Listing:
    """The model's files at the commit that `revision` (empty: the main branch) stands for now."""
    base = f"/api/v1/models/{model_id}"
    about = _data(hub, base)
    commit = _newest_commit(hub, base, revision or _BRANCH)
    asked = urlencode({"Revision": commit or revision or _BRANCH, "Recursive": "False"})
    entries = _data(hub, f"{base}/repo/files?{asked}").get("Files") or []
    files = [
        HubFile(entry["Path"], entry["Size"], sha256=entry.get("Sha256") or "")
        for entry in entries
        if entry.get("Type") != "tree"
    ]
    # A hub that tells no commit is read by the branch's name: the checksums still pin each file.
    licence = licence_of_card(about.get("License") or about.get("license"), about.get("license_name"))
    return Listing(commit or revision or _BRANCH, licence, chosen(hub.spec, files))


def url_of(hub: Hub, model_id: str, revision: str, name: str) -> str:
    """Where a file is."""
    return f"{hub.endpoint}/api/v1/models/{model_id}/repo?{urlencode({'Revision': revision, 'FilePath': name})}"


def _data(hub: Hub, path: str) -> dict[str, Any]:
    """ModelScope also answers HTTP 200 with a code of its own that says what is wrong."""
    answer = hub.json(path)
    if answer.get("Code", 200) != 200 or not isinstance(answer.get("Data"), dict):
        raise UserError(
            "{endpoint} does not give {spec}: {reason}",
            "Check the name and the revision on its page.",
            endpoint=hub.endpoint,
            spec=hub.spec,
            reason=answer.get("Message") or answer.get("Code"),
        )
    data: dict[str, Any] = answer["Data"]
    return data


def _newest_commit(hub: Hub, base: str, branch: str) -> str:
    """The newest commit of a branch; empty where the hub tells none."""
    try:
        data = _data(hub, f"{base}/commits/{quote(branch, safe='')}?PageNumber=1&PageSize=1")
        return str(data["Commit"][0]["Id"])
    except (DanluError, KeyError, IndexError, TypeError):
        return ""
