// Applies the chosen colour scheme before anything is painted. A classic script: modules run too late for that.
const chosen = localStorage.getItem("mailtrap.scheme");
if (chosen === "light" || chosen === "dark") document.documentElement.dataset.scheme = chosen;
