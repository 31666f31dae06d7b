"""Draws the series that scaling.py measured; runs inside its environment.

python scaling_plot.py TARGET.png < curves.json
"""

from __future__ import annotations

import json
import sys
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.ticker import NullFormatter

CURVES = {"seconds": ("first run", "#d9480f"), "again": ("nothing changed", "#087f5b")}
MEMORY = "#1864ab"


def draw(curves: dict[str, list[float]], target: str) -> None:
    """Write the picture to `target`: time on the left, memory on the right, both logarithmic."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.6, 3.8), layout="constrained")
    for key, (label, colour) in CURVES.items():
        left.plot(curves["lines"], curves[key], color=colour, label=label, marker="o")
    _linear(left, curves["lines"], curves["seconds"])
    left.set_title("seconds of CPU", fontsize=10)
    right.plot(curves["lines"], curves["megabytes"], color=MEMORY, label="first run", marker="o")
    _linear(right, curves["lines"], curves["megabytes"])
    right.set_title("MB of the largest process", fontsize=10)
    for axis in (left, right):
        _finish(axis)
    figure.savefig(target, dpi=110, metadata={"Software": None})


def _linear(axis: Any, lines: list[float], values: list[float]) -> None:
    """What the largest project would make of the smaller ones if all grew in proportion."""
    rate = values[-1] / lines[-1]
    ends = (lines[0], lines[-1])
    axis.plot(
        ends, [rate * end for end in ends], color="#868e96", linestyle=":", label="proportional"
    )


def _finish(axis: Any) -> None:
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.set_xlabel("lines", fontsize=9)
    axis.xaxis.set_major_formatter("{x:,.0f}")
    axis.yaxis.set_major_formatter("{x:,g}")
    axis.yaxis.set_minor_formatter(NullFormatter())
    axis.grid(color="#e9ecef")
    axis.tick_params(labelsize=8)
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False, fontsize=8)


if __name__ == "__main__":
    draw(json.load(sys.stdin), sys.argv[1])
