"""A bar chart in SVG."""

from __future__ import annotations

from xml.sax.saxutils import escape

WIDTH, BAR, GAP, LABEL = 900, 16, 4, 330


def bars(groups: dict[str, dict[str, float]]) -> str:
    """Return horizontal bars, a group for each workload, each group to its own scale."""
    body, top = [], 24
    for group, values in groups.items():
        body.append(f'<text x="4" y="{top}" font-weight="bold">{escape(group)}: CPU seconds per million records</text>')
        top += 8
        longest = max(values.values())
        for name, value in values.items():
            length = max(1.0, (WIDTH - LABEL - 80) * value / longest)
            ours = "#2a7" if name.startswith("target-") and "encoders" in name else "#89a"
            body.append(f'<text x="{LABEL - 6}" y="{top + BAR - 4}" text-anchor="end">{escape(name)}</text>')
            body.append(f'<rect x="{LABEL}" y="{top}" width="{length:.1f}" height="{BAR}" fill="{ours}"/>')
            body.append(f'<text x="{LABEL + length + 5:.1f}" y="{top + BAR - 4}">{value:.2f}</text>')
            top += BAR + GAP
        top += 28
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{top}" font-family="sans-serif" '
    return head + 'font-size="12">\n' + "\n".join(body) + "\n</svg>\n"
