"""All that is fuzzed: tests/fuzz/test_fuzz.py tries a little of each, tests/chaos/fuzz.py as much as is asked."""

from tests.fuzz.addresses import ADDRESSES
from tests.fuzz.content import CONTENT
from tests.fuzz.documents import DOCUMENTS
from tests.fuzz.target import Target
from tests.fuzz.wire import WIRE

TARGETS: dict[str, Target] = {target.name: target for target in (*WIRE, *DOCUMENTS, *CONTENT, *ADDRESSES)}
