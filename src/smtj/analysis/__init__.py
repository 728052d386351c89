"""From data sets, measured or virtual, to what they say of a device, and to its card."""

from smtj.analysis.analyse import analyse
from smtj.analysis.part import Part
from smtj.analysis.setting import Setting

__all__ = ["Part", "Setting", "analyse"]
