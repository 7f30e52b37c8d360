"""Clean texts: remove control characters, trim, turn sentinels into null, read texts of a known form.

The plain meaning of `tidy` is a trim after two regular expressions (docs/adr/0001-text-rules-on-bytes.md). The rare
cases are written with `let`, the common ones in functions that run on bytes: a regular expression costs some 5 ns a
character, which is more than reading the JSON.
"""

from collections.abc import Callable

from pyspark.sql import Column
from pyspark.sql import functions as fn

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
# Unicode's white space, control characters apart; the two common ones first.
BLANKS = " \u00a0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"

_CONTROL = r"[\x00-\x1f\x7f-\x9f]"
_CONTROLS = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]+"
_LINE_BREAKS = r"[\t\n\r]+"
# The end of a description that was cut: an ellipsis, and a no-break space, two bytes in UTF-8.
_CUT = "\u2026\u00a0"
_CUT_BLANK = _CUT[-1].encode()
_SPREAD = r"(?s)\A.(?:,.)++\z"
_PATH_PREFIX = "Local save in"
_PATH_PREFIXES = rf"\A(?:{_PATH_PREFIX}(?: +|\z))++"


def let(value: Column, body: Callable[[Column], Column]) -> Column:
    """Return `body(value)` with the value computed once; written out, it would be computed at each of its uses."""
    return fn.get(fn.transform(fn.array(value), body), fn.lit(0))


def may_hold_controls(json: Column) -> Column:
    """Return whether texts of the JSON text may hold ASCII control characters: only escapes and DEL lead to them."""
    return has_byte(json, b"\\") | has_byte(json, b"\x7f")


def has_byte(text: Column, byte: bytes) -> Column:
    """Return whether a text, or bytes, have the byte; `contains` of two texts takes twice as long."""
    return fn.contains(text.cast("binary"), fn.lit(byte))


def tidy(text: Column, controls: Column) -> Column:
    """Return the text without control characters, newlines and tabs as one blank, without white space at its ends.

    Most texts are so already: bytes are looked at first, and such a text is returned as it is.

    `controls` is what `may_hold_controls` says of the JSON text.
    """
    utf8 = text.cast("binary")
    begins_visibly, ends_visibly = _begins_visibly(text), _ends_visibly(utf8)
    # Many descriptions end so, and to trim by a set of characters takes longer than all else here.
    without_blank = fn.substring(utf8, fn.lit(1), fn.octet_length(text) - len(_CUT_BLANK))
    may_be_plain = ~controls & begins_visibly
    return (
        fn.when(may_be_plain & ends_visibly & ~_may_hold_c1(utf8), text)
        .when(may_be_plain & text.endswith(_CUT) & ~_may_hold_c1(without_blank), without_blank.cast("string"))
        .when(text.rlike(_CONTROL), _trim(_without_controls(text)))
        .when(begins_visibly & ends_visibly, text)
        .otherwise(_trim(text))
    )


def known(text: Column) -> Column:
    """Return a tidy text, or null where it is blank or says that there was nothing."""
    return fn.when(~text.isin("", *SENTINELS), text)


def tags(text: Column) -> Column:
    """Return a known tag list without `#`; one with a comma between all its characters is joined again."""
    unusual = text.contains("#") | (fn.substring(text, 2, 1) == ",")
    without_hash = let(text, lambda each: _trim(fn.replace(_joined(each), fn.lit("#"), fn.lit(""))))
    rejoined = let(without_hash, lambda each: _trim(_joined(each)))
    return fn.when(unusual, let(rejoined, known)).otherwise(known(text))


def path(text: Column) -> Column:
    """Return a known save location without the words before its path."""
    stripped = _trim(fn.regexp_replace(text, _PATH_PREFIXES, ""))
    return (
        fn.when(text.startswith(f"{_PATH_PREFIX} /"), fn.substring(text, len(_PATH_PREFIX) + 2, 2**31 - 1))
        .when(text.startswith(_PATH_PREFIX), let(stripped, known))
        .otherwise(known(text))
    )


def _trim(text: Column) -> Column:
    return fn.trim(text, fn.lit(BLANKS))


def _begins_visibly(text: Column) -> Column:
    """Return whether the first character is an ASCII one that shows; strings compare by their bytes."""
    return (text >= "!") & (text < "\x7f")


def _ends_visibly(utf8: Column) -> Column:
    """Return whether the last character is an ASCII one that shows, found without counting the characters before it."""
    last = fn.substring(utf8, -1, 1)
    return (last > fn.lit(b" ")) & (last < fn.lit(b"\x7f"))


def _may_hold_c1(utf8: Column) -> Column:
    """Return whether a text may hold U+0080 to U+009F, which begin with this byte in UTF-8; some signs do as well."""
    return has_byte(utf8, b"\xc2")


def _without_controls(text: Column) -> Column:
    return fn.regexp_replace(fn.regexp_replace(text, _CONTROLS, ""), _LINE_BREAKS, " ")


def _joined(tag_list: Column) -> Column:
    once = fn.regexp_replace(tag_list, r"(?s)(.),", "$1")
    # Spread twice over, or mostly commas: what is left of such a list is its other characters.
    thorough = let(
        once,
        lambda each: fn.when(each.rlike(_SPREAD), fn.replace(each, fn.lit(","), fn.lit(""))).otherwise(each),
    )
    return fn.when(tag_list.rlike(_SPREAD), thorough).otherwise(tag_list)
