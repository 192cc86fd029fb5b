// Talks to the JSON API; every failure becomes a Failure that can be shown to a person.

export const root = document.body.dataset.root;
/** The inbox that the page is about, undefined for all of them. */
export const inbox = document.body.dataset.inbox || undefined;

const FLAGS = new Set(document.body.dataset.flags?.split(" "));
/** Those of a message's tags that are for people; the others, such as mutt's `Old`, stand with its envelope. */
export const ofPeople = (tags) => tags.filter((tag) => !tag.startsWith("$") && !FLAGS.has(tag));

export class Failure extends Error {
  constructor(status, problem) {
    super(problem.message || `The server answered ${status}`);
    this.status = status;
    this.code = problem.code;
    this.hint = problem.hint || "";
    this.position = problem.position;
  }
}

async function request(method, path, { body, type, signal, keepalive } = {}) {
  let response;
  try {
    response = await fetch(root + path, {
      method,
      body,
      signal,
      keepalive,
      headers: type ? { "Content-Type": type } : {},
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure(0, { message: "The server cannot be reached", hint: "Is it still running?" });
  }
  if (!response.ok) {
    const told = await response.json().catch(() => ({}));
    throw new Failure(response.status, told.error || {});
  }
  return response;
}

function parameters(values) {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== null);
  return given.length ? "?" + new URLSearchParams(given) : "";
}

/** One page of summaries: `{messages, total, next}`. */
export async function messages(values, signal) {
  return (await request("GET", "/api/messages" + parameters({ inbox, ...values }), { signal })).json();
}

/** Ids in one request; an address has to stay short enough for any proxy. */
const BATCH = 300;

/** As many selections as it takes: `ids` is a list, which is cut in pieces. */
function batches({ ids, ...others }) {
  if (!ids) return [others];
  const starts = Array.from({ length: Math.ceil(ids.length / BATCH) }, (_, i) => i * BATCH);
  return starts.map((at) => ({ ...others, ids: ids.slice(at, at + BATCH).join(",") }));
}

/** Change what is noted about messages: those of `values` (`ids` as a list, `query`, `all`). */
export async function mark(values, changes) {
  const options = { body: JSON.stringify(changes), type: "application/json" };
  return Promise.all(batches(values).map((one) => request("PATCH", "/api/messages" + parameters({ inbox, ...one }), options)));
}

/** Delete what `values` selects; `keepalive` lets it outlive the page. */
export async function remove(values, keepalive = false) {
  return Promise.all(
    batches(values).map((one) => request("DELETE", "/api/messages" + parameters({ inbox, ...one }), { keepalive })),
  );
}

/** What happened after `seq`: `{seq, events, resume}`. */
export async function events(seq) {
  return (await request("GET", "/api/events" + parameters({ after: seq }))).json();
}

/** The names of all tags in use. */
export async function tags() {
  const answer = await (await request("GET", "/api/tags")).json();
  return answer.tags.map((one) => one.name);
}

/** A piece of HTML made by the server. */
export async function fragment(path, signal) {
  return (await request("GET", path, { signal })).text();
}

/** Capture the sample message. */
export async function sendSample() {
  const octets = await (await request("GET", "/sample.eml")).blob();
  return (await request("POST", "/api/messages" + parameters({ inbox }), { body: octets, type: "message/rfc822" })).json();
}

const json = (body) => ({ body: JSON.stringify(body), type: "application/json" });

async function told(method, path, body) {
  return (await request(method, path, body === undefined ? {} : json(body))).json();
}

/** A piece of HTML made by the server from what is sent. */
export async function fragmentOf(path, body, signal) {
  return (await request("POST", path, { ...json(body), signal })).text();
}

/** The fault rules: each call changes them at once, for every session. */
export const faults = {
  list: () => told("GET", "/api/faults"),
  add: (rule, before) => told("POST", "/api/faults" + parameters({ before }), rule),
  put: (id, rule) => told("PUT", `/api/faults/${id}`, rule),
  change: (id, changes) => told("PATCH", `/api/faults/${id}`, changes),
  remove: (id) => told("DELETE", `/api/faults/${id}`),
  rewind: (id) => told("POST", `/api/faults/${id}/rewind`),
  switch: (on) => told("PUT", "/api/faults/switch", { on }),
  import: (format, document) => told("POST", "/api/faults/import", { format, document }),
  scenario: (name, when) => told("POST", `/api/scenarios/${name}`, { when }),
};

/** Piles of mail; `add` answers with the token, if one was wished for. */
export const inboxes = {
  add: (wish) => told("POST", "/api/inboxes", wish),
  remove: (name) => told("DELETE", `/api/inboxes/${encodeURIComponent(name)}`),
};

/** Let so many seconds pass at once. */
export async function advance(seconds) {
  return told("POST", "/api/clock/advance", { seconds });
}
