// Tabs as the ARIA pattern has them: one stop for Tab, arrows move between them.

/** `onSelect(tab)` runs after a tab of `list` was chosen. */
export function tabs(list, onSelect = () => {}) {
  const all = [...list.querySelectorAll("[role=tab]")];
  const select = (tab, { focus = false } = {}) => {
    for (const one of all) {
      const on = one === tab;
      one.setAttribute("aria-selected", String(on));
      one.tabIndex = on ? 0 : -1;
      document.getElementById(one.getAttribute("aria-controls")).hidden = !on;
    }
    if (focus) tab.focus();
    tab.scrollIntoView({ block: "nearest", inline: "center" });
    onSelect(tab);
  };
  list.addEventListener("click", (event) => {
    const tab = event.target.closest("[role=tab]");
    if (tab) select(tab);
  });
  list.addEventListener("keydown", (event) => {
    const at = all.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined || at < 0) return;
    event.preventDefault();
    select(all[(to + all.length) % all.length], { focus: true });
  });
  return { all, select };
}
