"""JupyterLab: its server's configuration, made from the settings, and its start."""
