"""The plots of the stories, as data: stages of which one line (or several) is told; `analysis.domain_stories` reads them.

``hero``, ``friend`` and ``elder`` are persons, ``town`` and ``place`` are where it happens; a plot's head names further
participants with the tags of their nouns.
"""

COMMON = {
    "opening": """
existential: ( once | ) there/PRON was ( a girl | a woman ) {hero.called} {hero.np} . {hero.s} lived in &home .
""",
}
