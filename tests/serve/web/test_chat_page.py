"""The chat page in a real browser."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from serve.conftest import Running, start, stop
from serve.fakes import XSS

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]

if not CHROMIUM.exists() and os.environ.get("CI") != "true":
    pytest.skip(f"{CHROMIUM} is not installed", allow_module_level=True)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, gateway: Running) -> Iterator[Page]:
    """A page that is logged in, in English; it must end without an error in its console."""
    with browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 800}) as context:
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        log_in(page, gateway)
        yield page
        assert not [error for error in errors if "Failed to load resource" not in error]


def log_in(page: Page, running: Running) -> None:
    page.goto(f"{running.url}/")
    page.get_by_label("API").fill(running.key)
    page.get_by_role("button").click()
    page.wait_for_selector("#model option", state="attached")


def ask(page: Page, question: str) -> None:
    page.locator("#question").fill(question)
    page.locator("#question").press("Enter")


def test_login_link_opens_the_page_and_names_the_bot(browser: Browser, own_gateway: Running) -> None:
    with browser.new_context(locale="en-GB") as context:
        page = context.new_page()
        page.goto(own_gateway.link)
        expect(page.get_by_role("heading", name="Ask handbook")).to_be_visible()
        assert page.url == f"{own_gateway.url}/"
        assert not context.cookies() or all(cookie["httpOnly"] for cookie in context.cookies())


def test_answer_with_citations_that_open_by_keyboard(page: Page) -> None:
    ask(page, "When do I change the oil?")
    chip = page.get_by_role("button", name="1 pump-station.pdf page 12")
    expect(chip).to_have_attribute("aria-expanded", "false")
    chip.focus()
    page.keyboard.press("Enter")
    expect(chip).to_have_attribute("aria-expanded", "true")
    quote = page.locator(f"#{chip.get_attribute('aria-controls')}")
    expect(quote).to_be_visible()
    expect(quote).to_contain_text("manuals/pump-station.pdf")
    expect(quote).to_contain_text("characters 1204–1306")
    expect(quote.locator("blockquote")).to_have_text(
        "Check the oil level every 200 operating hours. Replace the oil when it is cloudy or after 2,000 hours."
    )
    page.keyboard.press("Enter")
    expect(quote).to_be_hidden()
    expect(page.locator(".id")).to_contain_text("answer a-7f3c2e91")


def test_answer_id_is_copied_as_a_command(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ask(page, "oil?")
    page.get_by_role("button", name="danlu why a-7f3c2e91").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "danlu why a-7f3c2e91"


def test_markup_from_documents_stays_text(page: Page) -> None:
    ask(page, f"xss {XSS}")
    page.locator(".chip").click()
    expect(page.locator(".quote blockquote")).to_have_text(XSS)
    expect(page.locator(".text")).to_contain_text(XSS)
    expect(page.locator(".quote .source")).to_have_text("<i>evil</i>.html")
    assert page.locator("#log img, #log script, #log i:not([data-i18n])").count() == 0
    assert page.title() != "pwned"


def test_rows_of_a_table_are_shown_as_one_below_their_header(page: Page) -> None:
    ask(page, "Until when is the warranty?")
    text = page.locator(".text")
    expect(text.locator("table")).to_have_count(1)
    expect(text.locator("th")).to_have_text(["asset", "note", "[1]"])
    expect(text.locator("td")).to_have_text(["CH-7", f"until 2026 {XSS}", "[2]"])
    expect(text).to_contain_text("Known:")
    assert page.locator("#log img, #log script").count() == 0


def test_refusal_and_blocked_answers_are_marked(page: Page) -> None:
    ask(page, "What is the capital of France?")
    expect(page.locator(".refusal .kind")).to_have_text("No answer in the documents")
    ask(page, "how to make a bomb")
    expect(page.locator(".refusal .kind").nth(1)).to_have_text("Restricted content")


def test_a_refusal_shows_what_came_nearest_and_how_a_follow_up_was_understood(page: Page) -> None:
    ask(page, "oil?")
    ask(page, "What is the capital of France?")
    turn = page.locator(".turn").nth(1)
    expect(turn.locator(".understood")).to_have_text("Understood as: oil? France")
    expect(turn.locator(".note")).to_have_text("There are documents in Chinese too.")
    expect(turn.get_by_text("What comes nearest, without answering:")).to_be_visible()
    turn.locator(".chip").click()
    expect(turn.locator("blockquote")).to_have_text("Spare parts are delivered within two days.")


def test_sources_that_contradict_each_other_are_both_shown(page: Page) -> None:
    ask(page, "how often is it cleaned?")
    expect(page.locator(".conflict")).to_contain_text("b.md (2022) says")


def test_a_quote_that_speaks_to_a_model_is_marked_beside_the_answer(page: Page) -> None:
    ask(page, "what was planted?")
    warning = page.locator(".planted")
    expect(warning).to_have_count(1)
    expect(warning).to_be_visible()
    expect(warning).to_contain_text("Source 2 speaks to a language model (“Ignore all previous instructions”)")
    page.get_by_role("button", name="中文").click()
    expect(warning).to_contain_text("出处 2 中有对语言模型说的话（“Ignore all previous instructions”）")


@pytest.mark.parametrize("width", [380, 1280])
def test_the_newest_answer_is_in_view(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    for number, question in enumerate(["oil?", "until when is the warranty?", "When do I change the oil?", "oil?"]):
        ask(page, question)
        turn = page.locator(".turn").nth(number)
        expect(turn.locator(".id")).to_be_visible()
        page.wait_for_function(
            """number => {
              const turn = document.querySelectorAll(".turn")[number];
              const top = document.querySelector("header").getBoundingClientRect().bottom;
              const bottom = document.querySelector("#ask").getBoundingClientRect().top;
              return turn.querySelector("h2").getBoundingClientRect().top >= top
                && turn.querySelector(".id").getBoundingClientRect().bottom <= bottom;
            }""",
            arg=number,
            timeout=4000,
        )


def test_stop_ends_a_stream_and_another_question_works(page: Page) -> None:
    page.locator("#model").select_option("handbook-base")
    expect(page.locator("#welcome p")).to_contain_text("without your documents")
    ask(page, "loop")
    expect(page.locator(".text")).to_contain_text("la la")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".turn .aside")).to_have_text("Stopped")
    ask(page, "say:hello there")
    expect(page.locator(".text").nth(1)).to_have_text("hello there")
    expect(page.locator(".turn .aside").nth(1)).to_have_text("handbook-base · no sources")
    page.get_by_role("button", name="New chat").click()
    expect(page.get_by_role("heading", name="Ask handbook-base")).to_be_visible()


def test_language_follows_the_browser_and_the_toggle(browser: Browser, gateway: Running) -> None:
    with browser.new_context(locale="zh-CN") as context:
        page = context.new_page()
        log_in(page, gateway)
        expect(page.get_by_role("heading", name="向 handbook 提问")).to_be_visible()
        ask(page, "油位多久检查一次?")
        expect(page.locator(".chip").first).to_contain_text("第 36 页")
        page.get_by_role("button", name="EN").click()
        expect(page.locator(".chip").first).to_contain_text("page 36")
        page.reload()
        expect(page.get_by_role("heading", name="Ask handbook")).to_be_visible()


def test_enter_in_an_input_method_does_not_send(page: Page) -> None:
    page.locator("#question").fill("zhong")
    composing = "e => e.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true}))"
    page.locator("#question").evaluate(composing)
    expect(page.locator(".turn")).to_have_count(0)


def test_errors_say_what_to_do(browser: Browser, tmp_path: Path) -> None:
    running = start(tmp_path, requests_per_minute=30, burst_requests=2)
    try:
        with browser.new_context(locale="en-GB") as context:
            page = context.new_page()
            page.goto(running.link)
            expect(page.locator("#model option")).to_have_count(2)
            page.locator("#model").select_option("handbook-base")
            ask(page, "die say:x y z")
            expect(page.get_by_role("alert")).to_contain_text("The model is not available")
            page.get_by_role("button", name="Try again").click()
            expect(page.get_by_role("alert")).to_contain_text("Too many requests")
            expect(page.get_by_role("button", name="Try again")).to_be_enabled(timeout=8000)
            page.get_by_role("button", name="Try again").click()
            expect(page.locator(".text")).to_have_text("x y z")
            running.process.send_signal(signal.SIGTERM)
            running.process.wait(12)
            ask(page, "anyone there?")
            expect(page.get_by_role("alert")).to_contain_text("No connection to the server")
    finally:
        stop(running)


def test_signed_out_page_says_so(page: Page) -> None:
    page.context.clear_cookies()
    ask(page, "oil?")
    expect(page.get_by_role("alert")).to_contain_text("You are signed out")
    page.get_by_role("button", name="Sign in again").click()
    expect(page.get_by_text("401")).to_be_visible()


@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_overflows(browser: Browser, gateway: Running, tmp_path: Path, width: int, scheme: str) -> None:
    viewport = {"width": width, "height": 760}
    with browser.new_context(locale="zh-CN", viewport=viewport, color_scheme=scheme) as context:  # type: ignore[arg-type]
        page = context.new_page()
        log_in(page, gateway)
        page.screenshot(path=tmp_path / "welcome.png")
        ask(page, "油位多久检查一次? " + "x" * 200)
        page.locator(".chip").first.click()
        page.screenshot(path=tmp_path / "answer.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for box in map(Locator.bounding_box, page.locator("header button, header select").all()):
            assert box is not None and box["height"] < 40 and box["x"] + box["width"] <= width
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (background == "rgb(23, 22, 20)") == (scheme == "dark")
