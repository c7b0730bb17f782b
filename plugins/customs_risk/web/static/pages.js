// Draws the charts. All figures are in the page; nothing is asked of anyone.
"use strict";

const look = {
  font: { family: getComputedStyle(document.body).fontFamily, size: 13, color: "#1d2329" },
  margin: { t: 44, r: 16, b: 48, l: 64 },
  paper_bgcolor: "#fff",
  plot_bgcolor: "#fff",
  hovermode: "closest",
};

function draw(figure) {
  const { data, layout } = JSON.parse(figure.querySelector("script").textContent);
  const place = document.createElement("div");
  place.style.height = "100%";
  place.setAttribute("aria-hidden", "true");
  figure.append(place);
  Plotly.newPlot(place, data, { ...look, ...layout }, { displayModeBar: false, responsive: true });
}

// charts.js stands after this file and is deferred too: both have run by then
document.addEventListener("DOMContentLoaded", () => {
  if (window.Plotly) document.querySelectorAll("figure.chart").forEach(draw);
});
