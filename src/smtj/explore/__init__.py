"""The page that ``smtj explore`` opens: a device, a measurement and a network to play with.

What is computed stands in modules that know nothing of the page (``knobs``, ``curves``, ``stream``,
``upload``, ``strokes``, ``chip``); the page needs Panel and Bokeh (``smtj[explore]``).
"""
