"""Training of eippot's architectures, as ``eippot finetune`` does it."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from benchmarks.speed.serving import Prepared, Setting, serve
from benchmarks.speed.silicon import COHESION, CUTOFF, NEIGHBORS, labelled_crystals
from benchmarks.speed.training import training_speed
from eippot.config.loss import PotentialLossConfig, PropertyWeights
from eippot.config.model import BUILT_IN
from eippot.data.labels import labels_of
from eippot.data.loaders import MixedBatchSampler, build_graphs, training_loader
from eippot.losses.terms import REFERENCE, PotentialLoss
from eippot.models.saved import ModelCard, build_potential
from eippot.properties import reference_key
from eippot.structures.io import set_reference
from eippot.training.objectives import PotentialObjective
