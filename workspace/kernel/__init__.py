"""The kernel of notebooks in a browser: IPython's, whose cells go by the rules of notebook-run."""
