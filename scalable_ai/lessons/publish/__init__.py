"""Lessons for people who look before they install: a site with executed lessons, and a slide deck for each lecture."""


class PublishError(Exception):
    """Something that cannot or must not be published: says what is wrong and what to do."""
