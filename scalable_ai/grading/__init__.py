"""Run and judge submissions: nbgrader outside, a judge that trusts nothing a submission says inside."""
