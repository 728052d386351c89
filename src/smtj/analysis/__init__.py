"""From data sets, measured or virtual, to what they say of a device, and to its card."""

from smtj.analysis.analyse import analyse
from smtj.analysis.context import Setting
from smtj.analysis.finding import Part

__all__ = ["Part", "Setting", "analyse"]
