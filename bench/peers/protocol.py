"""The child's end of bench/child.ts: a request a line on stdin, a reply a line on stdout, as JSON."""

import json
import os
import sys
import traceback


def serve(**handlers):
    # Libraries print to stdout too: keep the real one for replies, and send theirs to stderr.
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            reply = handlers[request.pop("op")](**request)
        except Exception as error:
            traceback.print_exc()
            reply = {"error": f"{type(error).__name__}: {error}"}
        replies.write(json.dumps(reply) + "\n")
        replies.flush()
