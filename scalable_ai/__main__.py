"""`python -m scalable_ai …` is `scalable-ai …`."""

import sys

from scalable_ai.cli import main

sys.exit(main())
