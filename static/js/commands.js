// Everything a person can do here, by name: buttons, keys and the palette all come to this table.

const commands = new Map();

/** `label` is what the palette shows; without one it is left out there. `keys` are as `keys.js` spells them. */
export function command(name, label, keys, run) {
  commands.set(name, { name, label, keys, run });
}

export function run(name, event) {
  const found = commands.get(name);
  if (!found) return false;
  found.run(event);
  return true;
}

export function all() {
  return [...commands.values()];
}

export function byKey(key) {
  return all().find((one) => one.keys.includes(key));
}

/** Whether some key begins with this one, as `g i` does with `g`. */
export function isPrefix(key) {
  return all().some((one) => one.keys.some((other) => other.startsWith(key + " ")));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-do]");
  if (button && run(button.dataset.do, event)) event.preventDefault();
});
