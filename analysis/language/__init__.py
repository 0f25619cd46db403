"""The teaching language: a small English whose grammar, meaning and labels are known because we made it.

This is the face that the rest of the study uses. `lexicon` holds the words, `grammar` the constructions, ``domain_*``
the kinds of text, `tasks` the labelled items; `patterns` explains the notation in which they are written.

Examples
--------
>>> from analysis.language import items, passages
>>> passages("stories", "find", n=1)[0].words[0].upos  # doctest: +SKIP
'ADV'
>>> items("sums", "test", n=1)[0].context  # doctest: +SKIP
'Question: What is seven plus five? Answer:'
"""

from analysis.language.ceiling import Posterior, next_tag_posterior
from analysis.language.chance import SPLITS
from analysis.language.domains import DOMAINS, MIXTURE, corpus, passages
from analysis.language.samples import ANSWER
from analysis.language.tasks import TASKS, Task, items
from analysis.language.tokens import to_conllu

__all__ = [
    "ANSWER",
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
