// The dialog in which tags are put on messages and taken off.

import { tags as usedTags } from "./api.js";
import { failed } from "./toasts.js";

const dialog = document.getElementById("tags");
const form = document.getElementById("tags-form");
const input = document.getElementById("tags-input");
const chosen = document.getElementById("tags-chosen");
const known = document.getElementById("tags-known");

const used = new Set();
let change = () => {};
let on = new Set();

export function remember(tags) {
  for (const tag of tags) used.add(tag);
}

/** `tags` is what the messages have now; `onChange({add_tags} | {remove_tags})` applies one change. */
export function open(tags, onChange) {
  on = new Set(tags);
  remember(tags);
  change = onChange;
  input.value = "";
  draw();
  dialog.showModal();
  input.focus();
  // Those on messages that are not in view.
  usedTags().then((all) => (remember(all), draw())).catch(failed);
}

function toggle(tag) {
  if (on.has(tag)) {
    on.delete(tag);
    change({ remove_tags: [tag] });
  } else {
    on.add(tag);
    used.add(tag);
    change({ add_tags: [tag] });
  }
  draw();
}

function draw() {
  const option = (tag) => {
    const element = document.createElement("option");
    element.value = tag;
    return element;
  };
  known.replaceChildren(...[...used].sort().map(option));
  chosen.replaceChildren(
    ...[...used].sort().map((tag) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "tag tag-button";
      button.textContent = tag;
      button.ariaPressed = String(on.has(tag));
      button.addEventListener("click", () => toggle(tag));
      return button;
    }),
  );
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const tag = input.value.trim();
  input.value = "";
  if (!tag) dialog.close();
  else if (!on.has(tag)) toggle(tag);
});
dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close();
});
