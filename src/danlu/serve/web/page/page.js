// The chat page: one form, one log of turns, one request at a time.

import { Failure, listModels, streamReply } from "./api.js";
import { addText, announceDone, failureNotice, finishTurn, newTurn, stopTurn } from "./render.js";
import { otherLanguage, saying, startingLanguage, useLanguage } from "./strings.js";

const byId = (id) => document.getElementById(id);
const page = Object.fromEntries(
  ["welcome", "model", "fresh", "language", "log", "notices", "status", "ask", "question", "send", "stop"].map((id) => [id, byId(id)]),
);
let models = [];
let history = [];
let running = null;

// Earlier questions that the bot looks at to understand a follow-up.
const FOLLOWED = 6;
const isBot = (model) => model === models[0];

function switchLanguage(chosen) {
  useLanguage(chosen);
  page.language.textContent = otherLanguage() === "zh" ? "中文" : "EN";
  page.language.lang = otherLanguage();
}

async function loadModels() {
  page.notices.replaceChildren();
  try {
    models = await listModels();
  } catch (failure) {
    page.notices.replaceChildren(failureNotice(failure, loadModels));
    return;
  }
  page.model.replaceChildren(...models.map((id) => new Option(id, id)));
  page.model.disabled = models.length < 2;
  showModel();
}

function showModel() {
  const model = page.model.value;
  saying(page.welcome.querySelector("h1"), "welcome", { model });
  saying(page.welcome.querySelector("p"), isBot(model) ? "promise" : "promiseModel");
  document.title = `${model} · danlu`;
  showReadiness();
}

function showReadiness() {
  page.send.hidden = running !== null;
  page.stop.hidden = running === null;
  page.send.disabled = !page.question.value.trim() || !models.length;
}

/** What the model is sent: the bot is told the questions before, to understand a follow-up; a language model its own conversation. */
function conversation(model, question) {
  const asked = { role: "user", content: question };
  const before = history.filter((turn) => turn.model === model);
  const earlier = isBot(model) ? before.slice(-FOLLOWED).map((turn) => turn.messages[0]) : before.flatMap((turn) => turn.messages);
  return [...earlier, asked];
}

async function ask(question) {
  const model = page.model.value;
  const turn = newTurn(question);
  page.welcome.hidden = true;
  page.fresh.hidden = false;
  page.notices.replaceChildren();
  page.status.textContent = "";
  page.log.append(turn.article);
  turn.article.scrollIntoView({ block: "start", behavior: calm() ? "auto" : "smooth" });
  running = new AbortController();
  showReadiness();
  try {
    await receive(turn, model, question, running.signal);
  } finally {
    running = null;
    showReadiness();
  }
}

async function receive(turn, model, question, signal) {
  try {
    const end = await streamReply(model, conversation(model, question), signal, (piece) => addText(turn, piece));
    if (end.finish !== "content_filter") remember(model, question, turn.text.textContent);
    finishTurn(turn, end, model, isBot(model));
    announceDone();
  } catch (failure) {
    if (failure.name === "AbortError") return stopTurn(turn);
    if (!(failure instanceof Failure)) throw failure;
    failTurn(turn, failure, question);
  }
}

function remember(model, question, answer) {
  history.push({ model, messages: [{ role: "user", content: question }, { role: "assistant", content: answer }] });
}

function failTurn(turn, failure, question) {
  turn.article.removeAttribute("aria-busy");
  const again = () => {
    if (running) return;
    turn.article.remove();
    ask(question);
  };
  turn.article.append(failureNotice(failure, again));
}

function calm() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

function submit() {
  const question = page.question.value.trim();
  if (!question || running || !models.length) return;
  page.question.value = "";
  fitQuestion();
  ask(question);
}

/** Grow the field with its text, where the browser does not do it by itself. */
function fitQuestion() {
  if (CSS.supports("field-sizing", "content")) return;
  page.question.style.height = "auto";
  page.question.style.height = `${page.question.scrollHeight}px`;
}

page.ask.addEventListener("submit", (event) => {
  event.preventDefault();
  submit();
});
page.question.addEventListener("keydown", (event) => {
  // Enter also picks a word in a Chinese input method: it sends only when nothing is being composed.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  submit();
});
page.question.addEventListener("input", () => {
  fitQuestion();
  showReadiness();
});
page.stop.addEventListener("click", () => running?.abort());
page.model.addEventListener("change", showModel);
page.language.addEventListener("click", () => switchLanguage(otherLanguage()));
page.fresh.addEventListener("click", () => {
  running?.abort();
  history = [];
  page.log.replaceChildren();
  page.notices.replaceChildren();
  page.welcome.hidden = false;
  page.fresh.hidden = true;
  page.question.focus();
});

switchLanguage(startingLanguage());
loadModels();
