// Reads out a chart where the pointer is, or step by step with the arrow keys. Without it the charts still stand.
// The text is also XML, so it does without the signs that XML keeps for itself.
for (const svg of document.querySelectorAll("svg[data-readout]")) {
  const series = JSON.parse(svg.dataset.readout);
  const tip = svg.parentElement.querySelector(".tip");
  const width = svg.viewBox.baseVal.width;
  const stops = [...new Set(series.flatMap((line) => line.points.map((point) => point[0])))].sort((a, b) => a - b);
  const rule = document.createElementNS("http://www.w3.org/2000/svg", "path");
  rule.setAttribute("class", "rule");
  svg.append(rule);
  let stop = -1;

  const nearest = (values, x) => {
    let best = 0;
    values.forEach((value, index) => {
      if (Math.abs(values[best] - x) > Math.abs(value - x)) best = index;
    });
    return best;
  };

  const show = (index) => {
    stop = Math.max(0, Math.min(stops.length - 1, index));
    const x = stops[stop];
    rule.setAttribute("d", `M${x} 26V216`);
    tip.replaceChildren();
    let heading = "";
    for (const line of series) {
      if (line.points.length === 0) continue;
      const point = line.points[nearest(line.points.map((each) => each[0]), x)];
      if (Math.abs(point[0] - x) > 20) continue;
      if (point[2] !== heading) {
        heading = point[2];
        const title = document.createElement("strong");
        title.textContent = heading;
        tip.append(title);
      }
      const row = document.createElement("div");
      row.textContent = `${line.name}: ${point[3]}`;
      tip.append(row);
    }
    tip.hidden = false;
    const right = x > width / 2;
    tip.style.left = right ? "auto" : `${(100 * (x + 8)) / width}%`;
    tip.style.right = right ? `${100 - (100 * (x - 8)) / width}%` : "auto";
  };

  const hide = () => {
    stop = -1;
    tip.hidden = true;
    rule.removeAttribute("d");
  };

  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    if (stops.length > 0) show(nearest(stops, ((event.clientX - box.left) / box.width) * width));
  });
  svg.addEventListener("pointerleave", hide);
  svg.addEventListener("blur", hide);
  svg.addEventListener("keydown", (event) => {
    const goals = { ArrowRight: stop + 1, ArrowLeft: stop - 1, Home: 0, End: stops.length - 1 };
    if (event.key === "Escape") hide();
    if (!(event.key in goals)) return;
    if (stops.length === 0) return;
    event.preventDefault();
    show(goals[event.key]);
  });
}
