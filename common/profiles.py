"""Find the services that a choice of Compose profiles starts."""


def is_enabled(profiles: list[str], chosen: str) -> bool:
    """Return whether a service of these profiles starts, where COMPOSE_PROFILES is `chosen`."""
    return not profiles or bool(set(profiles) & set(chosen.split(",")))
