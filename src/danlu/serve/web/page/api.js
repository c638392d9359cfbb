// Talks to /v1 with the session of this browser.

/** A request that failed: `status` is 0 when the server was not reached. */
export class Failure extends Error {
  constructor(status, code, message, retryAfterS) {
    super(message);
    Object.assign(this, { status, code, retryAfterS });
  }
}

/** The ids of the models, the documents' own first. */
export async function listModels() {
  const response = await reach("/v1/models", {});
  return (await response.json()).data.map((model) => model.id);
}

/**
 * Ask for a reply; calls `onText` with each piece.
 * Returns what ended it: {finish, danlu}. Throws Failure, or AbortError when the signal fires.
 */
export async function streamReply(model, messages, signal, onText) {
  const response = await reach("/v1/chat/completions", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model, messages, stream: true }),
    signal,
  });
  let end = null;
  for await (const chunk of events(response, signal)) {
    if (chunk.error) throw failureFrom(503, chunk, null);
    const choice = chunk.choices[0];
    if (choice?.delta.content) onText(choice.delta.content);
    if (choice?.finish_reason) end = { finish: choice.finish_reason, danlu: chunk.danlu ?? null };
  }
  if (!end) throw new Failure(0, "cut", "the reply broke off", null);
  return end;
}

async function reach(path, options) {
  let response;
  try {
    response = await fetch(path, { ...options, credentials: "same-origin" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure(0, "network", error.message, null);
  }
  if (response.ok) return response;
  const body = await response.json().catch(() => ({}));
  throw failureFrom(response.status, body, response.headers.get("retry-after"));
}

function failureFrom(status, body, retryAfter) {
  const error = body.error ?? {};
  return new Failure(status, error.code ?? null, error.message ?? `HTTP ${status}`, retryAfter && Number(retryAfter));
}

/** The JSON objects of a stream of server-sent events. */
async function* events(response, signal) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read().catch((error) => {
      if (signal.aborted) throw error;
      throw new Failure(0, "network", error.message, null);
    });
    if (done) return;
    const parts = (rest + value).split("\n\n");
    rest = parts.pop();
    for (const part of parts) {
      if (part.startsWith("data: ") && part !== "data: [DONE]") yield JSON.parse(part.slice(6));
    }
  }
}
