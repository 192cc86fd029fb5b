// An inbox of the sandbox at MAILTRAP_URL, for one test. `clients/typescript` has all of it; this is what it comes to.
"use strict";

const { randomBytes } = require("node:crypto");

const SANDBOX = process.env.MAILTRAP_URL;

async function ask(method, path, document) {
  const response = await fetch(SANDBOX + path, {
    method,
    headers: { "content-type": "application/json" },
    body: document && JSON.stringify(document),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text ? JSON.parse(text) : {};
}

/** An inbox of its own: whoever logs in with its name sends into it. */
async function openInbox() {
  const name = `test-${randomBytes(5).toString("hex")}`;
  await ask("POST", "/api/inboxes", { name });
  const smtp = new URL(process.env.SMTP_URL);
  smtp.username = name;
  smtp.password = "any";
  return {
    name,
    smtpUrl: smtp.href,
    /** The newest message that matches, as soon as it is there. Where none comes, the error says what did. */
    async wait(query) {
      const { messages } = await ask("GET", `/api/wait?${new URLSearchParams({ query, inbox: name, timeout: 10 })}`);
      return ask("GET", `/api/messages/${messages.at(-1).id}`);
    },
    /** Let the mail server answer this, so many times. */
    reply: (code, status, text, first) =>
      ask("POST", "/api/faults", { step: "rcpt", effect: { reply: { code, status, text } }, inbox: name, first }),
    remove: () => ask("DELETE", `/api/inboxes/${name}`),
  };
}

module.exports = { openInbox };
