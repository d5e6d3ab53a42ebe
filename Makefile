# Thin on purpose: what happens stands in packaging/bootstrap.py, which also runs where there is no make.
PYTHON ?= python3

.PHONY: run test bench pictures install format clean

run test bench pictures install format clean:
	@$(PYTHON) packaging/bootstrap.py $@
