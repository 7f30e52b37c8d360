"""List the stable codes for which a record is quarantined or warned of, each explained."""

REASONS: dict[str, str] = {
    "tombstone": "The record has no value, or its value is the JSON value null.",
    "not_json": "The value is not exactly one JSON value, or one nested over 1,000 deep or with a number of over "
    "1,000 digits.",
    "not_an_object": "The value is JSON, but not an object.",
    "other_table": "The record has values in columns of another table and none in its own, the key apart.",
    "no_ind": "The key (index of a pin, ind of a geo or user) is missing or null.",
    "bad_ind": "The key is not an integer JSON number between -2147483648 and 2147483647.",
    "latitude_unreadable": "latitude is neither a number nor blank.",
    "latitude_out_of_range": "latitude is outside -90..90.",
    "longitude_unreadable": "longitude is neither a number nor blank.",
    "longitude_out_of_range": "longitude is outside -180..180.",
    "age_unreadable": "age is neither an integer nor blank.",
    "age_out_of_range": "age is outside 0..150.",
    "timestamp_unreadable": "timestamp is not a date and time of the years 1..9999, such as 2020-08-28T03:52:47.",
    "date_joined_unreadable": "date_joined is not a date and time of the years 1..9999, such as "
    "2020-08-28T03:52:47.",
}

WARNINGS: dict[str, str] = {
    "follower_count_unreadable": "follower_count is not a count such as 437, 124k, 1.2k or 3M that fits 64 bits; "
    "it became null.",
    "downloaded_unreadable": "downloaded is not a whole number that fits 32 bits; it became null.",
}
