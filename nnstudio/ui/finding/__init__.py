"""Windows that look before a run: for a learning rate, for a batch size, and for what the run will take.

They try in a background thread on a copy of the weights; what is found is taken over as an undoable edit of the plan.
"""
