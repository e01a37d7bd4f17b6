"""What holds a pretrained representation in place while DFT is learnt: the labels of its EIPs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from ase import Atoms

from eippot.config.stages import FinetuneConfig
from eippot.data.labels import Labels, eip_labels_of
from eippot.data.sources import eip_energies
from eippot.errors import ConfigError, DataError
from eippot.graphs.alignment import Alignment
from eippot.models.potential import Potential
from eippot.models.pretrained import Pretrained
from eippot.models.saved import ModelCard, build_potential
from eippot.structures.choosing import where


@dataclass(frozen=True)
class Anchors:
    """The EIPs of a pretrained run.

    Attributes
    ----------
    alignments
        How each was brought to the DFT scale when it was learnt.
    zero
        Reference energies [eV] that their labels were relative to.
    """

    alignments: list[Alignment]
    zero: Mapping[str, float]

    @property
    def names(self) -> list[str]:
        """Of the EIPs, in the order of the pretrained heads."""
        return [alignment.source for alignment in self.alignments]

    def holding(self, structures: Sequence[Atoms]) -> Sequence[Atoms]:
        """Structures with a label of at least one of the EIPs.

        Raises
        ------
        DataError
            There is none.
        """
        known = np.isfinite(eip_energies(structures, self.names)).any(axis=1)
        if not known.any():
            raise DataError(
                "Expected structures without a DFT label but with one of "
                f"{', '.join(self.names)}, which are to anchor; got none among {len(structures)}.",
                "Run `eippot label` on more structures, or set `anchor: 0`.",
            )
        return where(structures, known)

    def labels(self, atoms: Atoms) -> Labels:
        """Labels of all EIPs, as the pretrained heads have learnt them."""
        return eip_labels_of(atoms, self.alignments, self.zero)

    def with_heads(self, card: ModelCard) -> ModelCard:
        """A card with the heads of the EIPs behind its own."""
        return card.model_copy(update={"outputs": (*card.outputs, *self.names)})


def anchors_of(config: FinetuneConfig, pretrained: Pretrained | None) -> Anchors | None:
    """What anchors a training; None if nothing is to.

    Raises
    ------
    ConfigError
        There is nothing to hold, or heads that anchors cannot stand beside.
    """
    if not config.anchor:
        return None
    if pretrained is None or config.head != "combination" or config.committee > 1:
        raise ConfigError(
            "Expected `pretrained`, `head: combination` and `committee: 1` with `anchor` > 0, got "
            f"pretrained: {config.pretrained}, head: {config.head}, committee: {config.committee}.",
            "EIP labels hold the representation of a run of `eippot pretrain`; set `anchor: 0`, or "
            "export several runs together as a committee.",
        )
    alignments = pretrained.card.provenance["alignments"]
    assert isinstance(alignments, list)
    return Anchors(
        [Alignment.model_validate(alignment) for alignment in alignments],
        pretrained.card.reference_energies,
    )


def without_anchors(model: Potential, card: ModelCard) -> Potential:
    """The potential with the heads of its card alone, which are the first."""
    bare = build_potential(card)
    weights = model.state_dict()
    with torch.no_grad():
        for name, weight in bare.state_dict().items():
            weight.copy_(weights[name][: len(weight)] if weight.dim() else weights[name])
    return bare
