"""Runs the services of docker-compose.yml in containers; `stack` beside this file has the commands."""
