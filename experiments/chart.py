"""Charts of experiments, as SVG that stands for itself."""

import math

WIDTH, HEIGHT = 760, 440
LEFT, RIGHT, TOP, BOTTOM = 72, 560, 48, 384
COLORS = [("#1d2430", "#e8ecf2"), ("#2563c9", "#7fb0ff"), ("#15803d", "#6fd694"), ("#8a6d00", "#e5c54c"),
          ("#c2410c", "#ff9d66"), ("#7e3fb8", "#cf9cff"), ("#0e7490", "#67d5ea")]
STYLE = """
  .paper { fill: #ffffff } .ink { fill: #1d2430 } .soft { fill: #5a6473 } .grid { stroke: #e3e7ec }
  .goal { stroke: #b91c1c; stroke-dasharray: 6 4 } %s
  @media (prefers-color-scheme: dark) {
    .paper { fill: #14181f } .ink { fill: #e8ecf2 } .soft { fill: #a3adbb } .grid { stroke: #2b323d } %s
  }
  path { fill: none; stroke-width: 1.6 } text { font: 13px system-ui, sans-serif }
  .title { font-size: 15px; font-weight: 600 }"""


def style():
    parts = ["", ""]
    for k, shades in enumerate(COLORS):
        for mode, shade in enumerate(shades):
            parts[mode] += f".l{k} {{ stroke: {shade} }} .f{k} {{ fill: {shade} }} "
    return STYLE % tuple(parts)


def words(x, y, text, kind="ink", anchor="start"):
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{text}</text>'


def page(title, parts, label):
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
                      f'aria-label="{label}">', f"<style>{style()}</style>",
                      f'<rect class="paper" width="{WIDTH}" height="{HEIGHT}"/>', words(LEFT, 26, title, "ink title"),
                      *parts, "</svg>"]) + "\n"


def powers(low, high):
    return [10.0**e for e in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)]


def log_lines(title, across, up, lines):
    """lines: {name: [(x, y), ...]}, both axes logarithmic."""
    points = [point for line in lines.values() for point in line if point[1] > 0]
    xs, ys = sorted(x for x, _ in points), sorted(y for _, y in points)

    def place(value, low, high, start, end):
        return start + (end - start) * math.log(value / low) / math.log(high / low)

    x_of = lambda x: place(x, xs[0], xs[-1], LEFT, RIGHT)
    y_of = lambda y: place(y, ys[0], ys[-1], BOTTOM, TOP)
    parts = []
    for x in sorted({x for x in xs}):
        parts += [f'<path class="grid" d="M{x_of(x):.1f} {TOP}V{BOTTOM}"/>',
                  words(x_of(x), BOTTOM + 18, f"{x:g}", "soft", "middle")]
    for y in powers(ys[0], ys[-1]):
        if ys[0] <= y <= ys[-1]:
            parts += [f'<path class="grid" d="M{LEFT} {y_of(y):.1f}H{RIGHT}"/>',
                      words(LEFT - 8, y_of(y) + 4, f"{y:g}", "soft", "end")]
    parts += [words((LEFT + RIGHT) / 2, BOTTOM + 40, across, "soft", "middle"), words(LEFT - 60, TOP - 8, up, "soft")]
    last = BOTTOM + 20
    for k, (name, line) in sorted(enumerate(lines.items()), key=lambda item: item[1][1][-1][1]):
        line = [point for point in line if point[1] > 0]
        path = "L".join(f"{x_of(x):.1f} {y_of(y):.1f}" for x, y in line)
        last = min(y_of(line[-1][1]) + 4, last - 16)
        parts += [f'<path class="l{k % len(COLORS)}" d="M{path}"/>',
                  words(RIGHT + 10, last, name, f"f{k % len(COLORS)}")]
    return page(title, parts, f"{up} by {across}")


def intervals(title, across, rows, goals):
    """rows: [(name, low, middle, high)], one below the other; goals: [(value, words)] as upright lines."""
    low = min([row[1] for row in rows] + [value for value, _ in goals]) - 0.05
    high = max([row[3] for row in rows] + [0.0]) + 0.05
    left = 250
    x_of = lambda x: left + (WIDTH - 30 - left) * (x - low) / (high - low)
    step = (BOTTOM - TOP - 20) / len(rows)
    parts = []
    for value, label in [(0.0, "0")] + goals:
        kind = "grid" if value == 0 else "goal"
        parts += [f'<path class="{kind}" d="M{x_of(value):.1f} {TOP}V{BOTTOM}"/>',
                  words(x_of(value), BOTTOM + 18, label, "soft", "middle")]
    for k, (name, start, middle, end) in enumerate(rows):
        y = TOP + 20 + (k + 0.5) * step
        parts += [f'<path class="l1" d="M{x_of(start):.1f} {y:.1f}H{x_of(end):.1f}"/>',
                  f'<circle class="f1" cx="{x_of(middle):.1f}" cy="{y:.1f}" r="4"/>',
                  words(left - 16, y + 4, name, "ink", "end")]
    parts.append(words((left + WIDTH) / 2, BOTTOM + 40, across, "soft", "middle"))
    return page(title, parts, title)
