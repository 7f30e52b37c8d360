"""The parts of the workspace that JupyterLab's server takes."""
