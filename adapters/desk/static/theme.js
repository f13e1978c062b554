// Light or dark before the first paint: the seller's choice, else the system's. The framework follows.
window.heqiTheme = () => {
  const wish = localStorage.getItem("heqi.theme") ?? "auto";
  const dark = wish === "dark" || (wish === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
};
window.heqiTheme();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", window.heqiTheme);
