"""Where the layers of a network that has learnt nothing yet start.

Sums over neighbors are much the same for all atoms of a material: what tells one environment from
another is a few per cent of them. Random layers pass this on, and a network then learns for
thousands of steps little more than a function of pairs. So the layers that an architecture names
are shifted and scaled, one after the other, until their outputs have mean zero and deviation one
over the atoms of training structures (D. Mishkin, J. Matas, ICLR 2016; P. Krähenbühl et al., ICLR
2016).
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor
from torch.nn import Linear

from eippot.data.loaders import validation_loader
from eippot.data.store import GraphStore
from eippot.graphs.batch import StructureBatch
from eippot.models.potential import Classifier, Potential

#: structures that means and deviations are taken over.
_STRUCTURES: Final = 256
#: deviations count as so much of the root mean square of the outputs at least.
_SMALLEST: Final = 0.01


def center_layers(model: Potential | Classifier, graphs: GraphStore) -> None:
    """Shift and scale the layers of a new network, in place.

    Parameters
    ----------
    model
        Its representation names the layers (Representation.centered_layers); the first layer of
        energy heads is one more.
    graphs
        Training structures; an even choice of them is evaluated once for each layer.
    """
    layers = model.representation.centered_layers()
    if layers and isinstance(model, Potential):
        hidden = model.heads.layers[0]
        assert isinstance(hidden, Linear)
        layers.append(hidden)
    step = -(-len(graphs) // _STRUCTURES)
    chosen = graphs.subset(range(0, len(graphs), step))
    for layer in layers:
        outputs = _outputs(layer, model, chosen)
        size = float(outputs.square().mean().sqrt())
        if size == 0.0:
            continue
        deviation, mean = torch.std_mean(outputs, dim=0, correction=0)
        deviation = deviation.clamp(min=_SMALLEST * size)
        with torch.no_grad():
            layer.weight.div_(deviation.unsqueeze(1))
            layer.bias.sub_(mean).div_(deviation)


def _outputs(layer: Linear, model: Potential | Classifier, graphs: GraphStore) -> Tensor:
    """What a layer makes of all atoms, ``(atoms, width)``."""
    seen: list[Tensor] = []
    handle = layer.register_forward_hook(lambda _, inputs, output: seen.append(output))
    try:
        with torch.no_grad():
            for batch in validation_loader(graphs):
                s = StructureBatch.of(batch)
                features = model.representation(s.species, s.edge_index, s.edge_vectors)
                if isinstance(model, Potential):
                    model.heads(features)
    finally:
        handle.remove()
    return torch.cat(seen)
