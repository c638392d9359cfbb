"""jobs answer: the other machine's end of `danlu submit`; a module of its own, since each connection starts it anew."""

import sys
from argparse import Namespace

from danlu.cli.given import user_cache
from danlu.cli.speech import Speech
from danlu.core import job_end

# -P: a module that lies among the files that were sent is data, and never imported.
_MAIN = "from danlu.cli.main import main; raise SystemExit(main())"


def answer(options: Namespace, say: Speech) -> None:
    """Be the other machine's end of a line."""
    job_end.answer(user_cache() / "jobs", (sys.executable, "-P", "-c", _MAIN))
