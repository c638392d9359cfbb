"""What `danlu doctor` prints: the machine, the packages, the jobs, and what to do."""

from typing import Any

from danlu.cli.speech import Speech
from danlu.cli.tables import print_table


def print_findings(found: dict[str, Any], say: Speech) -> None:
    """Print all that `danlu.cli.doctor.findings` found."""
    _machine(found, say)
    _jobs(found, say)
    _extras(found, say)
    _programs(found, say)
    if found["hubs"] is not None:
        _hubs(found["hubs"], say)
    _advice(found, say)


def _machine(found: dict[str, Any], say: Speech) -> None:
    machine, torch, threads = found["machine"], found["torch"], found["threads"]
    memory = _gb(machine["memory_bytes"])
    if machine["memory_limit_bytes"] is not None:
        limit = _gb(machine["memory_limit_bytes"])
        memory = say("{limit} that the container leaves of {memory}", limit=limit, memory=memory)
    bfloat16 = say("in hardware") if machine["bfloat16"] else say("emulated: training stays in float32")
    rows = [
        [say("system"), f"{machine['system']}, Python {found['python']}"],
        [say("processor"), f"{machine['processor']} ({machine['isa']})"],
        [
            say("cores"),
            say("{usable:g} of {cores} may be used", usable=machine["usable_cores"], cores=machine["cores"]),
        ],
        [say("memory"), say("{memory}, {free} free", memory=memory, free=_gb(machine["available_bytes"]))],
        [say("disk"), say("{free} free here", free=_gb(machine["disk_free_bytes"]))],
        [say("graphics processor"), _gpus(machine["gpus"]) or say("none")],
        ["bfloat16", bfloat16],
        ["torch", f"{torch['version']} ({torch['accelerator']})" if torch else say("missing")],
        [
            say("threads"),
            f"OMP_NUM_THREADS={threads['OMP_NUM_THREADS'] or ''} OMP_WAIT_POLICY={threads['OMP_WAIT_POLICY'] or ''}",
        ],
    ]
    print_table([say("machine"), ""], rows)


def _jobs(found: dict[str, Any], say: Speech) -> None:
    unmet = {extra["extra"] for extra in found["extras"] if extra["unmet"]}
    print()
    rows = []
    for job in found["jobs"]:
        needs = say("install danlu[{extra}]", extra=job["extra"]) if job["extra"] in unmet else ""
        gpu = _gb(job["gpu_bytes"]) if job["gpu_bytes"] else ""
        rows.append([say(job["job"].template), _gb(job["memory_bytes"]), gpu, say(job["verdict"]), needs])
    print_table([say("job"), say("memory"), say("on a GPU"), say("verdict"), ""], rows)


def _extras(found: dict[str, Any], say: Speech) -> None:
    print()
    rows = []
    for extra in found["extras"]:
        unmet = [f"{need['package']}>={need['least']}" if need["least"] else need["package"] for need in extra["unmet"]]
        state = say("missing: {packages}", packages=", ".join(unmet)) if unmet else say("installed")
        rows.append([extra["extra"], state, extra["command"] if unmet else ""])
    print_table([say("extra"), say("state"), say("command")], rows)


def _programs(found: dict[str, Any], say: Speech) -> None:
    print()
    rows = [[one["program"], one["path"] or say("missing"), say(one["for"].template)] for one in found["programs"]]
    print_table([say("program"), say("place"), say("for")], rows)


def _hubs(hubs: list[dict[str, Any]], say: Speech) -> None:
    print()
    rows = []
    for hub in hubs:
        state = say("answers") if hub["answers"] else say("does not answer: {problem}", problem=hub["problem"])
        rows.append([hub["name"], hub["address"], state, f"{hub['seconds']} s"])
    print_table([say("hub"), say("address"), say("state"), ""], rows)


def _advice(found: dict[str, Any], say: Speech) -> None:
    if found["advice"]:
        print()
        rows = [[say(one["problem"].template, **one["problem"].values), one["command"]] for one in found["advice"]]
        print_table([say("to mend"), say("command")], rows)


def _gpus(gpus: list[dict[str, Any]]) -> str:
    return ", ".join(f"{gpu['name']} ({_gb(gpu['memory_bytes'])})" for gpu in gpus)


def _gb(size_bytes: int) -> str:
    """As memory is sold: GiB, called GB."""
    return f"{size_bytes / 2**30:.1f} GB"
