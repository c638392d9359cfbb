"""find, export, mcp."""

from danlu.cli.commands import Commands, json_option
from danlu.cli.options.answers import as_option
from danlu.cli.speech import Speech


def add(commands: Commands, say: Speech) -> None:
    """Add these commands."""
    find = commands.add(
        "find",
        "interop:find",
        say("find the passages nearest to a query, with their places; nothing is judged or recorded"),
        'danlu find "install a source package" --count 5',
    )
    find.add_argument("query", metavar="QUERY", help=say("words or a question, in quotes"))
    find.add_argument("--count", type=int, default=10, metavar="N", help=say("so many passages, 1 to 50 (default 10)"))
    as_option(find, say("find as this group or person of danlu.yaml's `access`; may be repeated"))
    json_option(find, say)
    export = commands.add(
        "export",
        "interop:export",
        say("write passages and vectors to a folder that FAISS and any JSON reader load"),
        "danlu export passages-of-everyone",
    )
    export.add_argument("out", metavar="OUT", help=say("folder of the export; an earlier export is replaced"))
    export.add_argument(
        "--index",
        metavar="DIR",
        help=say("export this folder of `danlu index`, instead of the release of the project you stand in"),
    )
    as_option(export, say("also what this group or person of danlu.yaml's `access` may see; may be repeated"))
    json_option(export, say)
    mcp = commands.add(
        "mcp",
        "interop:mcp",
        say("serve search and ask to a program that speaks the Model Context Protocol, on standard input and output"),
        "danlu mcp --as staff",
    )
    as_option(mcp, say("its user is this group or person of danlu.yaml's `access`; may be repeated"))
