"""The parts of `scalable-ai capstone evaluate`: answers, figures, calibration, corruptions, plots, report."""
