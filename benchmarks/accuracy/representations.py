"""What pretraining makes of a representation: ``make bench NAME=accuracy.representations``.

Features of test structures, means over their atoms, of a network that is new and of one that has
learnt the labels of all EIPs: in a plane (t-SNE) with the DFT energies, as in Fig. 4 of Shui et al.
2022, and how well a structure's nearest neighbors among the others tell its DFT energy. One JSON
line for each data set in ``benchmarks/accuracy/representations.jsonl``; what has a line is not done
again. ``--table`` writes table and figure of ``docs/results.md``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import matplotlib
import numpy as np
import torch
from ase import Atoms
from matplotlib.figure import Figure
from sklearn.manifold import TSNE

from benchmarks.accuracy import by_set
from benchmarks.accuracy.report import PAGE
from benchmarks.accuracy.runs import Group
from benchmarks.pages import Line, header, with_table
from eippot.data.sources import reference_energies_of
from eippot.data.store import GraphStore, build_graphs
from eippot.graphs.references import sizes_of
from eippot.models.potential import Potential
from eippot.models.saved import ModelCard, build_potential, load_model
from eippot.training.centering import center_layers
from eippot.training.stacking import mean_features
from eippot.units import MEV_PER_EV

RESULTS: Final = Path(__file__).resolve().parent / "representations.jsonl"
FIGURE: Final = PAGE.with_name("representations.svg")
MARK: Final = "representations table"
KINDS: Final = ("new", "pretrained")
SETS: Final = ("silicon", "Si_PyXtal", "Cu_ACE", "W_FitSNAP")
_STRUCTURES: Final = 300
_NEIGHBORS: Final = 5


def measure(group: Group, work: Path) -> Line:
    """Points in a plane, energies [eV/atom], and errors of the neighbors' mean [meV/atom]."""
    pipeline = group.pipeline(work)
    training, _, test = pipeline.division.structures()
    test = test[:_STRUCTURES]
    card, pretrained = load_model(pipeline.pretrained())
    assert isinstance(pretrained, Potential)
    torch.manual_seed(group.seed)
    new = build_potential(card)
    center_layers(new, _graphs(training[:_STRUCTURES], card))
    energies = reference_energies_of(test) / sizes_of(test)
    line: Line = {
        "set": group.set,
        "energies": energies.round(4).tolist(),
        "spread": MEV_PER_EV * float(np.abs(energies - energies.mean()).mean()),
        "errors": {},
        "points": {},
    }
    for kind, potential in zip(KINDS, (new, pretrained), strict=True):
        features = mean_features(potential.representation, _graphs(test, card))
        width = features.std(axis=0)
        features = (features - features.mean(axis=0)) / np.where(width > 0, width, 1.0)
        line["errors"][kind] = neighbors_error(features, energies)
        points = TSNE(perplexity=min(30.0, len(test) / 3), random_state=0).fit_transform(features)
        line["points"][kind] = points.round(1).tolist()
    return line | group.provenance()


def neighbors_error(features: np.ndarray, energies: np.ndarray) -> float:
    """Mean absolute error [meV/atom] of what the nearest others, on average, say of each."""
    distances = np.linalg.norm(features[:, None] - features[None], axis=-1)
    np.fill_diagonal(distances, np.inf)
    nearest = np.argsort(distances, axis=1, kind="stable")[:, :_NEIGHBORS]
    return MEV_PER_EV * float(np.abs(energies[nearest].mean(axis=1) - energies).mean())


def table(lines: Sequence[Line]) -> str:
    """In Markdown: errors of the neighbors' mean."""
    rows = header(["spread of DFT [meV/atom]", *(f"neighbors, {kind}" for kind in KINDS)])
    for line in lines:
        cells = [line["spread"], *(line["errors"][kind] for kind in KINDS)]
        rows.append(f"| {line['set']} | {' | '.join(f'{cell:.0f}' for cell in cells)} |")
    return "\n".join(rows)


def draw(lines: Sequence[Line], path: Path) -> None:
    """Write the figure: a column for each data set, a row for each kind of network."""
    matplotlib.rcParams["svg.hashsalt"] = "eippot"  # the same figure for the same figures
    figure = Figure(figsize=(2.6 * len(lines), 5.0), layout="constrained", dpi=150)
    panels = figure.subplots(len(KINDS), len(lines), squeeze=False)
    for line, column in zip(lines, panels.T, strict=True):
        energies = np.array(line["energies"])
        highest = np.percentile(energies, 95)
        for kind, axes in zip(KINDS, column, strict=True):
            x, y = np.array(line["points"][kind]).T
            axes.scatter(x, y, c=np.minimum(energies, highest), s=5, rasterized=True)
            axes.set(xticks=[], yticks=[], title=f"{line['set']}, {kind}")
    figure.savefig(path, format="svg", metadata={"Date": None})


def _graphs(structures: Sequence[Atoms], card: ModelCard) -> GraphStore:
    return build_graphs(structures, card.species, card.model.cutoff, getattr(torch, card.dtype))


def write(lines: Sequence[Line]) -> None:
    """Write table and figure of ``docs/results.md``."""
    PAGE.write_text(with_table(PAGE.read_text(), MARK, table(lines)))
    draw(lines, FIGURE)


if __name__ == "__main__":
    by_set.run(__doc__, RESULTS, SETS, SETS, "default", measure, table, write)
