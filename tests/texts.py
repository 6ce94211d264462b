"""Texts of many kinds, for comparing embedders."""

import random

SENTENCES = [
    "Vitamin D supplements do not lower the risk of falls in older adults.",
    "How do I read a CSV file into a list of dictionaries?",
    "The boundary layer thickens along a flat plate at zero incidence.",
    "A retired detective is drawn back to the case that ended his career.",
    "Interest rates rose by 0.25 % in March 2021, against every forecast!",
    "Mice lacking the receptor stayed lean on a high-fat diet (p < 0.001).",
    "Re: Re: FWD: your order #48-1177-X has shipped",
    "https://example.org/a/b?c=d&e=%20f#g",
]
NOT_LATIN = [
    "Быстрая коричневая лиса перепрыгивает через ленивую собаку.",
    "敏捷的棕色狐狸跳过了懒狗。",
    "素早い茶色の狐がのろまな犬を飛び越える。",
    "الثعلب البني السريع يقفز فوق الكلب الكسول.",
    "빠른 갈색 여우가 게으른 개를 뛰어넘는다.",
    "Ταχεία καφέ αλεπού πηδά πάνω από το τεμπέλικο σκυλί.",
    "तेज़ भूरी लोमड़ी आलसी कुत्ते के ऊपर कूदती है।",
    "Café, naïve, Ærøskøbing, Straße, ﬁne, İstanbul",
]
CODE = [
    "def area(r: float) -> float:\n    return math.pi * r ** 2",
    "SELECT id, COUNT(*) FROM hits WHERE score >= 0.5 GROUP BY id;",
    "for (int i = 0; i < n; ++i) { sum += a[i] * b[i]; }",
    '{"name": "tandem", "tags": ["a", "b"], "n": null}',
    "$ git log --oneline | head -n 3 > /dev/null 2>&1",
]
ODD = [
    "?",
    "...!!! --- ???",
    "a",
    "42",
    "🙂🙃 👩‍👩‍👧",
    "tab\tnew\nline\r\n  spaces",
    "nul\x00inside",
    "lone \ud800 surrogate",
    "x" * 300,
    "[CLS] and [SEP] written out [MASK]",
]


def varied_texts(count: int = 220, seed: int = 7) -> list[str]:
    """``count`` distinct texts: each of the above, then mixtures of 2 to 40 of them."""
    drawn = random.Random(seed)
    pool = [*SENTENCES, *NOT_LATIN, *CODE, *ODD]
    texts = list(pool)
    while len(texts) < count:
        size = drawn.choice([2, 2, 3, 3, 4, 6, 10, 40])
        texts.append(" ".join(drawn.choices(pool, k=size)))
    return list(dict.fromkeys(texts))
