"""The panel that judges a trained network: a page for each way of looking at its answers on a split of the data.

``assessing`` works things out in the background, one at a time; ``panel`` holds the pages; ``samples`` shows the rows
behind a figure.
"""
