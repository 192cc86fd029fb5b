// The form of a fault rule: a rule as the API has it, put into fields and taken out of them.

import { fragmentOf } from "./api.js";
import { ticked } from "./prose.js";
import { Search } from "./search.js";

const PAUSE = 250;

const dialog = document.getElementById("rule-dialog");
const form = document.getElementById("rule-form");
const preview = document.getElementById("rule-preview");
const error = document.getElementById("rule-error");

let when;
let save = async () => {};
let kept = {};

/** `completions` are those of the query language. */
export function setup(completions) {
  when = new Search(completions, { input: "when", list: "when-completions", error: "when-error" });
  when.addEventListener("search", look);
}

/** Show the form filled from `rule`; `onSave(rule)` is called with what becomes of it, and may fail. */
export function open(rule, { title, button, onSave }) {
  document.getElementById("rule-title").textContent = title;
  document.getElementById("rule-save").textContent = button;
  save = onSave;
  fill(rule);
  dialog.showModal();
  form.elements.step.focus();
  look();
}

export function close() {
  dialog.close();
}

const kinds = () => [...form.querySelectorAll("[data-kind]")];
const toggles = () => [...form.querySelectorAll("[data-toggle-kind]")];
const present = (value) => value !== undefined && value !== null && value !== false && value !== "";

function valueAt(rule, path) {
  return path.split(".").reduce((part, key) => part?.[key], rule);
}

function setAt(rule, path, value) {
  const keys = path.split(".");
  const last = keys.pop();
  keys.reduce((part, key) => (part[key] ??= {}), rule)[last] = value;
}

/** Where the rule says whether a kind is there. */
function rootOf(set) {
  return set.dataset.group === "effect" ? `effect.${set.dataset.kind}` : set.dataset.kind;
}

function fill(rule) {
  form.reset();
  kept = { enabled: rule.enabled, id: rule.id };
  const on = new Set();
  for (const set of kinds()) {
    if (present(valueAt(rule, rootOf(set)))) on.add(set.dataset.kind);
  }
  if (valueAt(rule, "effect.reset") && !on.has("disconnect")) on.add("disconnect");
  for (const toggle of toggles()) toggle.checked = on.has(toggle.dataset.toggleKind);
  for (const field of form.elements) {
    const value = field.name && valueAt(rule, field.name);
    const set = field.closest("[data-kind]");
    // What the form proposes for something new is not what a rule means that leaves it out.
    if (!present(value) && on.has(set?.dataset.kind)) field.value = field.dataset.absent ?? field.value;
    if (!present(value) || field.type === "hidden") continue;
    if (field.type === "checkbox") field.checked = Boolean(value);
    else field.value = Array.isArray(value) ? value.join(field.dataset.type === "lines" ? "\n" : " ") : value;
  }
  when.value = rule.when ?? "";
  error.hidden = true;
  preview.replaceChildren();
  arrange();
}

/** Only what makes sense at the step is offered, and only what is chosen is shown. */
function arrange() {
  const step = form.elements.step.value;
  for (const toggle of toggles()) {
    const chip = toggle.closest(".kind-chip");
    const { steps } = chip.dataset;
    chip.hidden = Boolean(steps) && !steps.split(" ").includes(step);
    if (chip.hidden) toggle.checked = false;
  }
  for (const set of kinds()) {
    const on = form.querySelector(`[data-toggle-kind="${set.dataset.kind}"]`).checked;
    set.hidden = set.disabled = !on;
  }
}

/** The rule as the fields say. */
function read() {
  const rule = { step: form.elements.step.value, effect: {}, when: when.value.trim() };
  if (kept.enabled === false) rule.enabled = false;
  for (const field of form.querySelectorAll("fieldset:not([disabled]) [name], [name=per], [name=name], [name=inbox]")) {
    const value = valueOf(field);
    if (value !== undefined) setAt(rule, field.name, value);
  }
  return rule;
}

function valueOf(field) {
  if (field.type === "checkbox") return field.checked || undefined;
  if (field.dataset.type === "flag") return true;
  const text = field.value.trim();
  if (field.dataset.type === "words") return text.split(/[\s,]+/).filter(Boolean);
  if (field.dataset.type === "lines") return text.split("\n").map((line) => line.trim()).filter(Boolean);
  if (field.dataset.type === "numbers") return text.split(/[\s,]+/).filter(Boolean).map(Number);
  if (field.type === "number") return text === "" ? undefined : Number(text);
  return text === "" ? undefined : field.value;
}

let waiting;
let asking;
/** Whom would it hit? Asked once the hand rests. */
function look() {
  clearTimeout(waiting);
  waiting = setTimeout(async () => {
    asking?.abort();
    asking = new AbortController();
    const rule = read();
    if (!Object.keys(rule.effect).length) {
      preview.replaceChildren("Choose what shall happen.");
      return;
    }
    try {
      preview.innerHTML = await fragmentOf("/faults/preview", rule, asking.signal);
      explain(undefined);
    } catch (failure) {
      if (failure.name === "AbortError") return;
      preview.replaceChildren();
      explain(failure);
    }
  }, PAUSE);
}

/** What is wrong with a query stands at the query, all else at the foot. */
function explain(failure, options) {
  const query = failure?.position !== undefined;
  when.explain(query ? failure : undefined, options);
  error.hidden = !failure || query;
  if (failure && !query) error.replaceChildren(...ticked([failure.message, failure.hint].filter(Boolean).join(": ")));
}

form.addEventListener("input", (event) => {
  if (event.target.matches("[data-toggle-kind], #rule-step")) arrange();
  look();
});
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  clearTimeout(waiting);
  const wrong = [...form.elements].find((field) => field.willValidate && !field.validity.valid);
  if (wrong) {
    wrong.reportValidity();
    return;
  }
  try {
    await save(read());
    dialog.close();
  } catch (failure) {
    explain(failure, { go: true });
  }
});
