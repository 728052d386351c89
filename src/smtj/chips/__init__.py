"""Many virtual chips of one network: what a chip of these devices reaches, and what spoils it."""

from smtj.chips.conditions import QUANTITIES, parse_vary
from smtj.chips.result import StudyResult
from smtj.chips.run import study
from smtj.chips.summary import StudySummary, summarise

__all__ = ["QUANTITIES", "StudyResult", "StudySummary", "parse_vary", "study", "summarise"]
