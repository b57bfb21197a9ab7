// What has to be right at the first paint: light or dark (the system's choice, unless the reader chose), start page or results.
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");

  // Storage may be forbidden (private windows, embedded pages): the choice then lasts as long as the page.
  const recall = () => { try { return localStorage.getItem("theme"); } catch { return null; } };
  const keep = (/** @type {string} */ theme) => { try { localStorage.setItem("theme", theme); } catch { /* see above */ } };

  const shown = () => root.dataset.theme ?? (system.matches ? "dark" : "light");

  function toggle() {
    root.dataset.theme = shown() === "dark" ? "light" : "dark";
    keep(root.dataset.theme);
  }

  const chosen = recall();
  if (chosen === "dark" || chosen === "light") root.dataset.theme = chosen;
  const asked = new URLSearchParams(location.search);
  root.dataset.view = ["q", "like", "picture"].some((name) => asked.get(name)) ? "results" : "home";
  addEventListener("DOMContentLoaded", () => document.getElementById("theme-button")?.addEventListener("click", toggle));
})();
