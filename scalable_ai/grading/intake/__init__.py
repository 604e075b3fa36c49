"""Takes hand-ins as they come, from learning platforms, clones, folders and archives, into `submitted/`."""
