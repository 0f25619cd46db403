"""The teaching language: a small English whose grammar, meaning and labels are known because we made it.

This is the face that the rest of the study uses. `analysis.lexicon` holds the words, `analysis.grammar` the
constructions, ``analysis.domain_*`` the kinds of text, `analysis.tasks` the labelled items.

Examples
--------
>>> from analysis.language import items, passages
>>> passages("stories", "find", n=1)[0].words[0].upos  # doctest: +SKIP
'ADV'
>>> items("sums", "test", n=1)[0].context  # doctest: +SKIP
'Question: What is seven plus five? Answer:'
"""

from analysis.ceiling import Posterior, next_tag_posterior
from analysis.chance import SPLITS
from analysis.domains import DOMAINS, MIXTURE, corpus, passages
from analysis.tasks import TASKS, Task, items
from analysis.tokens import to_conllu

__all__ = [
    "DOMAINS",
    "MIXTURE",
    "SPLITS",
    "TASKS",
    "Posterior",
    "Task",
    "corpus",
    "items",
    "next_tag_posterior",
    "passages",
    "to_conllu",
]
