"""Records of the three tables as the emulator sends them, valid in every column: a test changes what it is about."""

from typing import Any


def pin(ind: int, **values: object) -> dict[str, Any]:
    """Return a record of the topic or stream of pins."""
    valid = {
        "index": ind,
        "unique_id": f"id-{ind}",
        "title": f"Title {ind}",
        "description": "d",
        "poster_name": "p",
        "follower_count": "3k",
        "tag_list": "a,b",
        "is_image_or_video": "image",
        "image_src": "https://x/y.jpg",
        "downloaded": 1,
        "save_location": "Local save in /data/art",
        "category": "art",
    }
    return valid | values


def geo(ind: int, **values: object) -> dict[str, Any]:
    """Return a record of the topic or stream of places."""
    valid = {
        "ind": ind,
        "timestamp": "2020-08-28T03:52:47",
        "latitude": -1.5,
        "longitude": 1e-05,
        "country": "Albania",
    }
    return valid | values


def user(ind: int, **values: object) -> dict[str, Any]:
    """Return a record of the topic or stream of users."""
    valid = {
        "ind": ind,
        "first_name": "Ann",
        "last_name": f"O'Hara {ind}",
        "age": 30,
        "date_joined": "2016-01-02 03:04:05",
    }
    return valid | values
