// The palette: every command, the places to go to, and searches made before.

import { all } from "./commands.js";
import { recent } from "./recent.js";

const dialog = document.getElementById("palette");
const input = document.getElementById("palette-input");
const list = document.getElementById("palette-list");
let choices = [];
let chosen = 0;
let search = () => {};

/** `onSearch(text)` runs what was typed as a search. */
export function setup(onSearch) {
  search = onSearch;
}

export function open() {
  if (dialog.open) return;
  input.value = "";
  dialog.showModal();
  offer();
}

function score(label, words) {
  const text = label.toLowerCase();
  return words.every((word) => text.includes(word));
}

function offer() {
  const typed = input.value.trim();
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  choices = all()
    .filter((one) => one.label && score(one.label, words))
    .map((one) => ({ label: one.label, key: one.keys[0], run: one.run }));
  const searches = recent().filter((query) => score(query, words)).slice(0, 5);
  for (const query of searches) choices.push({ label: query, kind: "Search", run: () => search(query) });
  if (typed && !searches.includes(typed)) {
    choices.push({ label: typed, kind: "Search for", run: () => search(typed) });
  }
  chosen = 0;
  draw();
}

function draw() {
  list.replaceChildren(
    ...choices.map((choice, i) => {
      const item = document.createElement("li");
      item.id = `choice-${i}`;
      item.role = "option";
      item.ariaSelected = String(i === chosen);
      if (choice.kind) {
        const kind = document.createElement("span");
        kind.className = "muted";
        kind.textContent = choice.kind;
        item.append(kind, " ");
      }
      const label = document.createElement("span");
      label.className = "choice-label";
      label.textContent = choice.label;
      item.append(label);
      if (choice.key) {
        const key = document.createElement("kbd");
        key.textContent = choice.key.replace("Control+", "Ctrl ").replace("Shift+", "Shift ");
        item.append(key);
      }
      item.addEventListener("click", () => pick(i));
      return item;
    }),
  );
  input.setAttribute("aria-activedescendant", choices.length ? `choice-${chosen}` : "");
  list.children[chosen]?.scrollIntoView({ block: "nearest" });
}

function pick(i) {
  const choice = choices[i];
  dialog.close();
  choice?.run();
}

input.addEventListener("input", offer);
input.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && choices.length) {
    chosen = (chosen + step + choices.length) % choices.length;
    draw();
  } else if (event.key === "Enter") {
    pick(chosen);
  } else {
    return;
  }
  event.preventDefault();
});
dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close();
});
