"""The page that ``smtj explore`` opens: a device, a measurement and a network to play with.

``controls``, ``curves``, ``stream``, ``upload``, ``ink`` and ``chip`` compute and know nothing of
the page; the page itself needs Panel and Bokeh (``smtj[explore]``).
"""
