"""Read the state of each part of the pipeline: one module for each server or file that is asked."""
