"""The source database: its server in local mode, its rows."""
