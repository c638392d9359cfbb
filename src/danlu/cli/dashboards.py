"""dashboards: the files by which Prometheus and Grafana watch a server."""

import json
from argparse import Namespace

from danlu.cli.speech import Speech
from danlu.core.errors import UserError
from danlu.serve.observe.generated import Language, alert_rules, dashboard, scrape_config


def write(options: Namespace, say: Speech) -> None:
    """Write them; raises UserError where the folder cannot be written."""
    language: Language = "zh" if say.language == "zh" else "en"
    files = {
        "prometheus.yaml": scrape_config(options.address),
        "danlu-alerts.yaml": alert_rules(language),
        "danlu-dashboard.json": json.dumps(dashboard(language), ensure_ascii=False, indent=1) + "\n",
    }
    try:
        options.folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (options.folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError("{path} cannot be written: {problem}", "Give another folder.", path=options.folder, problem=error.strerror) from None  # fmt: skip
    for name in files:
        print(options.folder / name)
    print(say("Put a key of `danlu keys create --role monitor` into danlu.key beside prometheus.yaml."))
