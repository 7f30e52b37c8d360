"""The pools of texts and people that generated rows draw from; made once per seed."""

from itertools import accumulate
from random import Random
from typing import NamedTuple

from faker.providers.address.en import Provider as Addresses
from faker.providers.person.en_US import Provider as People

from services.source import vocabulary as words

NO_TITLE = "No Title Data Available"
NO_TAGS = "N,o, ,T,a,g,s, ,A,v,a,i,l,a,b,l,e"
USER_ERROR = "User Info Error"

CATEGORIES = tuple(words.SUBJECTS)
FIRST_NAMES = tuple(sorted(People.first_names))
LAST_NAMES = tuple(sorted(People.last_names))
COUNTRIES = tuple(sorted(set(Addresses.countries)))

_TITLES = _DESCRIPTIONS = 2_000  # of one category
_TAG_LISTS = 500
_POSTERS = 4_000
_CUT = 176  # characters at which a long description is cut
# Of 2,103 real posts with a readable follower count: thousands, millions, plain digits.
_FOLLOWER_SHAPES = (1_557, 160, 386)


class Poster(NamedTuple):
    """Somebody whose posts are shown, with followers as the site writes them."""

    name: str
    follower_count: str


class Texts(NamedTuple):
    """The texts of one category."""

    titles: list[str]
    descriptions: list[str]
    tag_lists: list[str]


class Pools(NamedTuple):
    """Everything that rows of one seed draw from: texts by category, and posters."""

    texts: dict[str, Texts]
    posters: list[Poster]


def make_pools(seed: int) -> Pools:
    """The pools of a seed."""
    random = Random(f"{seed}/pools")  # noqa: S311 - reproducible, not secret
    texts = {category: _texts(random, subjects) for category, subjects in words.SUBJECTS.items()}
    return Pools(texts, _posters(random))


def falling_weights(count: int, offset: int) -> list[float]:
    """Cumulative weights 1/offset, 1/(offset+1), ...: the first of `count` are the most frequent.

    Sums of quotients: exact in IEEE arithmetic, so they are the same on every machine.
    """
    return list(accumulate(1 / (offset + place) for place in range(count)))


def _texts(random: Random, subjects: tuple[str, ...]) -> Texts:
    tags = [f"{subject} {word}" for subject in subjects for word in words.TAG_WORDS]
    return Texts(
        [_title(random, subjects) for _ in range(_TITLES)],
        [_description(random, subjects) for _ in range(_DESCRIPTIONS)],
        [_tag_list(random, tags) for _ in range(_TAG_LISTS)],
    )


def _title(random: Random, subjects: tuple[str, ...]) -> str:
    title = f"{random.choice(words.OPENERS)} {random.choice(subjects)} {random.choice(words.ENDINGS)}"
    return title + random.choice(words.TITLE_MARKS) if random.random() < 0.1 else title


def _description(random: Random, subjects: tuple[str, ...]) -> str:
    count = random.randint(1, 4)
    sentences = random.choices(words.SENTENCES, words.SENTENCE_WEIGHTS, k=count)
    text = " ".join(sentence.format(subject=random.choice(subjects)) for sentence in sentences)
    return text if len(text) <= _CUT else f"{text[: _CUT - 1].rstrip()}…\N{NO-BREAK SPACE}"


def _tag_list(random: Random, tags: list[str]) -> str:
    count = random.choices((9, 8, 7, 3), (90, 5, 3, 2))[0]
    return ",".join(random.sample(tags, count))


def _posters(random: Random) -> list[Poster]:
    names = (
        form.format(first=random.choice(FIRST_NAMES), last=random.choice(LAST_NAMES))
        for form in random.choices(words.POSTER_NAMES, k=_POSTERS)
    )
    return [Poster(name, count) for name, count in zip(names, _follower_counts(random), strict=True)]


def _follower_counts(random: Random) -> list[str]:
    """As many of each shape as real posts have, so that the shares hold for every seed."""
    thousands, millions, _ = (shape * _POSTERS // sum(_FOLLOWER_SHAPES) for shape in _FOLLOWER_SHAPES)
    plain = _POSTERS - thousands - millions
    counts = [
        *(
            f"{value}k"
            for value in random.choices(range(1, 992), cum_weights=falling_weights(991, 20), k=thousands)
        ),
        *(
            f"{value}M"
            for value in random.choices(range(1, 50), cum_weights=falling_weights(49, 1), k=millions)
        ),
        *(
            str(value)
            for value in random.choices(range(1000), cum_weights=falling_weights(1000, 20), k=plain)
        ),
    ]
    random.shuffle(counts)
    return counts
