"""picture.py: bars of the peers' times as multiples of conceptdec's, as an SVG of plain shapes and text."""
from html import escape
from math import ceil, floor, log10

COLOURS = {"FAISS": "#0072b2", "scikit-learn": "#e69f00", "torch": "#009e73"}  # told apart by colour-blind eyes, too
WIDTH, LEFT, RIGHT, TOP, BAR, GAP = 860, 300, 60, 76, 11, 8
STYLE = """  <style>
    text { font: 12px system-ui, sans-serif; fill: #1f2328 }
    .title { font-size: 15px; font-weight: 600 }
    .page { fill: #ffffff } .grid { stroke: #d0d7de } .one { stroke: #1f2328; stroke-width: 1.5 }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 } .page { fill: #0d1117 } .grid { stroke: #30363d } .one { stroke: #e6edf3 }
    }
  </style>"""


class Scale:
    """Logarithmic: every multiple from the smallest to the largest, and 1 among them."""

    def __init__(self, values):
        self.low = min(floor(2 * log10(min(values))) / 2, 0)
        self.high = max(ceil(4 * log10(1.05 * max(values))) / 4, 1)

    def at(self, value):
        return LEFT + (WIDTH - LEFT - RIGHT) * (log10(value) - self.low) / (self.high - self.low)

    def marks(self):
        candidates = [digit * 10.0**power for power in range(floor(self.low), ceil(self.high) + 1)
                      for digit in (1, 2, 5)]
        return [mark for mark in candidates if self.low - 1e-9 <= log10(mark) <= self.high + 1e-9]


def text(x, y, said, anchor="start", kind=""):
    return '  <text x="%.1f" y="%.1f" text-anchor="%s"%s>%s</text>' % (
        x, y, anchor, ' class="%s"' % kind if kind else "", escape(said))


def legend(peers):
    drawn, x = [], LEFT
    for peer in peers:
        drawn.append('  <rect x="%d" y="36" width="12" height="12" fill="%s"/>' % (x, COLOURS[peer]))
        drawn.append(text(x + 17, 46, peer))
        x += 40 + 8 * len(peer)
    return drawn


def axis(scale, bottom):
    drawn = []
    for mark in scale.marks():
        x = scale.at(mark)
        drawn.append('  <line x1="%.1f" x2="%.1f" y1="%d" y2="%d" class="%s"/>' % (
            x, x, TOP - 6, bottom, "one" if mark == 1 else "grid"))
        drawn.append(text(x, TOP - 10, "%g" % mark, "middle"))
    return drawn


def bars(label, ratios, scale, y):
    """The bars of one case, from the line at 1: to the right where conceptdec is faster."""
    drawn = [text(LEFT - 12, y + BAR * len(ratios) / 2 + 4, label, "end")]
    for peer, ratio in ratios.items():
        left, right = sorted((scale.at(1), scale.at(ratio)))
        drawn.append('  <rect x="%.1f" y="%.1f" width="%.1f" height="%d" fill="%s"/>' % (
            left, y, max(right - left, 1), BAR - 1, COLOURS[peer]))
        place, anchor = (right + 4, "start") if ratio >= 1 else (left - 4, "end")
        drawn.append(text(place, y + BAR - 1, "%.3g" % ratio, anchor))
        y += BAR
    return drawn


def draw(cases):
    """cases: [(label, {peer: multiple})]; the SVG as text."""
    scale = Scale([ratio for _, ratios in cases for ratio in ratios.values()] or [1])
    peers = [peer for peer in COLOURS if any(peer in ratios for _, ratios in cases)]
    drawn, y = [], TOP
    for label, ratios in cases:
        drawn += bars(label, ratios, scale, y)
        y += BAR * len(ratios) + GAP
    head = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img">' % (
        WIDTH, y + 8, WIDTH, y + 8), "  <title>Time of the peers as a multiple of conceptdec's</title>", STYLE,
        '  <rect class="page" width="%d" height="%d"/>' % (WIDTH, y + 8),
        text(LEFT, 22, "Time as a multiple of conceptdec's, exact neighbour table", kind="title"),
        text(WIDTH - 16, 46, "right of 1: conceptdec is faster", "end")]
    return "\n".join(head + legend(peers) + axis(scale, y) + drawn + ["</svg>", ""])
