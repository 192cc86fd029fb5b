// What every page does: colours, help, palette, keys to go places, copying, times in the reader's zone.

import { localise } from "./age.js";
import { root, sendSample } from "./api.js";
import * as attention from "./attention.js";
import "./banner.js";
import "./clock.js";
import { command } from "./commands.js";
import "./keys.js";
import * as news from "./news.js";
import * as palette from "./palette.js";
import { failed, toast } from "./toasts.js";

const go = (path) => () => location.assign(root + path);

command("palette", "", ["Control+k"], () => palette.open());
command("go-inbox", "Go to the inbox", ["g i"], go("/"));
command("go-sessions", "Go to sessions", ["g s"], go("/sessions"));
command("go-faults", "Go to faults", ["g f"], go("/faults"));
command("go-deliveries", "Go to deliveries", ["g d"], go("/deliveries"));
command("go-settings", "Go to settings", ["g t"], go("/settings"));
command("go-inboxes", "Go to all inboxes", ["g b"], go("/inboxes"));
command("go-api", "Go to the API", ["g a"], go("/docs/api"));
command("help", "Show keyboard shortcuts", ["?"], () => document.getElementById("help").showModal());
command("scheme", "Switch between light, dark and automatic", [], nextScheme);
command("notify", "Notifications on or off", [], attention.toggle);
command("sample", "Send a test message", [], async () => {
  try {
    const message = await sendSample();
    if (!document.getElementById("rows")) location.assign(`${root}/messages/${message.id}`);
  } catch (error) {
    failed(error);
  }
});

palette.setup((query) => location.assign(`${root}/?query=${encodeURIComponent(query)}`));

function nextScheme() {
  const order = ["auto", "light", "dark"];
  const now = document.documentElement.dataset.scheme || "auto";
  const next = order[(order.indexOf(now) + 1) % order.length];
  if (next === "auto") {
    delete document.documentElement.dataset.scheme;
    localStorage.removeItem("mailtrap.scheme");
  } else {
    document.documentElement.dataset.scheme = next;
    localStorage.setItem("mailtrap.scheme", next);
  }
  toast(next === "auto" ? "Colours follow the system" : `Colours: ${next}`, { seconds: 2 });
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-of]");
  if (!button) return;
  try {
    const { copy, copyOf } = button.dataset;
    await write(copy ?? document.querySelector(copyOf).textContent);
    button.classList.add("is-done");
    setTimeout(() => button.classList.remove("is-done"), 1200);
    toast("Copied", { seconds: 1.5 });
  } catch {
    toast("The browser did not allow copying", { failed: true });
  }
});

/** To the clipboard; also where the page came over HTTP from another machine and browsers offer the old way only. */
async function write(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "unseen-text";
  const before = document.activeElement;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  before?.focus();
  if (!done) throw new Error("not allowed");
}

document.getElementById("help").addEventListener("click", (event) => {
  if (event.target === event.currentTarget) event.currentTarget.close();
});

localise(document);
attention.start();
// The inbox begins when it is ready for what comes.
if (!document.getElementById("rows")) news.start(Number(document.body.dataset.seq));
document.body.dataset.started = "true";
