"""What keeps OpenSearch's English stemmer in step with tantivy's.

Both are Snowball's "Porter2". tantivy has the newer one (Snowball 3), which tells organs from
organizations, the universe from universities and what is late from what is lateral, and brings the
geologist to geology; OpenSearch 2.19 and 3.8 have the older. The families of words in which they
differ are small, so they are told to OpenSearch: found by comparing both on the vocabularies of
SciFact, Cranfield and a collection of films, 45,650 words, and completed by hand. A test compares.
"""

SUFFIX = "ogists?(?:'s)?$"
"""What becomes ``og``, so that a biologist is found by biology."""

_EXCEPTIONS = {
    "universal": "universal universals universally universality universalities universalism "
    "universalize universalized universalizes universalizing universalization universalizations",
    "universiti": "university universities",
    "lateral": "lateral laterals laterally laterality lateralities lateralize lateralized "
    "lateralizes lateralizing lateralization",
    "lateriz": "laterize laterization",
    "emergenc": "emergence emergences emergency emergencies",
    "emergent": "emergent emergents emergently",
    "organic": "organic organics organically organicity",
    "organism": "organism organisms",
    "organiz": "organize organized organizes organizing organizer organizers organization "
    "organizations",
    "internal": "internal internals internally internality internalities internalize internalized "
    "internalizes internalizing internalization",
    "internat": "international internationals internationally internationalism internationality",
    "interval": "interval intervals",
    "interfer": "interfered interfering",
    "interment": "interment interments",
    "internment": "internment",
    "interstat": "interstate",
    "paste": "paste pastes pasted pasting",
    "evening": "evening evenings",
    "add": "added adding addings",
    "ebb": "ebbed ebbing",
    "egg": "egged egging",
    "err": "erred erring",
    "odd": "odding",
    "off": "offed offing offings",
    "die": "dying",
    "hie": "hying",
    "lie": "lying",
    "tie": "tying",
    "vie": "vying",
}

EXCEPTIONS: dict[str, str] = {
    form: stem
    for stem, words in _EXCEPTIONS.items()
    for word in words.split()
    for form in (word, f"{word}'s")
}
"""Word -> stem, possessives included."""
