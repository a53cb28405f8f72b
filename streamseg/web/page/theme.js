// Runs before the first paint, so that a page chosen dark never flashes white; a module would come too late.
"use strict";
{
  let chosen = null;
  try {
    chosen = localStorage.getItem("theme");
  } catch {
    // no storage is allowed here: the system's choice stays
  }
  if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
}
