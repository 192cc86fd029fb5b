// The page of fault rules: their order by drag and by keyboard, one-click scenarios, and which rule would answer.

import "./page.js";
import { faults, fragment, fragmentOf } from "./api.js";
import { command } from "./commands.js";
import { keep, replace } from "./news.js";
import * as ruleform from "./ruleform.js";
import { announce, failed, toast } from "./toasts.js";

const given = JSON.parse(document.getElementById("setup").textContent);
const box = document.getElementById("rules-box");
const element = (id) => document.getElementById(id);
ruleform.setup(given.completions);

const NEW = { step: "rcpt", effect: { reply: { code: 550, status: "5.1.1", text: "No such user" } } };
/** With any of these a rule may have answered. */
const SPOKE = new Set(["faults", "refused", "session", "captured", "delivered", "deferred", "bounced", "complained", "clock"]);

let dragged;
keep(box, () => "/faults/list", ({ kind }) => SPOKE.has(kind) && !dragged, drawn);

async function refresh() {
  replace(box, await fragment("/faults/list"));
  drawn();
}

/** Off for all may have been said elsewhere, in the banner for one. */
function drawn() {
  element("faults-on").checked = element("rules").dataset.off !== "true";
}

/** Do something to rules, show what came of it; failures are told. */
async function doing(change) {
  try {
    await change();
    await refresh();
  } catch (error) {
    failed(error);
    await refresh().catch(() => undefined);
  }
}

const ruleOf = (item) => JSON.parse(item.dataset.rule);
const items = () => [...box.querySelectorAll(".rule")];

// ---- one rule

function edit(item) {
  ruleform.open(ruleOf(item), {
    title: `Edit rule ${Number(item.dataset.place) + 1}`,
    button: "Save",
    async onSave(rule) {
      await faults.put(item.dataset.id, rule);
      await refresh();
    },
  });
}

/** It goes at once: whoever deletes a rule wants no more failures. Undo makes it anew, where it was. */
function erase(item) {
  const rule = ruleOf(item);
  const after = item.nextElementSibling?.dataset.id;
  const place = Number(item.dataset.place);
  doing(async () => {
    await faults.remove(item.dataset.id);
    undo = () => {
      close();
      undo = undefined;
      doing(async () => {
        // What followed it may have gone too.
        const before = items().some((one) => one.dataset.id === after) ? after : undefined;
        const { id } = await faults.add(rule, before);
        if (!before) await faults.change(id, { place });
      });
    };
    const close = toast("Rule deleted", { action: "Undo", onAction: () => undo?.(), seconds: 8 });
  }).then(() => (items()[place] ?? items().at(-1))?.querySelector("[data-act=delete]").focus());
}

let undo;

async function move(item, to) {
  const count = items().length;
  const place = Math.max(0, Math.min(count - 1, to));
  if (place === Number(item.dataset.place)) return announce(place ? "It is the last" : "It is the first");
  await doing(() => faults.change(item.dataset.id, { place }));
  announce(`Rule moved to place ${place + 1} of ${count}`);
}

const ACTS = {
  up: (item) => move(item, Number(item.dataset.place) - 1),
  down: (item) => move(item, Number(item.dataset.place) + 1),
  edit,
  delete: erase,
  rewind: (item) => doing(() => faults.rewind(item.dataset.id)),
};

box.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-act]");
  if (button) ACTS[button.dataset.act](button.closest(".rule"));
});
box.addEventListener("change", (event) => {
  if (event.target.dataset.act !== "enable") return;
  doing(() => faults.change(event.target.closest(".rule").dataset.id, { enabled: event.target.checked }));
});
box.addEventListener("keydown", (event) => {
  const item = event.target.closest(".rule");
  const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!item || !by || !event.altKey) return;
  event.preventDefault();
  move(item, Number(item.dataset.place) + by);
});

// ---- drag

const cleared = () => {
  for (const item of items()) item.classList.remove("drop-before", "drop-after");
};
const isBelow = (item, event) => {
  const { top, height } = item.getBoundingClientRect();
  return event.clientY > top + height / 2;
};
box.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.(".rule");
  if (!dragged) return;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.querySelector(".rule-sentence").textContent);
  dragged.classList.add("is-dragged");
});
box.addEventListener("dragover", (event) => {
  const over = event.target.closest(".rule");
  if (!dragged || !over) return;
  event.preventDefault();
  cleared();
  if (over !== dragged) over.classList.add(isBelow(over, event) ? "drop-after" : "drop-before");
});
box.addEventListener("drop", (event) => {
  const over = event.target.closest(".rule");
  if (!dragged || !over || over === dragged) return;
  event.preventDefault();
  const from = Number(dragged.dataset.place);
  const gap = Number(over.dataset.place) + (isBelow(over, event) ? 1 : 0);
  move(dragged, gap > from ? gap - 1 : gap);
});
box.addEventListener("dragend", () => {
  dragged?.classList.remove("is-dragged");
  dragged = undefined;
  cleared();
});

// ---- all of them

element("faults-on").addEventListener("change", (event) => doing(() => faults.switch(event.target.checked)));

command("rule-add", "Add a fault rule", ["n"], () =>
  ruleform.open(NEW, {
    title: "Add a rule",
    button: "Add the rule",
    async onSave(rule) {
      await faults.add(rule);
      await refresh();
      items().at(-1)?.scrollIntoView({ block: "nearest" });
    },
  }),
);
command("rule-cancel", "", [], () => ruleform.close());
command("undo", "Undo the deletion", ["z", "Control+z"], () => undo?.());

// ---- import

const importing = element("import-dialog");
command("rules-import", "Import fault rules", [], () => {
  element("import-error").hidden = true;
  importing.showModal();
});
element("import-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { format, document: text } = event.target.elements;
  try {
    const made = await faults.import(format.value, text.value);
    importing.close();
    event.target.reset();
    toast(`${made.faults.length} ${made.faults.length === 1 ? "rule" : "rules"} imported`);
    await refresh();
  } catch (error) {
    element("import-error").hidden = false;
    element("import-error").textContent = [error.message, error.hint].filter(Boolean).join(": ");
  }
});

// ---- scenarios

const scenarios = [...element("scenarios").children].map((item) => ({ item, text: item.textContent.toLowerCase() }));
element("scenario-filter").addEventListener("input", (event) => {
  const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const { item, text } of scenarios) {
    item.hidden = !words.every((word) => text.includes(word));
    shown += item.hidden ? 0 : 1;
  }
  element("scenario-count").textContent = words.length ? `${shown} found` : "";
});
element("scenarios").addEventListener("click", (event) => {
  const button = event.target.closest("button[data-scenario]");
  if (!button) return;
  const name = button.dataset.scenario;
  const when = element("scenario-when").value.trim();
  doing(async () => {
    const made = (await faults.scenario(name, when)).faults;
    toast(`${name} is on${when ? ` for ${when}` : ""}`, {
      action: "Undo",
      onAction: () => doing(() => Promise.all(made.map(({ id }) => faults.remove(id)))),
      seconds: 8,
    });
  });
});

// ---- which rule would answer

element("explain-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { step, sender, ...others } = Object.fromEntries(new FormData(event.target));
  const asked = { step, sender: sender.trim() };
  for (const [name, value] of Object.entries(others)) if (value.trim()) asked[name] = value.trim();
  try {
    element("explanation").innerHTML = await fragmentOf("/faults/explain", asked);
  } catch (error) {
    failed(error);
  }
});
