// The keyboard: which key runs which command, wherever the focus is but in a field.

import { byKey, isPrefix } from "./commands.js";

const PATIENCE = 1200;
/** These keep their own keys: arrows move between tabs, over a separator, through a list of choices. */
const OWN_ARROWS = "[role=tab], [role=separator], [role=option], pre, .dialogue, .table-box";

let held = "";
let holding;

/** `j`, `Shift+R`, `Control+k`, `ArrowDown`; Control stands for ⌘ too. */
function spell(event) {
  const control = event.ctrlKey || event.metaKey ? "Control+" : "";
  const shift = event.shiftKey && /^[A-Z]$/i.test(event.key) ? "Shift+" : "";
  return control + shift + (control ? event.key.toLowerCase() : event.key);
}

function isField(element) {
  if (element.matches("input[type=checkbox], input[type=radio]")) return false;
  return element.matches("input, textarea, select, [contenteditable]");
}

document.addEventListener("keydown", (event) => {
  const target = event.target instanceof Element ? event.target : document.body;
  if (event.isComposing || event.altKey || event.defaultPrevented) return;
  const key = spell(event);
  if (document.querySelector("dialog[open]")) return;
  if (isField(target) && key !== "Control+k") return;
  if (key.startsWith("Arrow") && target.closest(OWN_ARROWS)) return;
  if (key === "Enter" && target.closest("button, a, summary, input") && !target.closest(".row-link")) return;
  const spelled = held ? `${held} ${key}` : key;
  clearTimeout(holding);
  held = "";
  const command = byKey(spelled) || byKey(key);
  if (command) {
    event.preventDefault();
    command.run(event);
  } else if (isPrefix(key)) {
    held = key;
    holding = setTimeout(() => (held = ""), PATIENCE);
  }
});
