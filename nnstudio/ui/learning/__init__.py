"""Learning mode: a small network as single units and weights, gone through one stage at a time.

`page` is what is shown in the place of the workspace: `head` (stages and what a round is about), `drawing` (units,
weights, gradients), `selected` (formulas, slider and loss curve of what is selected) and `tables`. All of them show a
`Learner`, which holds the Qt-free `Course` of `nnstudio.train.learning_course`. `actions` opens it and keeps or drops
its weights.
"""
