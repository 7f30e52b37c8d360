"""What every service shares: settings, logging, clients."""
