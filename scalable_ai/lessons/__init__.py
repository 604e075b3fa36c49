"""From lesson sources to notebooks: parse, scaffold, build, lint."""
