"""The room that all other rooms may use: settings, clients, health, logging, terminal output."""
