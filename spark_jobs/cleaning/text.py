"""The rules for text: what goes, what becomes null, and the columns that hold text of a known form."""

from pyspark.sql import Column
from pyspark.sql import functions as F

# What the scrapers wrote where they found nothing.
SENTINELS = (
    "User Info Error",
    "No description available Story format",
    "No description available",
    "No Title Data Available",
    "N,o, ,T,a,g,s, ,A,v,a,i,l,a,b,l,e",
    "No Tags Available",
    "Image src error.",
)

# Unicode's white space beyond the plain blank, control characters apart.
_BLANKS = r"\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_SPACE = rf"[ {_BLANKS}]"
# A text with none of these is clean once plain blanks are trimmed: most are, and one search is all they cost.
_SUSPECT = rf"[\x00-\x1f\x7f-\x9f{_BLANKS}]"
_LINE_BREAKS = r"[\t\n\r]+"
_CONTROLS = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]+"
# The look-behind lets a run of blanks inside the text be tried once, not once from each of its blanks.
_EDGES = rf"\A{_SPACE}++|(?<!{_SPACE}){_SPACE}++\z"

_SPREAD = r"(?s)\A.(?:,.)++\z"
_PATH_PREFIX = r"\A(?:Local save in(?: +|\z))++"


def tidy(text: Column) -> Column:
    """Text without control characters, newlines and tabs as one blank, without white space at its ends."""
    trimmed = F.trim(text)
    return F.when(trimmed.rlike(_SUSPECT), _scrub(trimmed)).otherwise(trimmed)


def known(text: Column) -> Column:
    """Tidy text, or null where it is blank or says that there was nothing."""
    return F.when(~text.isin("", *SENTINELS), text)


def tags(text: Column) -> Column:
    """A tag list without `#`; one with a comma between all its characters is joined again."""
    unusual = text.contains("#") | (F.substring(text, 2, 1) == ",")
    without_hash = F.trim(F.replace(_joined(text), F.lit("#"), F.lit("")))
    return F.when(unusual, tidy(_joined(without_hash))).otherwise(text)


def path(text: Column) -> Column:
    """A save location without the words before its path."""
    return F.when(text.startswith("Local save in"), tidy(F.regexp_replace(text, _PATH_PREFIX, ""))).otherwise(
        text
    )


def _scrub(text: Column) -> Column:
    without_controls = F.regexp_replace(text, _CONTROLS, "")
    return F.regexp_replace(F.regexp_replace(without_controls, _LINE_BREAKS, " "), _EDGES, "")


def _joined(tag_list: Column) -> Column:
    once = F.regexp_replace(tag_list, r"(?s)(.),", "$1")
    # Spread twice over, or mostly commas: what is left of such a list is its other characters.
    thorough = F.when(once.rlike(_SPREAD), F.replace(once, F.lit(","), F.lit(""))).otherwise(once)
    return F.when(tag_list.rlike(_SPREAD), thorough).otherwise(tag_list)
