"""What JupyterLab's server takes of the workspace."""
