"""Data sets of ModelScope, as its own client asks for them."""

from typing import Any
from urllib.parse import quote, urlencode

from danlu.core.errors import UserError
from danlu.core.licence_card import licence_of_card
from danlu.data.fetch.download import RemoteFile
from danlu.data.fetch.hub import DataSet, Hub, Listing
from danlu.data.fetch.hub_choice import chosen
from danlu.data.fetch.web import Web
from danlu.model.hub_access import headers

_PAGE_FILES = 100


async def list_model_scope(web: Web, endpoint: str, asked: DataSet, revision: str | None, token: str) -> Listing:
    """The files of a data set; `revision` pins it."""
    hub = Hub(web, endpoint.rstrip("/"), asked.id, headers("ms", token), "MODELSCOPE")
    base = f"/api/v1/datasets/{asked.id}"
    about = (await hub.json(base))["Data"]
    name = asked.revision or "master"
    commit = revision or await _newest_commit(hub, base, name)
    remote = [
        RemoteFile(
            entry["Path"], f"{hub.endpoint}{base}/repo?{urlencode({'Revision': commit, 'FilePath': entry['Path']})}",
            entry.get("Size"), sha256=entry.get("Sha256") or None,
        )
        for entry in await _entries(hub, base, commit) if entry.get("Type") != "tree"
    ]  # fmt: skip
    wanted, left_out = chosen(remote, asked, {})
    return Listing(commit, licence_of_card(about.get("License")), wanted, left_out)


async def _entries(hub: Hub, base: str, commit: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        page = {"Revision": commit, "Root": "/", "Recursive": "True"}
        page |= {"PageNumber": str(len(found) // _PAGE_FILES + 1), "PageSize": str(_PAGE_FILES)}
        files = (await hub.json(f"{base}/repo/tree?{urlencode(page)}"))["Data"].get("Files") or []
        found += files
        if len(files) < _PAGE_FILES:
            return found


async def _newest_commit(hub: Hub, base: str, name: str) -> str:
    """The newest commit of a branch. A hub that tells none is read by the branch's name: checksums still hold each file."""
    try:
        commits = (await hub.json(f"{base}/commits/{quote(name, safe='')}?PageNumber=1&PageSize=1"))["Data"]
        return str(commits["Commit"][0]["Id"])
    except (UserError, KeyError, IndexError, TypeError):
        return name
