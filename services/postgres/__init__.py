"""The served database: its server in local mode, its queries."""
