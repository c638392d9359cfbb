// What the page says, in both languages, and the language that it says it in.

const STRINGS = {
  en: {
    skip: "Skip to the question",
    model: "Model",
    fresh: "New chat",
    welcome: "Ask {model}",
    promise: "Answers quote your documents word for word. Open a number to check the passage behind it.",
    promiseModel: "A language model without your documents. What it says has no sources: do not rely on it.",
    question: "Your question",
    placeholder: "Ask a question…",
    send: "Send",
    stop: "Stop",
    keys: "Enter sends · Shift + Enter for a new line",
    you: "Question",
    sources: "Sources",
    understood: "Understood as: {question}",
    otherNames: "Also searched for: {names}",
    planted: "Source {number} speaks to a language model (“{words}”). Somebody may have planted it: check before you rely on it.",
    speaks: "This passage speaks to a language model (“{words}”). It is quoted; nothing obeys it.",
    closest: "What comes nearest, without answering:",
    page: "page {page}",
    chars: "characters {start}–{end}",
    refused: "No answer in the documents",
    blocked: "Restricted content",
    unsourced: "{model} · no sources",
    cut: "Cut off at the length limit",
    stopped: "Stopped",
    answerId: "answer {id}",
    copy: "Copy “danlu why {id}”",
    copied: "Copied",
    done: "The answer is complete.",
    retry: "Try again",
    reload: "Sign in again",
    e401: "You are signed out",
    e401hint: "Open the login link that danlu serve printed at its start, or sign in with a key.",
    e429: "Too many requests",
    e429hint: "Try again in {seconds} s.",
    e503: "The model is not available",
    e503hint: "Its engine stopped and restarts with the next question.",
    enet: "No connection to the server",
    enethint: "Check that danlu serve is still running.",
    elong: "The conversation is too long",
    elonghint: "Start a new chat, or ask a shorter question.",
    eother: "That did not work",
  },
  zh: {
    skip: "跳到提问框",
    model: "模型",
    fresh: "新对话",
    welcome: "向 {model} 提问",
    promise: "回答逐字引用您的文档。点开编号，即可核对背后的原文。",
    promiseModel: "这是不含您文档的语言模型，回答没有出处，请勿作为依据。",
    question: "您的问题",
    placeholder: "请输入问题…",
    send: "发送",
    stop: "停止",
    keys: "Enter 发送 · Shift + Enter 换行",
    you: "问题",
    sources: "出处",
    understood: "理解为：{question}",
    otherNames: "同时检索：{names}",
    planted: "出处 {number} 中有对语言模型说的话（“{words}”），可能是有人故意植入的：采信之前请先核实。",
    speaks: "这段文字在对语言模型说话（“{words}”）。这里只是引用，没有任何程序会照做。",
    closest: "最接近、但没有回答问题的内容：",
    page: "第 {page} 页",
    chars: "字符 {start}–{end}",
    refused: "文档中没有答案",
    blocked: "受限内容",
    unsourced: "{model} · 无出处",
    cut: "已达长度上限，回答被截断",
    stopped: "已停止",
    answerId: "回答 {id}",
    copy: "复制 “danlu why {id}”",
    copied: "已复制",
    done: "回答完毕。",
    retry: "重试",
    reload: "重新登录",
    e401: "您已退出登录",
    e401hint: "请打开 danlu serve 启动时打印的登录链接，或用密钥登录。",
    e429: "请求过于频繁",
    e429hint: "请在 {seconds} 秒后重试。",
    e503: "模型暂时不可用",
    e503hint: "推理引擎已停止，下一次提问时会重新启动。",
    enet: "无法连接服务器",
    enethint: "请确认 danlu serve 仍在运行。",
    elong: "对话过长",
    elonghint: "请开始新对话，或缩短问题。",
    eother: "操作未成功",
  },
};

let language = "en";

/** The remembered language, else the browser's. */
export function startingLanguage() {
  const remembered = localStorage.getItem("danlu.language");
  if (remembered in STRINGS) return remembered;
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}

/** Say everything in this language from now on, and say again what is on the page already. */
export function useLanguage(chosen) {
  language = chosen;
  localStorage.setItem("danlu.language", chosen);
  document.documentElement.lang = chosen === "zh" ? "zh-CN" : "en";
  translate(document.body);
}

export function otherLanguage() {
  return language === "zh" ? "en" : "zh";
}

/** One string, with its {names} filled in. */
export function say(key, values = {}) {
  return STRINGS[language][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** Give an element a text, label or placeholder that follows the language. */
export function saying(element, key, values = {}, as = "i18n") {
  element.dataset[as] = key;
  element.dataset.values = JSON.stringify(values);
  translate(element);
  return element;
}

function translate(root) {
  for (const element of [root, ...root.querySelectorAll("[data-i18n], [data-i18n-label], [data-i18n-placeholder]")]) {
    const { i18n, i18nLabel, i18nPlaceholder, values } = element.dataset;
    const filled = JSON.parse(values ?? "{}");
    if (i18n) element.textContent = say(i18n, filled);
    if (i18nLabel) element.setAttribute("aria-label", (element.title = say(i18nLabel, filled)));
    if (i18nPlaceholder) element.placeholder = say(i18nPlaceholder, filled);
  }
}
