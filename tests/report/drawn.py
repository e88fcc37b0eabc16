"""Readings of a drawn picture: where its marks and lines are, in points of its SVG."""

import re


def marks(svg: str, style: str) -> list[tuple[float, float]]:
    """Centres of the marks whose style has this text, in the order of drawing."""
    uses = re.findall(r'<use [^>]*?x="([\d.-]+)" y="([\d.-]+)" style="([^"]*)"', svg)
    return [(float(x), float(y)) for x, y, found in uses if style in found]


def lines(svg: str, colour: str) -> list[list[tuple[float, float]]]:
    """Points of the lines of a colour inside the axes, in the order of drawing."""
    paths = re.findall(r'<path d="([^"]*)" clip-path="[^"]*" style="([^"]*)"', svg)
    return [
        [(float(x), float(y)) for x, y in re.findall(r"([\d.-]+) ([\d.-]+)", d)]
        for d, style in paths
        if f"stroke: {colour}" in style
    ]
