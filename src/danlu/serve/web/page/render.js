// Builds what a turn of the conversation looks like. Every text from outside is set as text, never as HTML.

import { say, saying } from "./strings.js";
import { showTables } from "./tables.js";

let lastId = 0;

/** An element with a class and children; strings become text. */
function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

function button(className, onClick) {
  const made = element("button", className);
  made.type = "button";
  made.addEventListener("click", onClick);
  return made;
}

/** A question with an empty answer under it. */
export function newTurn(question) {
  const label = saying(element("span", "hidden"), "you");
  const text = element("div", "text");
  const article = element("article", "turn", element("h2", "", label, element("span", "", question)), text);
  article.setAttribute("aria-busy", "true");
  return { article, text };
}

/** Add a piece of the answer. */
export function addText(turn, piece) {
  turn.text.append(piece);
}

/** Finish a turn: its citations, what kind of answer it was, where sources contradict each other, and its id. */
export function finishTurn(turn, end, model, isBot) {
  turn.article.removeAttribute("aria-busy");
  const answer = end.danlu ?? { citations: [], refused: false, answer_id: null };
  if (end.finish === "content_filter") label(turn, "blocked", "refusal");
  else if (answer.refused) label(turn, "refused", "refusal");
  if (end.finish === "length") turn.article.append(saying(element("p", "aside"), "cut"));
  if (answer.understood) turn.text.before(saying(element("p", "aside understood"), "understood", { question: answer.understood }));
  if (answer.other_names?.length) {
    turn.text.before(saying(element("p", "aside names"), "otherNames", { names: answer.other_names.join(" · ") }));
  }
  if (answer.note) turn.text.after(element("p", "aside note", answer.note));
  answer.citations.forEach((citation, index) => {
    const words = citation.speaks_to_models;
    if (words) turn.text.before(saying(element("p", "conflict planted"), "planted", { number: index + 1, words }));
  });
  for (const note of answer.conflicts ?? []) turn.article.append(element("p", "conflict", note));
  if (answer.citations.length) turn.article.append(citations(answer.citations));
  if (answer.closest?.length) turn.article.append(saying(element("p", "aside"), "closest"), citations(answer.closest));
  if (!isBot) turn.article.append(saying(element("p", "aside"), "unsourced", { model }));
  if (answer.answer_id) turn.article.append(answerId(answer.answer_id));
  showTables(turn.text);
}

/** Mark a turn as stopped by the reader. */
export function stopTurn(turn) {
  turn.article.removeAttribute("aria-busy");
  turn.article.append(saying(element("p", "aside"), "stopped"));
}

function label(turn, key, className) {
  turn.article.classList.add(className);
  turn.text.before(saying(element("p", "kind"), key));
}

function citations(list) {
  const chips = element("div", "chips");
  const panels = element("div", "panels");
  chips.setAttribute("role", "group");
  saying(chips, "sources", {}, "i18nLabel");
  list.forEach((citation, index) => addCitation(chips, panels, citation, index + 1));
  return element("div", "citations", chips, panels);
}

function addCitation(chips, panels, citation, number) {
  const panel = quotePanel(citation, number);
  const chip = button("chip", () => {
    const open = chip.getAttribute("aria-expanded") !== "true";
    chip.setAttribute("aria-expanded", String(open));
    panel.hidden = !open;
  });
  chip.append(element("b", "", String(number)), element("span", "", shortName(citation.source)));
  if (citation.page !== null) chip.append(saying(element("i", ""), "page", { page: citation.page }));
  chip.setAttribute("aria-expanded", "false");
  chip.setAttribute("aria-controls", panel.id);
  chips.append(chip);
  panels.append(panel);
}

function quotePanel(citation, number) {
  const { source, page, start, end, quote } = citation;
  const place = element("figcaption", "", element("b", "", String(number)), element("span", "source", source));
  if (page !== null) place.append(saying(element("span", ""), "page", { page }));
  place.append(saying(element("span", ""), "chars", { start, end }));
  const panel = element("figure", "quote", element("blockquote", "", quote), place);
  if (citation.speaks_to_models) panel.append(saying(element("p", "conflict"), "speaks", { words: citation.speaks_to_models }));
  panel.id = `quote-${++lastId}`;
  panel.hidden = true;
  return panel;
}

function shortName(source) {
  return source.split(/[\\/]/).pop() || source;
}

function answerId(id) {
  const copy = button("copy", async () => {
    await navigator.clipboard?.writeText(`danlu why ${id}`).catch(() => selectText(code));
    saying(copy, "copied");
    setTimeout(() => saying(copy, "copy", { id }), 1600);
  });
  const code = saying(element("code", ""), "answerId", { id });
  return element("p", "id", code, saying(copy, "copy", { id }));
}

/** Where the clipboard is closed to plain HTTP, leave the id selected for the reader to copy. */
function selectText(node) {
  getSelection().selectAllChildren(node);
}

/** A failure, with the one thing to do about it; `retry` is null when there is nothing to try again. */
export function failureNotice(failure, retry) {
  const [title, hint] = wording(failure);
  const notice = element("div", "failure", saying(element("p", "kind"), title));
  notice.setAttribute("role", "alert");
  const line = element("p", "");
  notice.append(line);
  if (hint) saying(line, hint, { seconds: failure.retryAfterS });
  else line.textContent = failure.message;
  const action = button("quiet", failure.status === 401 ? () => location.reload() : retry);
  if (failure.status === 401 || retry) notice.append(saying(action, failure.status === 401 ? "reload" : "retry"));
  if (failure.status === 429) countDown(line, action, failure.retryAfterS);
  return notice;
}

function wording(failure) {
  if (failure.code === "context_length_exceeded") return ["elong", "elonghint"];
  if ([401, 429, 503].includes(failure.status)) return [`e${failure.status}`, `e${failure.status}hint`];
  return failure.status === 0 ? ["enet", "enethint"] : ["eother", null];
}

function countDown(line, action, seconds) {
  action.disabled = seconds > 0;
  if (seconds <= 0) return void (line.textContent = "");
  saying(line, "e429hint", { seconds });
  setTimeout(() => countDown(line, action, seconds - 1), 1000);
}

/** Tell a screen reader, once, that the answer stands. */
export function announceDone() {
  document.getElementById("status").textContent = say("done");
}
