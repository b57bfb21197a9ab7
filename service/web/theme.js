// Light or dark: what the system says, unless the reader chose. Runs before the first paint.
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");

  // Storage may be forbidden (private windows, embedded pages): the choice then lasts as long as the page.
  const recall = () => { try { return localStorage.getItem("theme"); } catch { return null; } };
  const keep = (theme) => { try { localStorage.setItem("theme", theme); } catch { /* see above */ } };

  const shown = () => root.dataset.theme ?? (system.matches ? "dark" : "light");

  function toggle() {
    root.dataset.theme = shown() === "dark" ? "light" : "dark";
    keep(root.dataset.theme);
  }

  const chosen = recall();
  if (chosen === "dark" || chosen === "light") root.dataset.theme = chosen;
  addEventListener("DOMContentLoaded", () => document.getElementById("theme-button").addEventListener("click", toggle));
})();
