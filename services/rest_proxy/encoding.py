"""A request's Content-Encoding: gzip bodies are inflated piece by piece. Pure: no I/O."""

import zlib
from collections.abc import Iterator

from services.rest_proxy.errors import ApiError, ErrorCode

# zlib's way to say: a gzip header and trailer around the data.
_GZIP_BITS = 16 + zlib.MAX_WBITS
# The most that is inflated at a time, before its reader may say that it is too much.
PIECE_BYTES = 64 * 1024


class Gunzip:
    """Inflates one body of gzip, which may have several members."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP_BITS)
        self._inside = False

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Yield what the next bytes of the body inflate to, at most PIECE_BYTES at a time.

        Raises:
            ApiError: 400, they are not gzip.
        """
        more = bool(data)
        while more:
            self._inside = True
            try:
                piece = self._member.decompress(data, PIECE_BYTES)
            except zlib.error as error:
                raise ApiError(ErrorCode.MALFORMED, f"The body is not gzip: {error}") from None
            if piece:
                yield piece
            data = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
            more = bool(data) or len(piece) == PIECE_BYTES
            if self._member.eof:
                self._member, self._inside, more = zlib.decompressobj(_GZIP_BITS), False, bool(data)

    def finish(self) -> None:
        """Note that the body has ended.

        Raises:
            ApiError: 400, its last member has not.
        """
        if self._inside:
            raise ApiError(ErrorCode.MALFORMED, "The body ends before its gzip data do")


def decoder_of(content_encoding: str) -> Gunzip | None:
    """Return what inflates a body of this Content-Encoding, or None where it is as it is.

    Raises:
        ApiError: 415, it is neither gzip nor identity.
    """
    named = [name.strip().lower() for name in content_encoding.split(",")]
    codings = [name for name in named if name not in ("", "identity")]
    if not codings:
        return None
    if codings in (["gzip"], ["x-gzip"]):
        return Gunzip()
    raise ApiError(
        ErrorCode.UNSUPPORTED_ENCODING,
        f"Content-Encoding is {content_encoding!r}; expected gzip or identity",
        headers={"Accept-Encoding": "gzip, identity"},
    )
