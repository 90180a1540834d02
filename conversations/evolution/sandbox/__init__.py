"""A gateway in memory that speaks the JSON of Evolution API 2.3.6: the demo's gateway and the tests' double.

Nothing in the product imports it but the `sandbox` command. It keeps everything in memory, and only there.
"""

from __future__ import annotations

from .failures import Failure
from .gateway import Sandbox
from .words import ConnectionDropped, NeverAnswers
from .world import Sent

__all__ = ["ConnectionDropped", "Failure", "NeverAnswers", "Sandbox", "Sent"]
