"""Every figure of the book, in one visual language."""

from analysis.plotting.activity import carpet, loss_curve, spread, time_courses
from analysis.plotting.networks import layer_profile, network_pictures, profile, recurrence

__all__ = [
    "carpet",
    "layer_profile",
    "loss_curve",
    "network_pictures",
    "profile",
    "recurrence",
    "spread",
    "time_courses",
]
