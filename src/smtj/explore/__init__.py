"""The page of ``smtj explore``; needs Panel and Bokeh (``smtj[explore]``)."""
