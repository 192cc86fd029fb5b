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

// A click into the mail gives its frame the keyboard, and no key comes back from there. While the pointer is in it, what
// is marked can be copied; once it leaves, the page has its keys again. Who has come by Tab stays, to scroll.
let byTab = false;
let byClick = false;
const isMail = (element) => element?.id === "frame";

document.addEventListener("keydown", (event) => (byTab = event.key === "Tab"), true);
document.addEventListener("pointerdown", () => (byTab = false), true);
window.addEventListener("blur", () => (byClick = !byTab && isMail(document.activeElement)));
document.addEventListener("pointermove", (event) => {
  if (!byClick || event.pointerType !== "mouse" || event.buttons || isMail(event.target)) return;
  byClick = false;
  if (isMail(document.activeElement)) document.activeElement.blur();
});
