"""Crawling a site of this machine: CPU time per page, and what a kill costs, against Scrapy with a job folder.

    python benchmarks/data_fetch.py --pages 600 --peer /path/to/venv-with-scrapy/bin/python

Both fetch every page of the same site as fast as they can, keep to robots.txt, store each body packed, and keep their
state on disk so that they can be continued. The kill is SIGKILL after a third of the pages, then the same command again.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_SPIDER = """
import gzip, hashlib, sys
from pathlib import Path
import scrapy
from scrapy.crawler import CrawlerProcess

class Pages(scrapy.Spider):
    name = "pages"
    start_urls = [sys.argv[1]]
    def parse(self, response):
        name = hashlib.sha256(response.url.encode()).hexdigest()
        Path(sys.argv[2], name).write_bytes(gzip.compress(response.body))
        for link in response.css("a::attr(href)").getall():
            yield response.follow(link)

Path(sys.argv[2]).mkdir(exist_ok=True)
process = CrawlerProcess({"JOBDIR": sys.argv[2] + ".job", "ROBOTSTXT_OBEY": True, "LOG_ENABLED": False, "DOWNLOAD_DELAY": 0,
                          "CONCURRENT_REQUESTS": 1, "TELNETCONSOLE_ENABLED": False})
process.crawl(Pages)
process.start()
"""


class Site(ThreadingHTTPServer):
    """Pages 0 to n-1: each links to ten others and holds a few kilobytes of text."""

    daemon_threads = True

    def __init__(self, pages: int) -> None:
        super().__init__(("127.0.0.1", 0), _Requests)
        self.pages = pages
        self.asked: Counter[str] = Counter()
        self.url = f"http://127.0.0.1:{self.server_port}/"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients are killed here."""


class _Requests(BaseHTTPRequestHandler):
    server: Site
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.asked[self.path] += 1
        number = self.path.strip("/") or "0"
        found = number.isdigit() and int(number) < self.server.pages
        body = self._page(int(number)) if found else b""
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _page(self, number: int) -> bytes:
        targets = [number * 10 + step for step in range(1, 11)] + [number // 10]
        links = "".join(
            f'<p><a href="/{target or ""}">{target}</a></p>' for target in targets if target < self.server.pages
        )
        text = "".join(f"<p>第 {number} 页第 {line} 段：安装、配置与维护。</p>" for line in range(60))
        return f"<html><head><title>{number}</title></head><body>{links}{text}</body></html>".encode()

    def log_message(self, format: str, *args: object) -> None:
        pass


def run(command: list[str], folder: Path) -> tuple[float, float]:
    """Seconds on the clock and on the processor."""
    start = time.monotonic()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, used = os.wait4(process.pid, 0)
    return time.monotonic() - start, used.ru_utime + used.ru_stime


def killed(command: list[str], folder: Path, site: Site) -> None:
    """Start, kill after a third of the pages, run again to the end."""
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while sum(site.asked.values()) < site.pages // 3 and process.poll() is None:
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.wait()
    run(command, folder)


def commands(url: str, peer: str | None) -> dict[str, list[str]]:
    """What is measured, by name."""
    found = {
        "danlu fetch": [
            str(Path(sys.executable).with_name("danlu")), "fetch", url, "--out", "out", "--allow-private",
            "--json", "--set", "crawl.delay_s=0",
        ]
    }  # fmt: skip
    if peer:
        found["Scrapy, JOBDIR"] = [peer, "-c", _SPIDER, url, "peer"]
    return found


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--pages", type=int, default=600)
    options.add_argument("--peer", help="Python of an environment that has Scrapy")
    asked = options.parse_args()
    print(f"{'':16}{'pages':>8}{'wall s':>8}{'CPU ms/page':>13}   after SIGKILL: {'missed':>7}{'twice':>7}")
    for name in commands("", asked.peer):
        site, again = Site(asked.pages), Site(asked.pages)
        with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
            wall_s, cpu_s = run(commands(site.url, asked.peer)[name], Path(first))
            killed(commands(again.url, asked.peer)[name], Path(second), again)
        pages = {path: count for path, count in again.asked.items() if (path.strip("/") or "0").isdigit()}
        done = sum((path.strip("/") or "0").isdigit() for path in site.asked)
        twice = sum(count > 1 for count in pages.values())
        print(
            f"{name:16}{done:8}{wall_s:8.1f}{cpu_s * 1000 / asked.pages:13.1f}{'':18}{asked.pages - len(pages):7}{twice:7}"
        )


if __name__ == "__main__":
    main()
