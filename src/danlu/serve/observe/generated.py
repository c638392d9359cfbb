"""The Grafana dashboard and the alert rules of Prometheus, made from the table of metrics."""

from typing import Any, Literal

import yaml

from danlu.serve.observe.table import ALERTS, METRICS

Language = Literal["en", "zh"]
_SOURCE = {"type": "prometheus", "uid": "${source}"}
_TITLE = {"en": "danlu gateway", "zh": "danlu 网关"}


def dashboard(language: Language) -> dict[str, Any]:
    """A dashboard of Grafana 10 or newer, with a panel for each metric; it asks which Prometheus to use."""
    panels = []
    for place, metric in enumerate(METRICS):
        labels = [label for label in metric.labels if f"by (le, {label})" in metric.panel or label in metric.panel]
        panels.append(
            {
                "id": place + 1,
                "type": "timeseries",
                "title": metric.english if language == "en" else metric.chinese,
                "description": metric.name,
                "datasource": _SOURCE,
                "gridPos": {"h": 8, "w": 12, "x": 12 * (place % 2), "y": 8 * (place // 2)},
                "fieldConfig": {"defaults": {"unit": metric.unit, "min": 0}, "overrides": []},
                "targets": [
                    {
                        "refId": "A",
                        "datasource": _SOURCE,
                        "expr": metric.panel,
                        "legendFormat": " ".join(f"{{{{{label}}}}}" for label in labels) or "{{model}}",
                    }
                ],
            }
        )
    return {
        "uid": f"danlu-{language}",
        "title": _TITLE[language],
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {
            "list": [{"name": "source", "type": "datasource", "query": "prometheus", "label": "Prometheus"}]
        },
        "panels": panels,
    }


def alert_rules(language: Language) -> str:
    """A file of alert rules, as YAML."""
    rules = [
        {
            "alert": alert.name,
            "expr": alert.query,
            "for": alert.hold,
            "labels": {"severity": alert.severity},
            "annotations": {"summary": alert.english if language == "en" else alert.chinese},
        }
        for alert in ALERTS
    ]
    return yaml.safe_dump({"groups": [{"name": "danlu", "rules": rules}]}, allow_unicode=True, sort_keys=False)


def scrape_config(address: str) -> str:
    """A configuration of Prometheus that scrapes a gateway at HOST:PORT, its key read from a file, as YAML."""
    job = {
        "job_name": "danlu",
        "metrics_path": "/metrics",
        "authorization": {"credentials_file": "danlu.key"},
        "static_configs": [{"targets": [address]}],
    }
    said = {
        "global": {"scrape_interval": "15s"},
        "rule_files": ["danlu-alerts.yaml"],
        "scrape_configs": [job],
    }
    return yaml.safe_dump(said, sort_keys=False)
