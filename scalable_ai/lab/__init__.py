"""The learner's JupyterLab: warm kernels, a start page, progress and hand-in."""
