"""What all rooms share: settings, clients, health, logging, terminal output."""
