"""Everything that is measured, in one table: the metrics, the dashboard, the alerts and the documentation are made from it.

Names follow the OpenTelemetry conventions for generative AI (https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/) where they have
one, written as Prometheus writes them. Every label has few values: models and routes as configured, statuses, and codes up to a number.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "histogram"]
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0)
_PER_TOKEN_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5)


@dataclass(frozen=True)
class Metric:
    """`panel` is the query that shows it, `unit` is Grafana's."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    english: str
    chinese: str
    panel: str
    unit: str
    buckets: tuple[float, ...] = ()


@dataclass(frozen=True)
class Alert:
    """Fires when the query has held for so long."""

    name: str
    query: str
    hold: str
    severity: Literal["critical", "warning"]
    english: str
    chinese: str


def _p95(name: str) -> str:
    return f"histogram_quantile(0.95, sum by (le, model) (rate({name}_bucket[5m])))"


DURATION = "gen_ai_server_request_duration_seconds"
FIRST_TOKEN = "gen_ai_server_time_to_first_token_seconds"  # noqa: S105 (no secret)
PER_TOKEN = "gen_ai_server_time_per_output_token_seconds"  # noqa: S105 (no secret)

METRICS = (
    Metric(
        "danlu_requests_total", "counter", ("route", "model", "status"),
        "Requests by the status that they were answered with; 499 is a client that left", "按应答状态统计的请求数；499 表示客户端已离开",
        "sum by (model, status) (rate(danlu_requests_total[5m]))", "reqps",
    ),
    Metric(
        "danlu_errors_total", "counter", ("code",),
        "Errors by code, inside streams too", "按错误代码统计的错误数，包括流式回答中途的错误",
        "sum by (code) (rate(danlu_errors_total[5m]))", "ops",
    ),
    Metric(
        DURATION, "histogram", ("model",),
        "From the arrival of a request to the end of its answer", "从请求到达至回答结束的时间",
        _p95(DURATION), "s", _SECONDS,
    ),
    Metric(
        FIRST_TOKEN, "histogram", ("model",),
        "From the arrival of a request to the first piece of its answer", "从请求到达至回答第一段文字的时间",
        _p95(FIRST_TOKEN), "s", _SECONDS,
    ),
    Metric(
        PER_TOKEN, "histogram", ("model",),
        "Between two tokens of a stream, its mean", "流式回答中相邻词元之间的平均间隔",
        _p95(PER_TOKEN), "s", _PER_TOKEN_S,
    ),
    Metric(
        "danlu_tokens_total", "counter", ("model", "kind"),
        "Tokens: read (input), of those from a cache (cached), written (output)", "词元数：读入（input）、其中来自缓存（cached）、写出（output）",
        "sum by (model, kind) (rate(danlu_tokens_total[5m]))", "short",
    ),
    Metric(
        "danlu_cost_total", "counter", ("model",),
        "Cost of answers by the price table, in its currency", "按价格表计算的回答费用，货币与价格表相同",
        "sum by (model) (increase(danlu_cost_total[1h]))", "short",
    ),
    Metric(
        "danlu_guard_verdicts_total", "counter", ("guard", "verdict"),
        "What guards did other than letting pass", "护栏的处置次数（放行除外）",
        "sum by (guard, verdict) (rate(danlu_guard_verdicts_total[5m]))", "ops",
    ),
    Metric(
        "danlu_queue_seconds", "histogram", ("model",),
        "How long requests waited for a seat", "请求排队等待的时间",
        _p95("danlu_queue_seconds"), "s", _SECONDS,
    ),
    Metric(
        "danlu_running", "gauge", ("model",), "Answers that are being made", "正在生成的回答数", "danlu_running", "short",
    ),
    Metric(
        "danlu_waiting", "gauge", ("model",), "Requests that wait for a seat", "正在排队的请求数", "danlu_waiting", "short",
    ),
    Metric(
        "danlu_seats", "gauge", ("model",), "Answers that may be made at the same time", "可同时生成的回答数", "danlu_seats", "short",
    ),
    Metric(
        "danlu_circuit_open", "gauge", ("model",),
        "1 while the model's server is left alone after failures", "模型所在服务连续失败、暂停访问时为 1", "danlu_circuit_open", "short",
    ),
    Metric(
        "danlu_state_unwritten", "gauge", (),
        "Records that could not be written to the state database yet", "尚未能写入状态数据库的记录数", "danlu_state_unwritten", "short",
    ),
    Metric(
        "process_resident_memory_bytes", "gauge", (), "Memory of the gateway's process", "网关进程占用的内存",
        "process_resident_memory_bytes", "bytes",
    ),
)  # fmt: skip

ALERTS = (
    Alert(
        "DanluErrors", 'sum(rate(danlu_requests_total{status=~"5.."}[5m])) / sum(rate(danlu_requests_total[5m])) > 0.05', "5m", "critical",
        "More than 5 % of the requests fail by our fault", "超过 5% 的请求因服务端原因失败",
    ),
    Alert(
        "DanluSlowStart", f"{_p95(FIRST_TOKEN)} > 10", "10m", "warning",
        "Readers wait more than 10 s for the first words", "读者等待第一段文字超过 10 秒",
    ),
    Alert(
        "DanluQueueFull", 'sum(rate(danlu_errors_total{code="server_busy"}[5m])) > 0', "5m", "warning",
        "Requests are turned away because a model has no room", "因模型没有空位，请求被拒绝",
    ),
    Alert(
        "DanluCircuitOpen", "danlu_circuit_open == 1", "2m", "critical",
        "A model's server fails and is left alone", "某个模型所在的服务出现故障，已暂停访问",
    ),
    Alert(
        "DanluStateUnwritten", "danlu_state_unwritten > 0", "1m", "critical",
        "Use and audit records cannot be written: look at the disk", "用量与审计记录无法写入：请检查磁盘",
    ),
    Alert(
        "DanluGuardBusy", "sum(rate(danlu_guard_verdicts_total[10m])) > 1", "10m", "warning",
        "Guards stop more than one request a second", "护栏每秒拦截超过一次请求",
    ),
)  # fmt: skip
