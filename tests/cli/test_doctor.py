import http.server
import json
import threading

import pytest

from commands import here


@pytest.fixture
def hub():
    class Hub(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_response(404)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_the_doctor_tells_machine_jobs_extras_and_programs(tmp_path):
    told = here(tmp_path, "doctor")
    assert told.returncode == 0, told.stderr
    for word in (
        "processor",
        "bfloat16",
        "LoRA of 7 billion weights",
        "train",
        "installed",
        "cc",
        "OMP_WAIT_POLICY=PASSIVE",
    ):
        assert word in told.stdout
    assert "huggingface" not in told.stdout


def test_as_json_with_what_is_wrong_and_the_command_that_mends_it(tmp_path):
    told = json.loads(here(tmp_path, "doctor", "--json", OMP_NUM_THREADS="64", OMP_WAIT_POLICY="ACTIVE").stdout)
    assert told["hubs"] is None and told["machine"]["memory_bytes"] > 2**28
    assert {job["verdict"] for job in told["jobs"]} <= {"fits", "tight", "too large"}
    problems = {one["problem"]: one["command"] for one in told["advice"]}
    threads = told["threads"]["useful_threads"]
    assert (
        problems[f"OMP_NUM_THREADS is 64, and {threads} threads find a core each"]
        == f"export OMP_NUM_THREADS={threads}"
    )
    assert "unset OMP_WAIT_POLICY" in problems.values()


def test_hubs_are_asked_only_when_online_and_any_answer_is_one(tmp_path, hub):
    told = here(tmp_path, "doctor", "--online", "--json", HF_ENDPOINT=hub, MODELSCOPE_ENDPOINT="http://127.0.0.1:9")
    answers = {one["name"]: one for one in json.loads(told.stdout)["hubs"]}
    assert answers["Hugging Face"]["answers"] and answers["Hugging Face"]["problem"] == "HTTP 404"
    assert not answers["ModelScope"]["answers"] and "refused" in answers["ModelScope"]["problem"]


def test_in_chinese(tmp_path):
    told = here(tmp_path, "--lang", "zh", "doctor").stdout
    for word in ("处理器", "内存", "70 亿参数的 LoRA", "已安装", "用途"):
        assert word in told
