"""What a job made comes here: every file checked as it arrives, the whole by its manifest, and put into its place at once."""

import shutil
import sys
from pathlib import Path

from danlu.cli.sent_command import OUT
from danlu.cli.speech import Speech
from danlu.core.artifacts import MANIFEST
from danlu.core.damage import damage_of
from danlu.core.errors import UserError, WorkFailed
from danlu.core.file_trees import FileTree, listed, missing_in, receive_files
from danlu.core.frames import Channel
from danlu.core.hashing import hash_file
from danlu.core.progress import progress
from danlu.core.submitted_jobs import SubmittedJob


def tell(text: str) -> None:
    """Say something of danlu's own: standard output is for what the job prints there."""
    print(text, file=sys.stderr, flush=True)


def fetched(channel: Channel, job: SubmittedJob, say: Speech) -> None:
    """Fetch what the job made into its --out: every file checked, then the whole by its manifest, then put into place at once."""
    out = Path(job.out)
    channel.send({"ask": "made", "id": job.id, "name": OUT})
    tree = listed(OUT, channel.receive()[1])
    manifest = next((file for file in tree.files if file.place == f"{OUT}/{MANIFEST}"), None)
    if manifest is None:
        take(channel, tree, None, say)
        tell(say("the job made no artifact: there is nothing to fetch"))
        return
    if (out / MANIFEST).is_file() and hash_file(out / MANIFEST) == manifest.sha256:
        take(channel, tree, None, say)
        if damage_of(out):
            raise UserError(
                "{out} came from {host}, and was changed here since",
                "Delete it, then fetch it again: danlu jobs fetch {id}",
                out=out,
                host=job.host.address,
                id=job.id,
            )
        tell(say("{out} is here already, and is as it was made there", out=out))
        return
    _check_free(out)
    half = out.with_name(f"{out.name}.{job.id}.half")
    take(channel, tree, half, say)
    check_sound(half / OUT, half, job)
    _check_free(out)
    (half / OUT).rename(out)
    half.rmdir()
    size = tree.size_bytes / 1e6
    tell(say("fetched and checked: {out}, {count} files, {size:.1f} MB", out=out, count=len(tree.files), size=size))


def _check_free(out: Path) -> None:
    if out.exists() and any(out.iterdir()):
        raise UserError(
            "{out} holds something else already", "Move it away, then fetch again: danlu jobs fetch", out=out
        )


def take(channel: Channel, tree: FileTree, folder: Path | None, say: Speech) -> None:
    """Write what is wanted of what the other end offers: what is not in the folder yet, or nothing."""
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    wanted = missing_in(folder, tree) if folder else []
    channel.send({"wanted": wanted})
    with progress(say("fetch")) as display:
        receive_files(channel, folder or Path(), tree, wanted, display)


def check_sound(made: Path, half: Path, job: SubmittedJob) -> None:
    """Raises WorkFailed when an artifact that came is not what its manifest says, and deletes all that came with it."""
    if damage_of(made):
        shutil.rmtree(half)
        raise WorkFailed(
            "What came from {host} is not what its manifest says: it was changed there after it was made",
            "Make it anew: danlu jobs remove {id}, then the same submit",
            host=job.host.address,
            id=job.id,
        )
