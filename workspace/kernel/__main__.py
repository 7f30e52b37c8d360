"""Become a kernel, as the kernelspec says: `python -P -m workspace.kernel -f CONNECTION_FILE`."""

from workspace.kernel.kernel import NotebookKernelApp

if __name__ == "__main__":
    NotebookKernelApp.launch_instance()
