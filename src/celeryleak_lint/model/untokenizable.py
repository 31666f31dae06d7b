"""What Python's tokenizer raises for text that it cannot take apart, in all versions of Python."""

from __future__ import annotations

import tokenize

#: The last one is how Python 3.14 refuses a carriage return before a letter beyond ASCII.
REFUSALS = (tokenize.TokenError, SyntaxError, UnicodeDecodeError)
