"""Every figure of the book, in one visual language."""

from analysis.plotting.activity import carpet, layer_shares, loss_curve, positions, spread, time_courses
from analysis.plotting.networks import (
    connectivity,
    layer_profile,
    network_pictures,
    nilearn_view,
    profile,
    split_half,
)
from analysis.plotting.recurrence import (
    across,
    amount_of_text,
    evidence,
    icasso,
    model_order,
    pairs,
    stability,
    template_counts,
    untrained,
)
from analysis.plotting.rivals import agreement, rivals, single_texts, site_layers

__all__ = [
    "across",
    "agreement",
    "amount_of_text",
    "carpet",
    "connectivity",
    "evidence",
    "icasso",
    "layer_profile",
    "layer_shares",
    "loss_curve",
    "model_order",
    "network_pictures",
    "nilearn_view",
    "pairs",
    "positions",
    "profile",
    "rivals",
    "single_texts",
    "site_layers",
    "split_half",
    "spread",
    "stability",
    "template_counts",
    "time_courses",
    "untrained",
]
