"""Draws the curves that growth.py measured; runs inside its environment.

    python growth_plot.py TARGET.png < curves.json

One row of pictures for each sample, memory on the left and open files on the right.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt

COLOURS = {"leaky": "#d9480f", "fixed": "#087f5b"}
COLUMNS = (("memory", "MB"), ("files", "open files"))
ACROSS = 2  # samples beside each other


def draw(curves: list[dict[str, Any]], target: str) -> None:
    """Write the picture to `target`."""
    names = list(dict.fromkeys(curve["sample"] for curve in curves))
    height = -(-len(names) // ACROSS)
    width = ACROSS * len(COLUMNS)
    figure, axes = plt.subplots(
        height, width, figsize=(3.2 * width, 2.1 * height), squeeze=False, layout="constrained"
    )
    for axis in axes.flat:
        axis.set_visible(False)
    for number, name in enumerate(names):
        for column, (metric, unit) in enumerate(COLUMNS):
            axis = axes[number // ACROSS][number % ACROSS * len(COLUMNS) + column]
            _curves(axis, [curve for curve in curves if curve["sample"] == name], metric)
            axis.set_title(f"{name.replace('_', ' ')}: {unit}", fontsize=9)
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2, frameon=False)
    figure.savefig(target, dpi=110, metadata={"Software": None})


def _curves(axis: Any, curves: list[dict[str, Any]], metric: str) -> None:
    axis.set_visible(True)
    for curve in curves:
        axis.plot(
            curve["tasks"], curve[metric], color=COLOURS[curve["variant"]],
            label=curve["variant"], linewidth=1.4,
        )  # fmt: skip
    axis.set_ylim(bottom=0)
    axis.margins(x=0)
    axis.grid(color="#e9ecef")
    axis.tick_params(labelsize=7)
    axis.spines[["top", "right"]].set_visible(False)
    axis.xaxis.set_major_formatter("{x:,.0f}")


if __name__ == "__main__":
    draw(json.load(sys.stdin), sys.argv[1])
