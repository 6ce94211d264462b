// Asking the server. Its errors say what was wrong and what to do: they are shown as they are.

import { authorization } from "./key.js";

/** What the server refused, or that it could not be reached. */
export class ApiError extends Error {
  constructor({ code, message, hint, field }) {
    super(message);
    Object.assign(this, { code, hint, field });
  }
}

const UNREACHABLE = {
  code: "unreachable",
  message: "the server does not answer",
  hint: "is tandem serve still running? Try again",
};

/** GET as data. What is undefined, null or empty is not sent.
 * Throws ApiError, and AbortError where `signal` ended it. */
export async function get(path, parameters, { signal } = {}) {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== null && value !== "") given.set(name, value);
  }
  return ask(`${path}?${given}`, { signal });
}

/** POST an object. `keepalive`: it arrives even if the page is left. */
export async function post(path, body) {
  const headers = { "Content-Type": "application/json" };
  return ask(path, { method: "POST", headers, body: JSON.stringify(body), keepalive: true });
}

async function ask(address, options) {
  let reply;
  let told;
  try {
    const headers = { ...options.headers, ...authorization() };
    reply = await fetch(address, { ...options, headers, credentials: "same-origin" });
    told = await reply.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    if (!reply) throw new ApiError(UNREACHABLE);
  }
  if (reply.ok && told) return told;
  const message = `the server answered with status ${reply.status}`;
  throw new ApiError(told?.error ?? { ...UNREACHABLE, message });
}

/** Of several questions only the last one counts: to ask again aborts what is under way. */
export class Latest {
  #asking = null;

  /** The signal for a new question; those of earlier ones are aborted. */
  next() {
    this.cancel();
    this.#asking = new AbortController();
    return this.#asking.signal;
  }

  cancel() {
    this.#asking?.abort();
    this.#asking = null;
  }
}

/** Whether it only says that a question was dropped for a newer one. */
export const wasDropped = (error) => error.name === "AbortError";
