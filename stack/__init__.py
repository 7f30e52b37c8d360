"""Run the services: as processes, in containers, and the launchers of other people's servers."""
