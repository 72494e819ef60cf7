"""What can not be equal is masked: times, random ids, numbers of connections, texts about JSON."""

import re

# A quote, also inside of a string of JSON.
Q = r'\\*"'
# Clients look at the number of the error only.
JSON_ERROR = re.compile(r'(invalid JSON: )(?:[^"\\]|\\.)*')
RULES = [(re.compile(a), b) for a, b in (
    (r'20[23]\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)', 'TIME'),
    (r'\b1[67]\d{17}\b', 'TS'),
    (r'(%sid%s:%s)\w{22}(%s)' % (Q, Q, Q, Q), r'\1ID\2'),
    (r'(%s(?:pinned_client_id|pinned_id)%s:%s)\w{22}(%s)' % (Q, Q, Q, Q), r'\1PIN\2'),
    (r'(Nats-Pin-Id: )\w{22}', r'\1PIN'),
    (r'(%s(?:pause_remaining|ack_time)%s: ?)-?\d+' % (Q, Q), r'\g<1>7'),
    (r'%srtt%s:-?\d+,' % (Q, Q), ''),
    (r'\\+u003e', '>'), (r'\\+u003c', '<'), (r'\\+u0026', '&'),
    (r'(%sclient%s:\{[^{}]*?%sid%s:)\d+' % (Q, Q, Q, Q), r'\g<1>7'),
    (r'(\$JS\.FC\.[^. ]+\.[^. ]+\.)\w{4}\b', r'\1FC'),
    (r'(Nats-Stream-Identity: )\w{8}', r'\1IDENT'),
)]


def masked(text, names):
    """A text of a server. `names`: {name that it has made up: placeholder}."""
    for pattern, to in RULES:
        text = pattern.sub(to, text)
    text = JSON_ERROR.sub(r'\1*', text)
    for name, placeholder in names.items():
        if name in text:
            text = text.replace(name, placeholder)
    return text
